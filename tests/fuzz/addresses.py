"""A third opinion on a sheet's XML: cells that two values claim, of which a reader can keep but one."""

import re
import xml.etree.ElementTree as ET
import zipfile
from collections import Counter
from pathlib import Path

_SHEET = "xl/worksheets/sheet1.xml"
_ADDRESS = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


def doubled_cells(path: Path) -> list[str]:
    """Addresses that more than one cell with something in it has; none where the XML cannot be told apart."""
    try:
        with zipfile.ZipFile(path) as archive:
            cells = ET.fromstring(archive.read(_SHEET)).iter()
    except Exception:  # whatever a broken file makes the library raise
        return []
    claimed = Counter(cell.get("r", "") for cell in cells if cell.tag.endswith("}c") and _holds_something(cell))
    return sorted(at for at, times in claimed.items() if times > 1 and _ADDRESS.fullmatch(at))


def _holds_something(cell: ET.Element) -> bool:
    return any((part.text or "").strip() for part in cell.iter() if part.tag.rpartition("}")[2] in ("v", "t"))
