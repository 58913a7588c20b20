"""Scans made by code: pages with a mark in one corner, so that it shows which way up they lie, in every format."""

import io
from collections.abc import Sequence
from typing import Any

from PIL import Image, ImageDraw

A4_AT_100_DPI = (827, 1169)


def page(size: tuple[int, int] = A4_AT_100_DPI, *, mode: str = "RGB", noise: int = 0) -> Image.Image:
    """A white page with a black mark at its top left; with noise it does not become small."""
    light = Image.effect_noise(size, noise).point(lambda value: 150 + value * 2 // 5)
    image = light.convert("RGB") if noise else Image.new("RGB", size, "white")
    ImageDraw.Draw(image).rectangle((0, 0, size[0] // 4, size[1] // 4), fill="black")
    return image.convert(mode)


def packed(image: Image.Image, form: str, others: Sequence[Image.Image] = (), **how: Any) -> bytes:
    """The picture as a file of this format, perhaps with other pages behind it."""
    if form == "HEIF":
        import pillow_heif

        pillow_heif.register_heif_opener()
    several = {"save_all": True, "append_images": list(others)} if others else {}
    image.save(into := io.BytesIO(), form, **several, **how)
    return into.getvalue()


def jpeg(*, orientation: int = 1, **how: Any) -> bytes:
    """A photo, with all that a phone notes in it: how it was held, when, and where."""
    notes = Image.Exif()
    notes[0x0112] = orientation
    notes[0x8769] = {0x829A: 0.01, 0x9003: "2026:01:02 03:04:05"}
    notes[0x8825] = {1: "N", 2: (12.0, 58.0, 0.0), 3: "E", 4: (77.0, 35.0, 0.0)}
    return packed(page(), "JPEG", exif=notes, **how)
