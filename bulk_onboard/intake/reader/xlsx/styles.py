"""Number formats of zeros only (`000000`): what they show has leading zeros that the stored number has not."""

import re
from collections.abc import Mapping

from bulk_onboard.intake.reader.archive.xml import elements_of

_ZEROS = re.compile(r"(0{2,})(;.*)?")


def zeros_of(styles: bytes) -> Mapping[str, int]:
    """By the number of a style, as cells name it: how many digits its format shows at least.

    Args:
        styles: the part `xl/styles.xml`; its `cellXfs` are counted from 0.
    """
    formats: dict[str, int] = {}
    zeros: dict[str, int] = {}
    count: int | None = None
    for name, attributes in elements_of(styles):
        if name == "numFmt" and (match := _ZEROS.fullmatch(attributes.get("formatCode", ""))):
            formats[attributes.get("numFmtId", "")] = len(match[1])
        elif name in {"cellXfs", "cellStyleXfs", "cellStyles", "dxfs"}:
            count = 0 if name == "cellXfs" else None
        elif name == "xf" and count is not None:
            if digits := formats.get(attributes.get("numFmtId", "")):
                zeros[str(count)] = digits
            count += 1
    return zeros
