"""Draw a record's life from `bulk_onboard.model.life.TRANSITIONS` into docs/design/ledger.md.

    .venv/bin/python scripts/draw_states.py

Steps that lead the same way are one arrow; steps that leave a record where it is are left out. The states from which a
run takes a row in (`admitted`) share a frame, and a step that all of them have is drawn once, from the frame. Nothing
but the table is read: another table is another picture.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from bulk_onboard.model.entry import Op
from bulk_onboard.model.life import TRANSITIONS
from bulk_onboard.model.record import Record, State

Transitions = Mapping[State, Mapping[str, State]]

PAGE = Path(__file__).resolve().parents[1] / "docs/design/ledger.md"
BEGIN = "<!-- states: drawn by scripts/draw_states.py -->"
END = "<!-- end of states -->"
FRAME = "row_decides"
FRAME_TITLE = "nothing is at the API: the row decides"
OPS = [op.value for op in Op]


def diagram(transitions: Transitions) -> str:
    """The table as a mermaid state diagram."""
    framed = [state for state, steps in transitions.items() if "admitted" in steps]
    shared = _shared(transitions, framed)
    arrows = [(state, _new(state, steps, shared if state in framed else {})) for state, steps in transitions.items()]
    lines = ["stateDiagram-v2", f'    state "{FRAME_TITLE}" as {FRAME} {{']
    lines += [f"        [*] --> {_name(Record(token='').state)}", *(f"        {_name(state)}" for state in framed)]
    lines += [f"        {line}" for state, steps in arrows for line in _drawn(state, steps, framed, inner=True)]
    lines += ["    }"]
    lines += [f"    {FRAME} --> {_name(target)} : {label}" for target, label in _merged(shared)]
    lines += [f"    {line}" for state, steps in arrows for line in _drawn(state, steps, framed, inner=False)]
    lines += [f"    {_name(state)} --> [*]" for state, steps in transitions.items() if not steps]
    return "\n".join(lines)


def redrawn(page: str, transitions: Transitions = TRANSITIONS) -> str:
    """Return the page with the picture of this table between the markers."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n```mermaid\n{diagram(transitions)}\n```\n\n{END}{after}"


def _name(state: State) -> str:
    """What mermaid calls a state: a name without blanks."""
    return state.replace(" ", "_")


def _shared(transitions: Transitions, framed: list[State]) -> dict[str, State]:
    """The steps that all framed states have, and that lead out of the frame."""
    common = set.intersection(*(set(transitions[state].items()) for state in framed))
    steps = transitions[framed[0]].items()
    return {word: target for word, target in steps if (word, target) in common and target not in framed}


def _new(state: State, steps: Mapping[str, State], shared: Mapping[str, State]) -> dict[str, State]:
    """The steps that lead elsewhere and are not drawn from the frame."""
    return {word: target for word, target in steps.items() if target is not state and word not in shared}


def _drawn(state: State, steps: Mapping[str, State], framed: list[State], *, inner: bool) -> Iterator[str]:
    """The arrows of one state, either those that stay in the frame or the others."""
    for target, label in _merged(steps):
        if inner is (state in framed and target in framed):
            yield f"{_name(state)} --> {_name(target)} : {label}"


def _merged(steps: Mapping[str, State]) -> Iterator[tuple[State, str]]:
    """Each target once, with all that leads to it."""
    for target in dict.fromkeys(steps.values()):
        yield target, label([word for word, to in steps.items() if to is target])


def label(words: list[str]) -> str:
    """Triggers in few words: entries of the same operations together, no operation where all four lead the same way."""
    ops: dict[str, list[str]] = {}
    for word in words:
        name, _, last = word.rpartition(" ")
        if last in OPS:
            ops.setdefault(name, []).append(last)
        else:
            ops.setdefault(word, [])
    names: dict[str, list[str]] = {}
    for name, each in ops.items():
        told = f" ({', '.join(each)})" if each and each != OPS else ""
        names.setdefault(told, []).append(name)
    return "<br/>".join(", ".join(same) + told for told, same in names.items())


if __name__ == "__main__":
    PAGE.write_text(redrawn(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
