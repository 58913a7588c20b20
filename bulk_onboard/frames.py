"""The door to pandas for whoever holds columns: a frame of them, imported only when one is wanted.

Importing pandas takes half a second and 50 MB, which neither `--help` nor a sheet of a few hundred rows should pay.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

__all__ = ["Frame", "frame_of"]

if TYPE_CHECKING:
    from pandas import DataFrame as Frame
else:
    Frame = object


def frame_of(columns: Sequence[Sequence[object]], *, headers: Sequence[str], numbers: Sequence[int]) -> Frame:
    """A frame of objects.

    Args:
        columns: for each header the values below it.
        headers: what the frame's columns are called; some may be blank, or there twice.
        numbers: what its rows are called.
    """
    import pandas as pd  # noqa: PLC0415 - see above

    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.Index(numbers, dtype="int64"), dtype=object)
    return frame.set_axis(pd.Index(list(headers), dtype=object), axis="columns")
