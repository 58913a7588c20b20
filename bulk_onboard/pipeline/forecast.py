"""What a run has ahead: what it writes down of its plan, and how long it still takes.

See docs/architecture.md, How far a run is.
"""

import math

from bulk_onboard.model import entry as entries
from bulk_onboard.model.plan import Action, Plan
from bulk_onboard.pipeline.execution import Run
from bulk_onboard.pipeline.progress import LOOKING_FOR_DUPLICATES, WRITING_REPORT, is_throttled, requests_by_kind
from bulk_onboard.pipeline.reconcile import is_blind
from bulk_onboard.pipeline.runner import Runner
from bulk_onboard.pipeline.walk import PAGE
from bulk_onboard.planning import Step, time_left
from bulk_onboard.planning.plan import TO_SETTLE

REPORT_S, REPORT_S_A_ROW = 1.5, 0.0005  # about how long the report takes: its libraries, and its rows


def tokens_due(plan: Plan) -> frozenset[str]:
    """Return the tokens of the rows for which something is due."""
    return frozenset(d.identity.token for d in plan.decisions if d.identity and d.action is not Action.NOTHING)


async def write_plan(run: Run) -> None:
    """Write down what is due in the run, and what that takes, where that is news; a run with nothing due has no plan.

    What was made by now counts, so each such entry is about the whole run.
    """
    plan = await run.plan()
    due = run.due | tokens_due(plan)
    made = requests_by_kind({name: number for name, number in run.requests.items() if not is_throttled(name)})
    planned = entries.Planned(
        rows=len(due),
        creates=made["creates"] + plan.forecast.creates,
        updates=made["updates"] + plan.forecast.updates,
        links=made["links"] + plan.forecast.links,
        reads=made["reads"] + plan.forecast.reads + (_pages(run) if _audits(run, plan.forecast.creates) else 0),
    )
    run.progress.expect(len(due), plan.forecast.requests)
    last = run.journal.ledger_state.planned
    if due and (last is None or last.figures != planned.figures):
        await run.journal.append(planned)


def _audits(run: Run, creates: int) -> bool:
    """Return whether the run ends with a look for duplicates, where so many creates are still due."""
    wanted = run.journal.ledger_state.wants_audit or creates > 0
    return run.job.audit == "always" or (run.job.audit == "auto" and wanted)


def _pages(run: Run) -> int:
    """Return how many requests a walk of the account takes, by the records that the job has or will have."""
    return math.ceil(len(run.journal.ledger_state.records) / PAGE) or 1


def seconds_left(run: Run, runner: Runner | None = None) -> float | None:
    """Return the seconds that the run still takes, as far as can be foreseen; the wait for reviews is not counted.

    Args:
        runner: None before anything is sent.
    """
    now, progress, settle_s = run.clock.monotonic(), run.progress, run.job.settle
    activity, left = progress.activity, math.ceil(progress.requests_left)
    if run.stop.requested or (activity and (activity.gives_up_at or activity.what == WRITING_REPORT)):
        return None
    report = Step(after_s=REPORT_S + REPORT_S_A_ROW * len(run.journal.ledger_state.records))
    if activity and LOOKING_FOR_DUPLICATES in (activity.what, activity.then):
        steps = [Step(requests=_pages(run), not_before_s=(activity.until or now) - now), report]
        return time_left(steps, run.connection.budget())
    steps = []
    if runner is None:
        waits = (left > 0 and is_blind(run)) or (activity is not None and activity.until is not None)
        steps.append(Step(requests=_pages(run), not_before_s=run.began_at + settle_s - now if waits else 0.0))
    unknown, next_look_at = progress.settling()
    steps.append(Step(requests=left))
    if unknown:
        steps.append(Step(requests=TO_SETTLE * unknown, not_before_s=next_look_at - now))
    if run.job.wait is None and _audits(run, left):
        newest = runner.newest_create_at if runner else 0.0
        if left or unknown:
            steps.append(Step(requests=_pages(run), after_s=settle_s))
        else:
            steps.append(Step(requests=_pages(run), not_before_s=newest + settle_s - now))
    return time_left([*steps, report], run.connection.budget())
