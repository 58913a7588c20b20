"""`check --explain CODE`: what a kind of finding means."""

import difflib
from collections.abc import Mapping

from bulk_onboard.cli.output import Output
from bulk_onboard.errors import ExitStatus, UsageError


def explain_kind(code: str, rulings: Mapping[str, str]) -> Output:
    """Its sentence, how to fix it, and what the job file may say of it; UsageError where there is no such kind.

    `rulings` are what the job says, where one was named.
    """
    from bulk_onboard.model.catalogue import CATALOGUE
    from bulk_onboard.report.findings import print_kind

    kind = CATALOGUE.get(code)
    if kind is None:
        near = difflib.get_close_matches(code, CATALOGUE, n=1)
        meant = f" Did you mean {near[0]}?" if near else ""
        raise UsageError(f"There is no finding {code!r}.{meant} docs/findings.md lists them all.")
    ruling = rulings.get(code, "")
    return Output(
        ExitStatus.DONE,
        {
            "code": kind.code,
            "title": kind.title,
            "severity": kind.severity,
            "may_be_ruled": kind.may_be_ruled,
            "ruling": ruling or None,
            "problem": kind.problem,
            "fix": kind.fix,
        },
        lambda stream: print_kind(kind, stream, ruling=ruling),
    )
