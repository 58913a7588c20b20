"""The door to pandas for data frames; pandas is imported only when one is made.

That takes half a second and 50 MB, which neither `--help` nor a sheet of a few hundred rows should cost.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

__all__ = ["Frame", "frame_of", "typed_frame"]

if TYPE_CHECKING:
    from pandas import DataFrame as Frame
else:
    Frame = object


def frame_of(columns: Sequence[Sequence[object]], *, headers: Sequence[str], numbers: Sequence[int]) -> Frame:
    """Return a data frame of objects.

    Args:
        columns: for each header the values below it.
        headers: labels of the frame's columns; some may be blank, or there twice.
        numbers: labels of its rows.
    """
    import pandas as pd  # noqa: PLC0415 - see above

    frame = pd.DataFrame(dict(enumerate(columns)), index=pd.Index(numbers, dtype="int64"), dtype=object)
    return frame.set_axis(pd.Index(list(headers), dtype=object), axis="columns")


def together(frames: Mapping[str, Frame]) -> Frame:
    """Return the frames of accounts one below the other, with the account's name as the first column.

    Args:
        frames: at least one, by the account's name; all with the columns and dtypes that the first one has.
    """
    import pandas as pd  # noqa: PLC0415 - see above

    whole = pd.concat(frames.values(), ignore_index=True)
    names = [name for name, frame in frames.items() for _ in range(len(frame))]
    whole.insert(0, "account", pd.Series(names, dtype="str"))
    return whole


def typed_frame(rows: Iterable[object], dtypes: Mapping[str, str]) -> Frame:
    """Return a data frame with a column for each attribute of the rows that is named, of the dtype named.

    Its columns and their dtypes are there without any row, too.
    """
    import pandas as pd  # noqa: PLC0415 - see above

    rows = list(rows)
    return pd.DataFrame(
        {name: pd.Series([getattr(row, name) for row in rows], dtype=dtype) for name, dtype in dtypes.items()}
    )
