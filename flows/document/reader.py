"""Read YAML text into plain data, with the place of every value. Stricter than YAML on purpose.

Keys are always text (`on` is not a boolean). A key given twice is an error. There are no anchors, aliases or
tags: they can blow a small file up or build objects. Plain scalars are text unless they are `true`, `false`,
`null`, a whole number or a decimal number. A decimal number becomes a `Decimal` because it may be money.
A comment behind a plain text has two blanks before its `#` and one after it; anything closer is refused,
because it may be part of a text that YAML would cut short. A character that only looks like a blank is
refused where YAML needs a blank. libyaml's loader is not used: it crashes the process on deep nesting.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final, TypeAlias

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
)

from flows.document.errors import FlowInvalid, Issue, Severity
from flows.document.words import describe, looks_blank

MAX_BYTES: Final = 512 * 1024
MAX_DEPTH: Final = 24
MAX_VALUES: Final = 20_000

Path: TypeAlias = tuple[str | int, ...]

_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}", re.ASCII)
_COMMENT: Final = re.compile(r"( |\t)+#")
"""Start of a comment, matched where a plain text ends."""
_APART: Final = re.compile(r" {2,}#( |#|$)")
"""A comment that can't be meant as part of the text before it."""
_BEHIND_NUMBER: Final = re.compile(r" +#( |#|$)")
"""A comment that can't be meant as part of the number, `true` or `false` before it."""
_GROUPED: Final = re.compile(r"(?<![\w.])[0-9]+(?:,[0-9]{2,3})*,[0-9]{3}(?![0-9])(?:\.[0-9]+)?")
"""A number with commas, as people write it: `1,700`, `1,23,456.50`."""
_LINE_BREAKS: Final = "\x85\u2028\u2029"
"""Line breaks for YAML that no editor shows."""
UNSENDABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and half surrogate pairs: YAML can escape them, no database or channel takes them."""


@dataclass(slots=True)
class Document:
    """The data of one file, and the place (line and column from 1) of each value and key."""

    file: str
    data: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Place of each value; for a value of a mapping, the place of its key."""

    def issue(self, path: Path, message: str, mend: str = "", severity: Severity = Severity.ERROR) -> Issue:
        """Make an issue at `path`. Steps of the path that the file doesn't have are skipped.

        So a path may name a missing key, or the first item of a list that is written without a list.
        """
        written: Path = ()
        for step in path:
            if (*written, step) in self.places:
                written = (*written, step)
        line, column = self.places.get(written, (1, 1))
        return Issue(self.file, line, column, message, mend, severity)

    def line(self, path: Path) -> int:
        """Line of `path`, by the same rule as `issue`."""
        return self.issue(path, "").line


_MENDS: Final = (
    ("mapping values are not allowed", "put a text that holds ': ' in quotes; or check the indentation"),
    ("'\\t'", "use spaces, not tabs"),
    ("could not find expected ':'", "a key needs a ':' behind it; or a quote is missing above"),
    ("expected ',' or '}'", "close the '{' with '}', and put texts that hold , ? : in quotes"),
    ("expected ',' or ']'", "close the '[' with ']', and put texts that hold , ? : in quotes"),
    ("while scanning a quoted scalar", "a closing quote is missing"),
    ("expected <block end>", "check the indentation, and that every quote is closed"),
    ("expected alphabetic or numeric", "put a text that starts with *, & or ! in quotes"),
    ("sequence entries are not allowed", "put a text that starts with '- ' in quotes"),
    ("mapping keys are not allowed", "put a text that starts with '? ' in quotes"),
    ("expected a comment or a line break", "put a text that starts with > or | in quotes"),
    ("but found '<stream end>'", "close what is open; and put a text that holds ' #' in quotes"),
    ("expected the node content", "put a text that starts with this character in quotes"),
    ("expected chomping or indentation", "put a text that starts with > or | in quotes"),
    ("cannot start any token", "put a text that starts with this character in quotes"),
)
"""Part of an error message of PyYAML, and what usually mends that error."""


