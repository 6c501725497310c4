"""YAML text to plain data, with the place of every value. Stricter than YAML on purpose.

Keys are always text (`on` is not a boolean), a key given twice is an error, and there are no
anchors, aliases or tags: they can blow a small file up or build objects. Plain scalars are text
unless they are `true`, `false`, `null`, a whole number or a decimal number, which becomes a
`Decimal` because it may be money. libyaml's loader is not used: it crashes the process on deep
nesting.
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

from flows.errors import FlowInvalid, Issue, Severity

MAX_BYTES: Final = 512 * 1024
MAX_DEPTH: Final = 24
MAX_VALUES: Final = 20_000

Path: TypeAlias = tuple[str | int, ...]

_WORDS: Final[dict[str, Any]] = {"true": True, "false": False, "null": None, "~": None, "": None}
_INTEGER: Final = re.compile(r"-?(0|[1-9][0-9]{0,17})", re.ASCII)
_DECIMAL: Final = re.compile(r"-?[0-9]{1,18}\.[0-9]{1,18}", re.ASCII)
UNSENDABLE: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
"""Control characters and half surrogate pairs: YAML can escape them, no database or channel takes them."""


@dataclass(slots=True)
class Document:
    """The data of one file and where each value and key stands in it (line and column from 1)."""

    file: str
    data: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    """Of each value; of a mapping's value, the place of its key."""

    def issue(self, path: Path, message: str, mend: str = "", severity: Severity = Severity.ERROR) -> Issue:
        """An issue at `path`. Steps of the path that the file doesn't have are passed over.

        So a path may name the first of a list where one thing stands alone, or a missing key.
        """
        here: Path = ()
        for step in path:
            if (*here, step) in self.places:
                here = (*here, step)
        line, column = self.places.get(here, (1, 1))
        return Issue(self.file, line, column, message, mend, severity)

    def line(self, path: Path) -> int:
        """The line of `path`, found as `issue` finds it."""
        return self.issue(path, "").line


_MENDS: Final = (
    ("mapping values are not allowed", "put a text that holds ': ' in quotes; or check the indentation"),
    ("'\\t'", "use spaces, not tabs"),
    ("could not find expected ':'", "a key needs a ':' behind it; or a quote is missing above"),
    ("expected ',' or '}'", "close the '{' with '}', and put texts that hold , ? : in quotes"),
    ("expected ',' or ']'", "close the '[' with ']', and put texts that hold , ? : in quotes"),
    ("while scanning a quoted scalar", "a closing quote is missing"),
    ("expected <block end>", "check the indentation, and that every quote is closed"),
    ("expected alphabetic or numeric", "put a text that starts with * or & in quotes"),
    ("cannot start any token", "put a text that starts with this character in quotes"),
)
"""What usually mends what PyYAML says."""


def _mend(problem: str) -> str:
    return next((mend for said, mend in _MENDS if said in problem), "check indentation and quotes here")


class _RefusedError(Exception):
    def __init__(self, event: Event, message: str, mend: str) -> None:
        super().__init__(message)
        self.event, self.message, self.mend = event, message, mend


def read(text: str, file: str) -> Document:
    """The document in `text`. Raises FlowInvalid, with the place, if it isn't YAML we accept."""
    document = Document(file)
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
        # PyYAML lets int() and chr() speak for themselves: '%YAML 9…9.1', "\\UFFFFFFFF".
        message = "an escape or a number after this that nothing can hold"
        raise FlowInvalid((Issue(file, *reader.place, message),)) from None
    return document


class _Reader:
    """Builds the data from parser events, within a budget of depth and values."""

    def __init__(self, document: Document, text: str) -> None:
        self._document = document
        self._lines = text.splitlines()
        self._events: Iterator[Event] = yaml.parse(text, Loader=yaml.SafeLoader)
        self._values = 0
        self.place = (1, 1)
        """Of the last value or key met."""

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
        self._count(event, depth)
        if path not in self._document.places:
            self._document.places[path] = _place(event)
        if isinstance(event, ScalarEvent):
            self._refuse_cut(event)
            return _scalar(event)
        if isinstance(event, MappingStartEvent):
            return self._mapping(path, depth)
        return self._sequence(path, depth)

    def _count(self, event: Event, depth: int) -> None:
        self.place = _place(event)
        if isinstance(event, AliasEvent) or getattr(event, "anchor", None):
            raise _RefusedError(
                event, "anchors and aliases are not allowed", "write the value out where it is used"
            )
        if tag := getattr(event, "tag", None):
            raise _RefusedError(event, f"the tag {tag} is not allowed", "remove it")
        if isinstance(event, ScalarEvent) and UNSENDABLE.search(event.value):
            raise _RefusedError(event, "a control character or half a surrogate pair in a text", "remove it")
        self._values += 1
        if self._values > MAX_VALUES:
            raise _RefusedError(event, f"over {MAX_VALUES} values in one file", "")
        if depth > MAX_DEPTH:
            raise _RefusedError(event, f"nested over {MAX_DEPTH} levels deep", "")

    def _refuse_cut(self, event: ScalarEvent) -> None:
        """Refuse `text: Order #{{ number }}`: YAML takes the rest for a comment and the text is cut short."""
        if event.style is None and event.end_mark:
            line = self._lines[event.end_mark.line] if event.end_mark.line < len(self._lines) else ""
            if re.match(r"\s+#[^\s#]", line[event.end_mark.column :]):
                raise _RefusedError(
                    event, "the text is cut off at ' #', which starts a comment", "put it in quotes"
                )

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        result: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            self._count(event, depth)
            if not isinstance(event, ScalarEvent):
                raise _RefusedError(event, "a key must be text", 'put {{ … }} in quotes: "{{ … }}"')
            key = event.value
            if key in result:
                line = self._document.places[(*path, key)][0]
                raise _RefusedError(
                    event, f"the key '{key}' is given twice (first on line {line})", "remove one of them"
                )
            self._document.places[(*path, key)] = _place(event)
            result[key] = self._value(next(self._events), (*path, key), depth + 1)
        return result

    def _sequence(self, path: Path, depth: int) -> list[Any]:
        result: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            result.append(self._value(event, (*path, len(result)), depth + 1))
        return result


def _place(event: Event) -> tuple[int, int]:
    mark = event.start_mark
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


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
