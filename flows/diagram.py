"""A flow as a picture: a Mermaid state diagram, for people. Pure, and the same for the same flow.

Drawn are the ways from state to state and the timers. What only answers and stays is left out;
what every state understands, or every state of a group, is one note instead of many arrows.
Source: Mermaid documentation, "State diagrams", and its grammar for what a label may hold.
"""

from collections.abc import Iterator
from typing import Final

from flows.engine.model import Flow, Rule, State

_INDENT: Final = "    "
_KEYWORDS: Final = frozenset(
    {
        "as", "class", "classdef", "click", "default", "direction", "end", "hide", "note", "scale", "state",
        "style",
    }
)  # fmt: skip
_ENTITIES: Final = str.maketrans({c: f"#{ord(c)};" for c in '#;:"<>{}%'} | {"\n": " "})


def diagram(flow: Flow) -> str:
    """The flow as Mermaid `stateDiagram-v2` text, with a line break at its end."""
    lines = [
        "stateDiagram-v2",
        *_block(flow, "", 1),
        *_note(flow, "", flow.start, 1),
    ]
    return "\n".join(lines) + "\n"


def _block(flow: Flow, outer: str, depth: int) -> Iterator[str]:
    """The states directly inside `outer`, and the ways between them."""
    indent = _INDENT * depth
    inside = [state for state in flow.states.values() if _around(state) == outer]
    first = flow.states[outer].leaf if outer else flow.start
    yield f"{indent}[*] --> {_id(_child(first, outer))}"
    for state in inside:
        name = state.path.rpartition(".")[2]
        opening = " {" if state.leaf != state.path else ""
        yield f'{indent}state "{name}" as {_id(state.path)}{opening}'
        if opening:
            yield from _block(flow, state.path, depth + 1)
            yield f"{indent}}}"
    yield from (f"{indent}{way}" for rule in flow.rules if (way := _way(flow, rule, outer)))
    if outer:
        yield from _note(flow, outer, first, depth)


def _way(flow: Flow, rule: Rule, block: str) -> str | None:
    """The arrow of a rule, if it is to be drawn in this block."""
    target = rule.target or rule.owner
    if _in_note(flow, rule) or _shared(rule.owner, target) != block or not _is_way(flow, rule):
        return None
    if f"{rule.owner}.".startswith(f"{target}."):
        target = flow.states[target].leaf
    return f"{_id(rule.owner)} --> {_id(target)}: {_label(flow, rule)}"


def _note(flow: Flow, owner: str, beside: str, depth: int) -> Iterator[str]:
    """What is understood all over a group, or the whole flow, said once."""
    indent = _INDENT * depth
    told = [
        f"{_label(flow, rule)} → {rule.target}" if rule.target else _label(flow, rule)
        for rule in flow.rules
        if rule.owner == owner and _in_note(flow, rule) and _is_way(flow, rule)
    ]
    if told:
        yield f"{indent}note right of {_id(beside)}"
        title = f"anywhere in {owner}" if owner else "anywhere"
        yield from (f"{indent}{_INDENT}{line}" for line in (f"{title}#58;", *told))
        yield f"{indent}end note"


def _is_way(flow: Flow, rule: Rule) -> bool:
    """Whether a rule leads somewhere, or is what a timer does."""
    return rule.target is not None or (rule.ignored is None and _timer(flow, rule) is not None)


def _in_note(flow: Flow, rule: Rule) -> bool:
    """Whether a rule is told in a note: Mermaid can't draw an arrow from a group to its own inside."""
    if not rule.owner:
        return True
    is_group = flow.states[rule.owner].leaf != rule.owner
    return is_group and f"{rule.target or rule.owner}.".startswith(f"{rule.owner}.")


def _label(flow: Flow, rule: Rule) -> str:
    guard = f" [{rule.guard.source}]" if rule.guard else ""
    stays = "" if rule.target else ", and stays"
    return f"{_timer(flow, rule) or rule.trigger}{guard}{stays}".translate(_ENTITIES)


def _timer(flow: Flow, rule: Rule) -> str | None:
    """`after 10 min`, if that is what fires the rule."""
    timers = flow.states[rule.owner].timers if rule.owner else ()
    return next((f"after {timer.name}" for timer in timers if timer.trigger == rule.trigger), None)


def _shared(one: str, other: str) -> str:
    """The innermost group around both."""
    around = one.rpartition(".")[0]
    while around and not f"{other}.".startswith(f"{around}."):
        around = around.rpartition(".")[0]
    return around


def _around(state: State) -> str:
    return state.path.rpartition(".")[0]


def _child(path: str, outer: str) -> str:
    """The state directly inside `outer` that holds `path`."""
    names = path.split(".")
    return ".".join(names[: (outer.count(".") + 2 if outer else 1)])


def _id(path: str) -> str:
    """A name that Mermaid takes: state names have no capitals, so one marks where an inner name begins."""
    first, *inner = path.split(".")
    first = f"{first}State" if first in _KEYWORDS else first
    return first + "".join(name.capitalize() for name in inner)
