"""Read YAML text into plain data, with the place of every value. Stricter than YAML on purpose.

Keys are always text (`on` is not a boolean). A key given twice is an error. There are no anchors, aliases or
tags: they can blow a small file up or build objects. Plain scalars are text unless they are `true`, `false`,
`null`, a whole number or a decimal number. A decimal number becomes a `Decimal` because it may be money.
A comment behind a plain text has two blanks before its `#` and one after it; anything closer is refused,
because it may be part of a text that YAML would cut short. A character that only looks like a blank is
refused where YAML needs a blank. libyaml's loader is not used: it crashes the process on deep nesting.
"""

import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import cached_property
from typing import Any, Final, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    CollectionEndEvent,
    CollectionStartEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from flows.document import syntax
from flows.document.errors import FlowInvalid, Issue
from flows.document.expectation import ANYTHING, Expectation
from flows.document.keyless import Unjoined, opens_value, part_of_value, unjoined
from flows.document.places import Document, Path, Place
from flows.document.recovery import Recovery
from flows.document.within import Span
from flows.document.words import describe, hidden_in, looks_blank

MAX_BYTES: Final = 512 * 1024
MAX_VALUES: Final = 20_000

_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}", re.ASCII)
_COMMENT: Final = re.compile(r"( |\t)+#")
"""Start of a comment, matched where a plain text ends."""
_APART: Final = re.compile(r" {2,}#( |#|$)")
"""A comment that can't be meant as part of the text before it."""
_BEHIND_NUMBER: Final = re.compile(r" +#( |#|$)")
"""A comment that can't be meant as part of the number, `true` or `false` before it."""
_LINE_BREAKS: Final = "\x85\u2028\u2029"
"""Line breaks for YAML that no editor shows."""
_FORBIDDEN: Final = re.compile(
    f"[{_LINE_BREAKS}]|[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)
"""Those, and the characters that YAML forbids. Source: YAML 1.1, 5.1 Character Set."""
_KEY: Final = re.compile(r"(?<![\w.-])[A-Za-z][\w.-]*(?=: )")
_LOOKS: Final = 3
"""How often broken entries are taken out: what is around one may be no YAML without it."""
_MANY: Final = 20
"""Forbidden characters that are reported: a file full of them is no text."""
_RECOVERED: Final = 200 * 1024
"""Length of a text up to which that is done: each time takes twice as long as reading. Longer ones: once."""
_MOST_ISSUES: Final = 100
"""Behind so many, no more is read."""
_Missing: TypeAlias = list[tuple[Issue, str]]
"""Issues of signs that are missing, in their places, and those signs."""
_TOO_DEEP: Final = f"nested over {syntax.MAX_DEPTH} levels deep"
_SPLIT: Final = "a flow is not that large: take out what the shop does not need"
UNSENDABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and half surrogate pairs: YAML can escape them, no database or channel takes them."""


def read(text: str, file: str) -> Document:
    """Read `text` into a Document. Raises FlowInvalid, with every issue, if it isn't YAML that we accept."""
    document = read_on(text, file)
    if document.issues:
        raise FlowInvalid(tuple(sorted(document.issues)))
    return document


def read_on(text: str, file: str, expected: Expectation = ANYTHING) -> Document:
    """Read what can be read of `text`. The Document's `issues` are what is wrong in the rest of it.

    What is `expected` there says how it is meant. Raises FlowInvalid, with every issue so far, if nothing
    more can be read.
    """
    document = Document(file)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise FlowInvalid((Issue(file, 1, 1, f"the file is over {MAX_BYTES // 1024} KiB", _SPLIT),))
    text = _without_forbidden(text, document)
    recovery = Recovery(document, expected, lambda part: _read_alone(part, expected))
    looks = _LOOKS if len(text) <= _RECOVERED else 1
    for look in range(looks + 1):
        try:
            read, missing = _read_beside(document, text, expected)
        except (yaml.MarkedYAMLError, ValueError, OverflowError):
            if look < looks:
                text = recovery.without_broken(text)
        else:
            if not missing or look == looks:
                return read
            document.issues += [issue for issue, _ in missing]
            text = _with_signs(text, missing)
    fault = syntax.fault_in(text)
    raise FlowInvalid(tuple(sorted(document.issues or ([recovery.issue(fault)] if fault else []))))


def _read_beside(document: Document, text: str, expected: Expectation) -> tuple[Document, _Missing]:
    """Return what `text` holds, with what is known of its broken entries, and the signs that it lacks.

    Nothing is kept of no YAML.
    """
    issues, unread, lost = [*document.issues], {*document.unread}, [*document.lost]
    read = Document(document.file, lines=document.lines, issues=issues, unread=unread, lost=lost)
    reader = _Reader(read, text, expected)
    reader.read()
    return read, reader.missing


def _with_signs(text: str, missing: _Missing) -> str:
    """Return `text` with the signs that it lacks."""
    lines = syntax.lines_of(text)
    for issue, sign in sorted(missing, key=lambda one: one[0], reverse=True):
        line, at = lines[issue.line - 1], issue.column - 1
        lines[issue.line - 1] = f"{line[:at]}{sign}{line[at:]}"
    return "\n".join(lines)


def _without_forbidden(text: str, document: Document) -> str:
    """Return `text` without what YAML forbids, or takes for a line break unseen. Report each of those."""
    document.lines[document.file] = syntax.lines_of(text)
    for index, match in enumerate(_FORBIDDEN.finditer(text)):
        if index >= _MANY:
            break
        start = text.rfind("\n", 0, match.start()) + 1
        line, column = text.count("\n", 0, match.start()) + 1, match.start() - start + 1
        said = "breaks the line for YAML, and is not seen"
        if match[0] not in _LINE_BREAKS:
            said = "is a character that YAML forbids"
        place = Place(document.file, line, column)
        document.issues.append(document.issue_at(place, f"{describe(match[0])} {said}", "remove it"))
    return _FORBIDDEN.sub("", text)


def _read_alone(text: str, expected: Expectation) -> Document:
    """Return what is read of a text up to where it is no YAML."""
    alone = Document("")
    try:
        _Reader(alone, text, expected).read()
    except (FlowInvalid, yaml.YAMLError, ValueError, OverflowError):
        alone.unread.add(())
    return alone


class _Reader:
    """Builds the data from parser events, within limits of depth and of the number of values.

    What is refused is reported, and a stand-in takes its place.
    """

    def __init__(self, document: Document, text: str, expected: Expectation = ANYTHING) -> None:
        self._document, self._expected = document, expected
        self._lines = syntax.lines_of(text)
        self._events: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._values = 0
        self._refused = 0
        """Keys that can't be meant as they are written."""
        self.missing: _Missing = []
        """The signs that keys lack."""

    def read(self) -> None:
        """Read the whole text. Raises FlowInvalid if it is nested too deeply, or has too many values."""
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._report(event, "a second document", "one file holds one flow: remove the '---'")
                    return
                self._document.data = self._value(next(self._events), (), 0)

    def _value(self, event: Event, path: Path, depth: int) -> Any:
        self._check(event, path, depth)
        if path not in self._document.places:
            self._document.places[path] = self._place(event)
        if isinstance(event, AliasEvent):
            return None
        if isinstance(event, ScalarEvent):
            self._refuse_cut(event, path)
            self._refuse_false_blanks(event, path)
            self._keep_span(event, path)
            return _scalar(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, path, depth)
        return self._sequence(path, depth)

    def _keep_span(self, event: ScalarEvent, path: Path) -> None:
        """Remember where a text over several lines, or below its key, stands: not in the place of its key."""
        start, end, place = event.start_mark, event.end_mark, self._document.places[path]
        if start and end and not start.line == end.line == place.line - 1:
            last = end.line + bool(end.column)
            span = Span(start.line + 1, start.column + 1, last, event.style)
            self._document.spans[place] = span

    def _check(self, event: Event, path: Path, depth: int) -> None:
        """Report what no value or key may have, and count this one."""
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            mend = "write the value out where it is used; put a text that starts with * or & in quotes"
            self._refuse(event, path, "anchors and aliases are not allowed", mend)
        if tag := getattr(event, "tag", None):
            mend = "remove it; put a text that starts with ! in quotes"
            self._refuse(event, path, f"the tag {tag} is not allowed", mend)
        if isinstance(event, ScalarEvent) and UNSENDABLE.search(event.value):
            message = "a control character or half a surrogate pair in a text"
            self._refuse(event, path, message, "remove it")
            event.value = UNSENDABLE.sub("", event.value)
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._over(event, f"over {MAX_VALUES} values in one file")
        if depth > syntax.MAX_DEPTH:
            raise self._over(event, _TOO_DEEP)

    def _refuse_cut(self, event: ScalarEvent, path: Path) -> None:
        """Refuse `text: Order # 5`: YAML takes the rest for a comment and cuts the text short."""
        if event.style is not None or event.end_mark is None:
            return
        line = self._lines[event.end_mark.line] if event.end_mark.line < len(self._lines) else ""
        rest = line[event.end_mark.column :]
        is_text = not event.value or isinstance(_scalar(event), str)
        if _COMMENT.match(rest) and not (_APART if is_text else _BEHIND_NUMBER).match(rest):
            mend = "put the text in quotes; or put two blanks before a comment, and one behind its '#'"
            self._refuse(event, path, "the text is cut off at ' #', which starts a comment", mend)
        elif event.value and is_text and not rest.strip():
            self._refuse_cut_below(event, path, event.end_mark.line + 1)

    def _refuse_cut_below(self, event: ScalarEvent, path: Path, below: int) -> None:
        """Refuse a comment on the next line where the text could go on: YAML ends the text there."""
        line = self._lines[below] if below < len(self._lines) else ""
        indented = len(line) - len(line.lstrip(" "))
        column = self._document.places[path].column - 1
        is_item = bool(path) and isinstance(path[-1], int)
        continues = indented > column or (is_item and indented == column)
        if line.lstrip(" ").startswith("#") and continues:
            mend = "put the text in quotes; or move the comment to the left, under the key"
            self._refuse(event, path, "the text is cut off by the comment below it", mend)

    def _mapping(self, start: MappingStartEvent, path: Path, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        is_part = False
        while not isinstance(event := next(self._events), MappingEndEvent):
            if not isinstance(event, ScalarEvent):
                self._refuse(event, path, "a key must be text", 'put {{ … }} in quotes: "{{ … }}"')
                self._skip(event, depth)
                self._skip(next(self._events), depth)
                continue
            self._check(event, path, depth)
            key, behind_part = self._key(event), is_part
            is_part = bool(start.flow_style) and self._is_part_of_text(event)
            is_refused = is_part or (event.style is None and opens_value(key))
            if is_refused and (lack := self._unjoined(key, result, path)):
                self._report_missing(event, lack)
            elif is_part and not behind_part:
                self._report_part(event, path, result)
            value = self._under_key(event, (*path, key), depth, again=key in result)
            if not is_part:
                result[key] = _joined(result[key], value) if key in result else value
        return result

    def _under_key(self, event: ScalarEvent, where: Path, depth: int, *, again: bool) -> Any:
        """Return the value of the key `event`. Report a key that is given again."""
        if again:
            message = f"the key '{where[-1]}' is given twice (first on line {self._document.line(where)})"
            is_in_list = any(isinstance(step, int) for step in where)
            mend = "; or begin the next item of the list with '- '" if is_in_list else ""
            self._refuse(event, where, message, f"remove one of them{mend}")
        else:
            self._document.places[where] = self._place(event)
        return self._value(next(self._events), where, depth + 1)

    def _key(self, event: ScalarEvent) -> str:
        """Return a key. One with an invisible character or a false blank is not the key it looks like."""
        key: str = event.value
        if hidden := hidden_in(key):
            self._report(event, f"{describe(hidden)} stands in the key", "write the key anew")
            key = "".join(character for character in key if not looks_blank(character))
        return key

    def _is_part_of_text(self, key: ScalarEvent) -> bool:
        """Whether it is the `please` of `{en: Yes, please}`, a key for YAML."""
        end = key.end_mark
        rest = self._lines[end.line][end.column :].lstrip() if end and end.line < len(self._lines) else ""
        return key.style is None and rest[:1] in (",", "}")

    def _unjoined(self, key: str, before: Mapping[str, Any], path: Path) -> Unjoined | None:
        self._refused += 1
        if self._refused > _MOST_ISSUES:
            return None
        return unjoined(key, before, path, self._expected, self._keys)

    def _report_missing(self, key: ScalarEvent, lack: Unjoined) -> None:
        """Report the sign that a key lacks. The text is read again with it."""
        place = self._place(key)
        at = place._replace(column=place.column + lack.offset)
        issue = self._document.issue_at(at, lack.message, lack.mend)
        self._document.issues.append(issue)
        self.missing.append((issue, lack.sign))

    def _report_part(self, key: ScalarEvent, path: Path, before: Mapping[str, Any]) -> None:
        """Report a key without a value. What stands before it is not read as it is meant."""
        place = self._place(key)
        line = self._lines[place.line - 1]
        self._report(key, *part_of_value(key.value, line, place.column - 1, before, path, self._expected))
        self._document.unread |= {(*path, last) for last in [*before][-1:]}

    @cached_property
    def _keys(self) -> frozenset[str]:
        """The words that are keys somewhere in the file, and its languages."""
        listed = (line for line in self._lines if line.startswith("languages:"))
        return frozenset(word for line in listed for word in re.findall(r"[\w-]+", line)).union(
            word for line in self._lines for word in _KEY.findall(line)
        )

    def _refuse_false_blanks(self, event: ScalarEvent, path: Path) -> None:
        """Refuse a plain text in which a false blank hides a key, an item or a comment from YAML."""
        if event.style is not None or event.value.isascii():
            return
        text, mend = event.value, "write a blank there, or put the text in quotes"
        for index, character in enumerate(text):
            if not looks_blank(character):
                continue
            before, after = text[:index][-1:], text[index + 1 :][:1]
            if before == ":" or after == "#" or (index == 1 and before in "-?"):
                self._refuse(event, path, f"{describe(character)} stands where a blank must", mend)
                return

    def _sequence(self, path: Path, depth: int) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            result.append(self._value(event, (*path, len(result)), depth + 1))
        return result

    def _skip(self, event: Event, depth: int) -> None:
        """Pass over a value that has no key of text."""
        inside = 0
        while True:
            inside += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
            if not inside:
                return
            if depth + inside > syntax.MAX_DEPTH:
                raise self._over(event, _TOO_DEEP)
            event = next(self._events)

    def _refuse(self, event: Event, path: Path, message: str, mend: str) -> None:
        """Report `event`, and that the value at `path` is not what is meant."""
        self._document.unread.add(path)
        self._report(event, message, mend)

    def _report(self, event: Event, message: str, mend: str) -> None:
        issues = self._document.issues
        issues.append(self._document.issue_at(self._place(event), message, mend))
        if len(issues) >= _MOST_ISSUES:
            raise FlowInvalid(tuple(sorted(issues)))

    def _over(self, event: Event, message: str) -> FlowInvalid:
        issue = self._document.issue_at(self._place(event), message, _SPLIT)
        return FlowInvalid(tuple(sorted([*self._document.issues, issue])))

    def _place(self, event: Event) -> Place:
        mark = event.start_mark
        return Place(self._document.file, *((mark.line + 1, mark.column + 1) if mark else (1, 1)))


def _joined(first: Any, again: Any) -> Any:
    """Return what a key holds that is given twice."""
    return {**again, **first} if isinstance(first, dict) and isinstance(again, dict) else first


def _scalar(event: ScalarEvent) -> Any:
    text: str = event.value
    if event.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    return text
