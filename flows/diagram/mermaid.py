"""Draw a flow as a Mermaid state diagram.

The diagram shows the moves from state to state, and the timers. It leaves out rules that only answer and
stay. The rules of `anywhere`, or of a whole group, become one note instead of many arrows.
Source: Mermaid documentation, "State diagrams", and its grammar for what a label may hold.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from flows.diagram.moves import is_drawn, timer_of
from flows.engine.model import Flow, Rule, State

_INDENT: Final = "    "
_KEYWORDS: Final = frozenset(
    {
        "as", "class", "classdef", "click", "default", "direction", "end", "hide", "note", "scale", "state",
        "style",
    }
)  # fmt: skip
"""Words that Mermaid does not take as the name of a state."""
_ENTITIES: Final = str.maketrans({c: f"#{ord(c)};" for c in '#;:"<>{}%'} | {"\n": " "})
"""Characters that would end or change a label, as Mermaid's entity codes."""


def mermaid(flow: Flow, notes: Mapping[str, str]) -> str:
    """Return the flow as Mermaid `stateDiagram-v2` text that ends with a line break.

    `notes`: path of a state -> what is written beside its name.
    """
    lines = [
        "stateDiagram-v2",
        *_block(flow, notes, "", 1),
        *_note(flow, "", flow.start, 1),
    ]
    return "\n".join(lines) + "\n"


def _block(flow: Flow, notes: Mapping[str, str], outer: str, depth: int) -> Iterator[str]:
    """Lines for the states directly inside `outer` and the arrows between them."""
    indent = _INDENT * depth
    inside = [state for state in flow.states.values() if _group(state) == outer]
    first = flow.states[outer].leaf if outer else flow.start
    yield f"{indent}[*] --> {_id(_child(first, outer))}"
    for state in inside:
        name = state.path.rpartition(".")[2]
        name += f" ({notes[state.path]})".translate(_ENTITIES) if state.path in notes else ""
        opening = " {" if state.leaf != state.path else ""
        yield f'{indent}state "{name}" as {_id(state.path)}{opening}'
        if opening:
            yield from _block(flow, notes, state.path, depth + 1)
            yield f"{indent}}}"
    yield from (f"{indent}{arrow}" for rule in flow.rules if (arrow := _arrow(flow, rule, outer)))
    if outer:
        yield from _note(flow, outer, first, depth)


def _arrow(flow: Flow, rule: Rule, block: str) -> str | None:
    """The arrow of a rule; None if the rule is not drawn as an arrow in this block."""
    target = rule.target or rule.owner
    if _in_note(flow, rule) or _common_group(rule.owner, target) != block or not is_drawn(flow, rule):
        return None
    if f"{rule.owner}.".startswith(f"{target}."):
        target = flow.states[target].leaf
    return f"{_id(rule.owner)} --> {_id(target)}: {_label(flow, rule)}"


def _note(flow: Flow, owner: str, beside: str, depth: int) -> Iterator[str]:
    """Lines of the note for the rules that hold all over a group, or all over the flow."""
    indent = _INDENT * depth
    lines = [
        f"{_label(flow, rule)} → {rule.target}" if rule.target else _label(flow, rule)
        for rule in flow.rules
        if rule.owner == owner and _in_note(flow, rule) and is_drawn(flow, rule)
    ]
    if lines:
        yield f"{indent}note right of {_id(beside)}"
        title = f"anywhere in {owner}" if owner else "anywhere"
        yield from (f"{indent}{_INDENT}{line}" for line in (f"{title}#58;", *lines))
        yield f"{indent}end note"


def _in_note(flow: Flow, rule: Rule) -> bool:
    """Whether a rule goes into a note: Mermaid can't draw an arrow from a group to a state inside it."""
    if not rule.owner:
        return True
    is_group = flow.states[rule.owner].leaf != rule.owner
    return is_group and f"{rule.target or rule.owner}.".startswith(f"{rule.owner}.")


def _label(flow: Flow, rule: Rule) -> str:
    guard = f" [{rule.guard.source}]" if rule.guard else ""
    stays = "" if rule.target else ", and stays"
    timer = timer_of(flow, rule)
    return f"{f'after {timer}' if timer else rule.trigger}{guard}{stays}".translate(_ENTITIES)


def _common_group(first: str, second: str) -> str:
    """Path of the innermost group around both states; empty if none is."""
    group = first.rpartition(".")[0]
    while group and not f"{second}.".startswith(f"{group}."):
        group = group.rpartition(".")[0]
    return group


def _group(state: State) -> str:
    """Path of the group that holds `state`; empty at the top."""
    return state.path.rpartition(".")[0]


def _child(path: str, outer: str) -> str:
    """Path of the state directly inside `outer` that is, or holds, `path`."""
    names = path.split(".")
    return ".".join(names[: (outer.count(".") + 2 if outer else 1)])


def _id(path: str) -> str:
    """Mermaid id of a path. State names have no capitals, so a capital marks where an inner name begins."""
    first, *inner = path.split(".")
    first = f"{first}State" if first in _KEYWORDS else first
    return first + "".join(name.capitalize() for name in inner)