def _mend(problem: str) -> str:
    return next((mend for part, mend in _MENDS if part in problem), "check indentation and quotes here")


class _RefusedError(Exception):
    """YAML that this reader does not accept, at the place of `event`."""

    def __init__(self, event: Event, message: str, mend: str) -> None:
        super().__init__(message)
        self.event, self.message, self.mend = event, message, mend


def read(text: str, file: str) -> Document:
    """Read `text` into a Document. Raises FlowInvalid, with the place, if it isn't YAML we accept."""
    document = Document(file)
    _refuse_line_breaks(text, file)
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise FlowInvalid((Issue(file, 1, 1, f"the file is over {MAX_BYTES // 1024} KiB"),))
    reader = _Reader(document, text)
    try:
        reader.read()
    except _RefusedError as refused:
        raise FlowInvalid((Issue(file, *_place(refused.event), refused.message, refused.mend),)) from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
        message = f"not valid YAML: {error.problem or error.context}"
        raise FlowInvalid((Issue(file, line, column, message, _mend(error.problem or "")),)) from None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        raise FlowInvalid((Issue(file, line, 1, f"a character that YAML forbids: {error.reason}"),)) from None
    except (ValueError, OverflowError):
        # PyYAML lets errors of int() and chr() through: '%YAML 9…9.1', "\\UFFFFFFFF".
        message = "an escape or a number after this that nothing can hold"
        raise FlowInvalid((Issue(file, *reader.place, message),)) from None
    return document


def _refuse_line_breaks(text: str, file: str) -> None:
    """Refuse characters that only YAML takes for line breaks: they would split a text unseen."""
    for number, line in enumerate(text.split("\n"), 1):
        for character in _LINE_BREAKS:
            if character in line:
                message = f"{describe(character)} breaks the line for YAML, and is not seen"
                raise FlowInvalid((Issue(file, number, line.index(character) + 1, message, "remove it"),))


