"""How far a run is."""

from dataclasses import dataclass


@dataclass(slots=True)
class Headway:
    """How far a run is; read by whoever shows it, at any time. `due` and `done` are rows."""

    due: int = 0
    done: int = 0
