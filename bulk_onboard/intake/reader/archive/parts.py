"""Which part of an .xlsx holds what: the workbook names its sheets, its relations name their parts."""

import posixpath
from collections.abc import Collection, Mapping

from bulk_onboard.intake.reader.archive.container import Container
from bulk_onboard.intake.reader.archive.xml import elements_of

WORKBOOK = "xl/workbook.xml"
RELATIONS = "xl/_rels/workbook.xml.rels"
STYLES = "xl/styles.xml"
SHARED_STRINGS = "xl/sharedstrings.xml"
CONTENT = "content.xml"
MANIFEST = "meta-inf/manifest.xml"

_ELSEWHERE = ("xl/externallinks/", "xl/connections.")


def sheet_parts(container: Container) -> Mapping[str, str]:
    """By a sheet's name: the name of its part, in lower case; `expat.ExpatError` for what is no XML."""
    targets = {
        attributes["Id"]: posixpath.normpath(posixpath.join("/xl", attributes["Target"])).lstrip("/").lower()
        for name, attributes in elements_of(container.whole(RELATIONS))
        if name == "Relationship" and "Id" in attributes and "Target" in attributes
    }
    return {
        attributes["name"]: targets[attributes["id"]]
        for name, attributes in elements_of(container.whole(WORKBOOK))
        if name == "sheet" and "name" in attributes and attributes.get("id") in targets
    }


def refers_elsewhere(parts: Collection[str]) -> bool:
    """Whether the workbook takes values from other files or data connections; they are never opened."""
    return any(part.startswith(_ELSEWHERE) for part in parts)
