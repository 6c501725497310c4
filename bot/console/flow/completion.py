"""What may be written at a place of a flow file: keys and values from the schema, and names from the file.

The text may be half written, so the place is found from the lines before it and how far they are indented.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Node: TypeAlias = Mapping[str, Any]
"""A part of a JSON schema."""

ITEM: Final = "-"
"""A step of a path: into an item of a list."""
_NAMES: Final = {
    "say": "messages", "tell": "messages", "to": "states", "start": "states", "call": "subflows",
    "ask": "variables", "keeps": "variables", "use": "fragments",
}  # fmt: skip
"""Keys whose values are names -> the section of the file in which those are written."""
_KEY: Final = re.compile(r"""(?P<dash>-(?=\s|$))|(?P<key>[\w.]+)\s*:(?=\s|$)|(?P<other>\S)""")
_LOOKS_BACK: Final = 3000
"""Lines that are read above the place."""


@dataclass(frozen=True, slots=True)
class Word:
    """Something that may stand there."""

    word: str
    says: str = ""
    """What it means."""
    is_key: bool = False


@dataclass(frozen=True, slots=True)
class _Place:
    path: tuple[str, ...]
    written: str
    """The part of the word that is there already."""
    is_value: bool


def words_at(schema: Node, text: str, line: int, before: str) -> tuple[str, list[Word]]:
    """Return the beginning that is written there, and what may go on from it, in the order of the schema.

    `line` is counted from 1, `before` is what stands before the cursor in it.
    """
    lines = text.split("\n")
    place = _place(lines[max(0, line - 1 - _LOOKS_BACK) : line - 1], before)
    if place is None:
        return "", []
    nodes = [*_at(schema, place.path)]
    found = [*_values(schema, nodes), *_names(lines, place)] if place.is_value else []
    keys = () if place.is_value else _keys(schema, nodes)
    unique = {one.word: one for one in (*found, *keys) if one.word.startswith(place.written)}
    return place.written, list(unique.values())


def _place(above: Sequence[str], before: str) -> _Place | None:
    """Return the place at the end of `before`; None where no word is expected, as in a comment."""
    brace = _open_brace(before)
    if brace is None:
        tokens, rest = _tokens(before)
        match = _LAST.fullmatch(rest)
        if match is None:
            return None
        column = tokens[0][0] if tokens else len(before) - len(match["word"])
        path = (*_around(above, column), *(name for _, name in tokens), *_item(match))
        return _Place(path, match["word"], bool(tokens) and tokens[-1][1] != ITEM)
    outer, match = _value_at(above, before[:brace]), _INSIDE.fullmatch(_segment(before[brace + 1 :]))
    if outer is None or match is None:
        return None
    path = (*outer, match["key"], *_item(match)) if match["key"] else outer
    return _Place(path, match["word"], bool(match["key"]))


_LAST: Final = re.compile(r"\s*(?P<list>\[(?:[^]]*,)?\s*)?(?P<word>[\w.]*)")
"""A word at the end of a line, perhaps in a list."""
_INSIDE: Final = re.compile(rf"\s*(?:(?P<key>[\w.]+)\s*:(?=\s))?{_LAST.pattern}")
"""A key in braces, or a word after one."""


def _item(match: re.Match[str]) -> tuple[str, ...]:
    return (ITEM,) if match["list"] else ()


def _value_at(above: Sequence[str], head: str) -> tuple[str, ...] | None:
    """Return the path of the value that begins where `head` ends; None if that can't be told."""
    brace = _open_brace(head)
    if brace is None:
        tokens, rest = _tokens(head)
        match = _LAST.fullmatch(rest)
        if match is None or match["word"] or not tokens:
            return None
        return (*_around(above, tokens[0][0]), *(name for _, name in tokens), *_item(match))
    outer, match = _value_at(above, head[:brace]), _INSIDE.fullmatch(_segment(head[brace + 1 :]))
    if outer is None or match is None or not match["key"] or match["word"]:
        return None
    return (*outer, match["key"], *_item(match))


