"""Writes the present answers of the shop into a scenario, and leaves all else as it was written. Pure."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import yaml
from yaml.nodes import MappingNode, Node, SequenceNode

from flows.engine.model import Flow
from payments.simulator.runner import Answer, answers, matches, play
from payments.simulator.scenario import Expectation, Scenario, parse
from payments.simulator.scenario_text import flat, quoted, texts_below

_LONGEST: Final = 100
"""Characters of a list on one line."""


class _Edit(NamedTuple):
    start: int
    end: int
    text: str


def updated(flow: Flow, scenario: Scenario, text: str) -> str | None:
    """Return the scenario in `text` with other answers, so that it passes; None if that alone can't do it."""
    found, failed = answers(flow, scenario)
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if failed or not isinstance(root, MappingNode):
        return None
    [chat] = (value for key, value in root.value if key.value == "chat")
    edits = [
        edit
        for place, step in enumerate(scenario.steps)
        if isinstance(step, Expectation)
        for edit in _edits(chat.value[place], step, found[place])
    ]
    for edit in sorted(edits, reverse=True):
        end = edit.start + len(text[edit.start : edit.end].rstrip())
        text = text[: edit.start] + edit.text + text[end:]
    return text if play(flow, parse(text, scenario.file)).mismatch is None else None


def _edits(node: MappingNode, expected: Expectation, answer: Answer) -> Iterator[_Edit]:
    """Yield what must be written anew in one expectation."""
    for key, value in node.value:
        match key.value:
            case "shop" | "told":
                before, said = getattr(expected, key.value), getattr(answer, key.value)
                now = [(words, answer.lasting[words]) for words in said]
                yield from _texts(key, value, before, now, flow_style=bool(node.flow_style))
            case "buttons" | "rows" | "documents":
                titles = getattr(answer, key.value)
                if titles != getattr(expected, key.value):
                    yield _Edit(value.start_mark.index, _end(value), flat(titles))
            case "state" if not f"{answer.state}.".startswith(f"{expected.state}."):
                yield _Edit(value.start_mark.index, _end(value), flat(answer.state))


def _texts(
    key: Node, value: Node, before: Sequence[str], now: Sequence[tuple[str, str]], *, flow_style: bool
) -> Iterator[_Edit]:
    """Yield the messages that are others. `now`: each as it is said, and as it is written."""
    if len(before) != len(now):
        listed = _list(_kept(before, now), key.start_mark.column, flow_style=flow_style)
        lead = "" if listed.startswith("\n") else " "
        yield _Edit(key.end_mark.index + 1, _end(value), lead + listed)
        return
    nodes = value.value if isinstance(value, SequenceNode) else [value]
    flow_style = flow_style or (isinstance(value, SequenceNode) and bool(value.flow_style))
    indent = key.start_mark.column + (4 if isinstance(value, SequenceNode) else 2)
    for node, old, (said, text) in zip(nodes, before, now, strict=True):
        if not matches(old, said):
            written = _begun(old, text)
            yield _Edit(node.start_mark.index, _end(node), _text(written, indent, flow_style=flow_style))


def _kept(before: Sequence[str], now: Sequence[tuple[str, str]]) -> list[str]:
    """Return each text, as it was written before if that still fits."""
    left, kept = list(before), []
    for said, text in now:
        fits = next((old for old in left if matches(old, said)), None)
        kept.append(text if fits is None else fits)
        if fits is not None:
            del left[: left.index(fits) + 1]
    return kept


def _begun(old: str, text: str) -> str:
    """Return `text`; only as many words of its beginning as `old` had, if that ended with `…`."""
    beginning = old.strip().removesuffix("…")
    if beginning == old.strip():
        return text
    blanks = r"\s*" if beginning != beginning.rstrip() else ""
    words = re.match(rf"(?:\s*\S+){{0,{len(beginning.split())}}}{blanks}", text)
    assert words is not None
    return f"{words[0].removesuffix('…')}…"


def _list(texts: Sequence[str], column: int, *, flow_style: bool) -> str:
    """Return all messages; `column` is that of their key."""
    if len(texts) == 1:
        return _text(texts[0], column + 2, flow_style=flow_style)
    line = flat(list(texts))
    if flow_style or not texts or (len(line) <= _LONGEST and not any("\n" in text for text in texts)):
        return line
    items = [f"\n{' ' * (column + 2)}- {_text(text, column + 4, flow_style=False)}" for text in texts]
    return "".join(items)


def _text(text: str, indent: int, *, flow_style: bool) -> str:
    if flow_style:
        return quoted(text)
    return "\n".join(texts_below("", text, " " * indent)).lstrip(" ")


def _end(node: Node) -> int:
    """Return where the text of `node` ends, or the blanks behind it: for YAML a list ends behind comments."""
    if isinstance(node, SequenceNode) and not node.flow_style and node.value:
        return _end(node.value[-1])
    return int(node.end_mark.index)
