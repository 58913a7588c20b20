"""The stylesheet's colours can be told apart, in both looks (WCAG 2.2: 4.5 to 1 for texts, 3 to 1 for drawings)."""

import re

import pytest

from bulk_onboard.reporting.figures import Part
from bulk_onboard.reporting.page.render import file_content

CSS = file_content("page.css").decode()
_LIGHT, _DARK = (
    dict(re.findall(r"--([\w-]+): (#\w{6})", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]
)
LOOKS = {"light": _LIGHT, "dark": _LIGHT | _DARK}
PARTS = [part.value.replace(" ", "-") for part in Part]

TEXTS = [
    *((text, paper) for text in ("ink", "soft", "accent") for paper in ("paper", "card")),
    ("card", "accent"),
    ("ink", "accent-paper"),
    ("needs-us", "paper"),
    *(("ink", f"{part}-paper") for part in PARTS),
]
DRAWINGS = [
    *((part, "card") for part in PARTS),
    *((part, f"{part}-paper") for part in PARTS),
    ("accent", "not-sent-paper"),
    ("not-sent", "card"),
]


def light_of(colour: str) -> float:
    """Return the relative luminance of a colour."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, at least 1."""
    dark, light = sorted((light_of(one), light_of(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("look", LOOKS)
def test_texts_can_be_read(look):
    """Each kind of text on each ground that it stands on."""
    colours = LOOKS[look]
    ratios = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in TEXTS}

    assert {} == {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < 4.5}


@pytest.mark.parametrize("look", LOOKS)
def test_drawings_can_be_told_from_their_ground(look):
    """Bars, marks, the progress bar, borders of fields."""
    colours = LOOKS[look]
    ratios = {pair: contrast(colours[pair[0]], colours[pair[1]]) for pair in DRAWINGS}

    assert {} == {pair: round(ratio, 2) for pair, ratio in ratios.items() if ratio < 3}


def test_contrast_is_that_of_the_standard():
    """Black on white is 21 to 1."""
    assert pytest.approx(21.0) == contrast("#000000", "#ffffff")


def test_motion_stops_for_whoever_asks():
    """And focus is shown to everybody."""
    assert "prefers-reduced-motion: reduce" in CSS
    assert ":focus-visible" in CSS
    assert "outline: none" not in CSS