class _Reader:
    """Builds the data from parser events, within limits of depth and of the number of values."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._lines = re.split("\r\n|[\r\n]", text)
        self._events: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._values = 0
        self.place = (1, 1)
        """Place of the last value or key that was read."""

    def read(self) -> None:
        documents = 0
        for event in self._events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise _RefusedError(
                        event, "a second document", "one file holds one flow: remove the '---'"
                    )
                self._document.data = self._value(next(self._events), (), 0)

    def _value(self, event: Event, path: Path, depth: int) -> Any:
        self._check(event, depth)
        if path not in self._document.places:
            self._document.places[path] = _place(event)
        if isinstance(event, ScalarEvent):
            self._refuse_cut(event, path)
            _refuse_false_blanks(event)
            return _scalar(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(event, path, depth)
        return self._sequence(path, depth)

    def _check(self, event: Event, depth: int) -> None:
        """Refuse what no value or key may have, and count this one."""
        self.place = _place(event)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            mend = "write the value out where it is used; put a text that starts with * or & in quotes"
            raise _RefusedError(event, "anchors and aliases are not allowed", mend)
        if tag := getattr(event, "tag", None):
            mend = "remove it; put a text that starts with ! in quotes"
            raise _RefusedError(event, f"the tag {tag} is not allowed", mend)
        if isinstance(event, ScalarEvent) and UNSENDABLE.search(event.value):
            raise _RefusedError(event, "a control character or half a surrogate pair in a text", "remove it")
        self._values += 1
        if self._values > MAX_VALUES:
            raise _RefusedError(event, f"over {MAX_VALUES} values in one file", "")
        if depth > MAX_DEPTH:
            raise _RefusedError(event, f"nested over {MAX_DEPTH} levels deep", "")

    def _refuse_cut(self, event: ScalarEvent, path: Path) -> None:
        """Refuse `text: Order # 5`: YAML takes the rest for a comment and cuts the text short."""
        if event.style is not None or event.end_mark is None:
            return
        line = self._lines[event.end_mark.line] if event.end_mark.line < len(self._lines) else ""
        rest = line[event.end_mark.column :]
        is_text = not event.value or isinstance(_scalar(event), str)
        if _COMMENT.match(rest) and not (_APART if is_text else _BEHIND_NUMBER).match(rest):
            mend = "put the text in quotes; or put two blanks before a comment, and one behind its '#'"
            raise _RefusedError(event, "the text is cut off at ' #', which starts a comment", mend)
        if event.value and is_text and not rest.strip():
            self._refuse_cut_below(event, path, event.end_mark.line + 1)

    def _refuse_cut_below(self, event: ScalarEvent, path: Path, below: int) -> None:
        """Refuse a comment on the next line where the text could go on: YAML ends the text there."""
        line = self._lines[below] if below < len(self._lines) else ""
        indented = len(line) - len(line.lstrip(" "))
        column = self._document.places[path][1] - 1
        is_item = bool(path) and isinstance(path[-1], int)
        continues = indented > column or (is_item and indented == column)
        if line.lstrip(" ").startswith("#") and continues:
            mend = "put the text in quotes; or move the comment to the left, under the key"
            raise _RefusedError(event, "the text is cut off by the comment below it", mend)

    def _mapping(self, start: MappingStartEvent, path: Path, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            self._check(event, depth)
            if not isinstance(event, ScalarEvent):
                raise _RefusedError(event, "a key must be text", 'put {{ … }} in quotes: "{{ … }}"')
            key = event.value
            _refuse_blanks_in_key(event)
            if key in result:
                line = self._document.places[(*path, key)][0]
                raise _RefusedError(
                    event, f"the key '{key}' is given twice (first on line {line})", "remove one of them"
                )
            if start.flow_style:
                self._refuse_comma(event)
            self._document.places[(*path, key)] = _place(event)
            result[key] = self._value(next(self._events), (*path, key), depth + 1)
        return result

    def _refuse_comma(self, key: ScalarEvent) -> None:
        """Refuse `{en: Yes, please}`, in which YAML takes `please` for a key without a value."""
        if key.style is None and key.end_mark and key.end_mark.line < len(self._lines):
            rest = self._lines[key.end_mark.line][key.end_mark.column :].lstrip()
            if rest[:1] in (",", "}"):
                self._refuse_grouped(key)
                mend = "put a text that holds a comma in quotes"
                raise _RefusedError(key, f"'{key.value}' is a key without a value", mend)

    def _refuse_grouped(self, key: ScalarEvent) -> None:
        """Refuse `{price: 1,700}`, in which YAML takes `700` for a key, in words about the number."""
        line, column = _place(key)
        for number in _GROUPED.finditer(self._lines[line - 1]):
            if number.start() < column <= number.end():
                digits = number[0].replace(",", "")
                mend = f"write {digits} without the comma"
                raise _RefusedError(key, f"{number[0]} has a comma, which ends a number here", mend)

    def _sequence(self, path: Path, depth: int) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            result.append(self._value(event, (*path, len(result)), depth + 1))
        return result


def _place(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _refuse_blanks_in_key(event: ScalarEvent) -> None:
    """Refuse a key with an invisible character or a false blank: it is not the key it looks like."""
    for character in event.value:
        if looks_blank(character):
            raise _RefusedError(event, f"{describe(character)} stands in the key", "write the key anew")


def _refuse_false_blanks(event: ScalarEvent) -> None:
    """Refuse a plain text in which a false blank hides a key, an item or a comment from YAML."""
    if event.style is not None:
        return
    text, mend = event.value, "write a blank there, or put the text in quotes"
    for index, character in enumerate(text):
        if not looks_blank(character):
            continue
        before, after = text[:index][-1:], text[index + 1 :][:1]
        if before == ":" or after == "#" or (index == 1 and before in "-?"):
            raise _RefusedError(event, f"{describe(character)} stands where a blank must", mend)


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