def _open_brace(text: str) -> int | None:
    """Return where the innermost brace is that is still open; None if none is, or if it is a template's."""
    opened: list[int] = []
    for n, character in enumerate(text):
        if character == "{":
            opened.append(n)
        elif character == "}" and opened:
            opened.pop()
    if not opened or text[max(opened[-1] - 1, 0) : opened[-1] + 1] == "{{":
        return None
    return opened[-1]


def _segment(inside: str) -> str:
    """Return what stands after the last comma that is in no list and no braces of its own."""
    depth, start = 0, 0
    for n, character in enumerate(inside):
        depth += (character in "[{") - (character in "]}")
        if character == "," and depth == 0:
            start = n + 1
    return inside[start:]


def _tokens(line: str) -> tuple[list[tuple[float, str]], str]:
    """Return the dashes and keys that `line` begins with, with their columns, and the rest of the line.

    A dash may stand below the very key that it belongs to, so it counts as a half column further in.
    """
    found: list[tuple[float, str]] = []
    at = 0
    while match := _KEY.match(line, at + len(line[at:]) - len(line[at:].lstrip())):
        if match["other"]:
            break
        is_dash = match["dash"] is not None
        found.append((match.start() + 0.5, ITEM) if is_dash else (match.start(), match["key"]))
        at = match.end()
        if not is_dash:
            break
    return found, line[at:]


def _around(above: Sequence[str], column: float) -> tuple[str, ...]:
    """Return the keys and items in which a word at `column` stands, the outermost first."""
    path: list[str] = []
    for line in reversed(above):
        if column <= 0:
            break
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        for at, name in reversed(_tokens(line)[0]):
            if at < column:
                path.append(name)
                column = at
    return tuple(reversed(path))


def _at(schema: Node, path: Iterable[str]) -> Iterator[Node]:
    """Yield the parts of the schema that are about `path`."""
    nodes = [*_branches(schema, schema)]
    for step in path:
        nodes = [deeper for node in nodes for deeper in _into(schema, node, step)]
    yield from nodes


def _branches(schema: Node, node: Any) -> Iterator[Node]:
    """Yield `node` and its alternatives, each without references."""
    if not isinstance(node, Mapping):
        return
    if "$ref" in node:
        yield from _branches(schema, schema["$defs"][node["$ref"].rpartition("/")[2]])
    yield node
    for kind in ("anyOf", "oneOf", "allOf"):
        for one in node.get(kind, ()):
            yield from _branches(schema, one)


def _into(schema: Node, node: Node, step: str) -> Iterator[Node]:
    if step == ITEM:
        yield from _branches(schema, node.get("items"))
    elif step in node.get("properties", {}):
        yield from _branches(schema, node["properties"][step])
    else:
        for pattern, one in node.get("patternProperties", {}).items():
            if re.search(pattern, step):
                yield from _branches(schema, one)
        yield from _branches(schema, node.get("additionalProperties"))


def _keys(schema: Node, nodes: Iterable[Node]) -> Iterator[Word]:
    for node in nodes:
        for key, one in node.get("properties", {}).items():
            said = next(
                (str(part["description"]) for part in _branches(schema, one) if part.get("description")), ""
            )
            yield Word(key, str(one.get("description") or said), is_key=True)


def _values(schema: Node, nodes: Iterable[Node]) -> Iterator[Word]:
    for node in nodes:
        for value in node.get("enum", [node["const"]] if "const" in node else []):
            yield Word(str(value).lower() if isinstance(value, bool) else str(value))
        if node.get("type") == "boolean" and "const" not in node:
            yield from (Word("true"), Word("false"))


def _names(lines: Sequence[str], place: _Place) -> Iterator[Word]:
    """Yield the names in this file that the value may be."""
    key = next((step for step in reversed(place.path) if step != ITEM), "")
    section = _NAMES.get(key)
    if section is None or ("shop" in place.path[:-1] and key != "keeps"):
        return
    inside = False
    depth = 0
    for line in lines:
        if not line.startswith((" ", "#")) and line.strip():
            inside, depth = line.startswith(f"{section}:"), 0
        elif inside and (match := re.match(r"( +)([\w]+):", line)):
            depth = depth or len(match[1])
            if len(match[1]) == depth:
                yield Word(match[2])
