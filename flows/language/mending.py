"""Mends the data of a flow file where its shape is wrong, so that the rest of it can be checked.

What is clearly meant is put in: `true` in quotes, the key that was misspelt, a name in lower case. In the
place of anything else stands what the shape allows, or nothing.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from flows.document.places import Document, Path
from flows.document.words import looks_blank
from flows.language.known_keys import keys_at

_TEXT: Final = "x"
"""Stands in for a text, a name and a message."""
_GONE: Final = object()
"""Stands in for what is left out."""
_RULES: Final = ("on", "after", "anywhere")
"""Keys whose values have a rule, or a list of them, under each key."""
_TEXTS: Final = ("text", "title", "footer", "description", "image", "url")
"""Keys of a message whose values nothing relies on."""
_NAME_ONLY: Final = re.compile(r"[^a-z0-9_.]+")


class Mender:
    """Mends one document, round by round, as long as pydantic refuses it."""

    def __init__(self, document: Document, model: type[BaseModel]) -> None:
        self._document, self._model = document, model
        self._tries: dict[Path, int] = {}
        self._left_out: list[Path] = []
        self.is_whole = not any(_holds_names(path, self._at(path)) for path in document.unread)
        """Whether nothing that may hold a name, a rule or a reply is left out or replaced."""

    def mend(self, errors: list[ErrorDetails]) -> None:
        """Mend what pydantic found in this round."""
        self._left_out = []
        for path, details in {self.path(one): one for one in reversed(errors)}.items():
            self._mend(path, details)
        for path in sorted(self._left_out, key=_in_order, reverse=True):
            self._remove(path)

    def path(self, details: ErrorDetails) -> Path:
        """Return the path of the value that an error is about: without pydantic's marks in its place.

        For a key that is missing, its path. For one that is no name, that of its value.
        """
        value, path = self._document.data, ()  # type: tuple[Any, Path]
        for step in details["loc"]:
            if _has(value, step):
                value, path = value[step], (*path, step)
        missing = details["type"] == "missing" and isinstance(value, dict)
        return (*path, details["loc"][-1]) if missing else path

    def _mend(self, path: Path, details: ErrorDetails) -> None:
        tried = self._tries[path] = self._tries.get(path, 0) + 1
        clear = _CLEAR.get(details["type"]) if tried == 1 else None
        if details["loc"][-1:] == ("[key]",):
            self._rename(path, _as_name(str(path[-1])))
        elif details["type"] == "extra_forbidden":
            self._rename(path, self._meant(path, details))
        elif clear and (meant := clear(details["input"])) is not None:
            self._put(path, meant)
        else:
            self._replace(path, details, tried)

    def _replace(self, path: Path, details: ErrorDetails, tried: int) -> None:
        """Put a stand-in in the place of what can't be read; none fits, take out what is around it."""
        self._document.unread.add(path)
        stand_ins = list(self._stand_ins(path, details))
        if tried <= len(stand_ins):
            if _holds_names(path, None if details["type"] == "missing" else details["input"]):
                self._lose(path)
            self._put(path, stand_ins[tried - 1])
        elif path:
            self._lose(path)
            around = path[:-1]
            self._tries[around] = self._tries.get(around, 0) + 1
            self._replace(around, details, self._tries[around])

    def _stand_ins(self, path: Path, details: ErrorDetails) -> Iterator[Any]:
        if len(path) == 2 and path[0] == "messages":
            yield _TEXT
        elif self._is_rule(path):
            yield {"ignore": "it can't be read"}
        elif details["type"] in ("model_type", "dict_type"):
            yield {}
        elif details["type"] == "missing":
            yield from (self._first_state() if path == ("start",) else _TEXT, 1, {}, [])
        else:
            yield from (_GONE, _TEXT, 1, {}, [])

    def _is_rule(self, path: Path) -> bool:
        keys = [step for step in path if isinstance(step, str)]
        return keys[-1:] == ["otherwise"] or (len(keys) > 1 and keys[-2] in _RULES)

    def _first_state(self) -> str:
        states = self._document.data.get("states")
        return next(iter(states), _TEXT) if isinstance(states, dict) else _TEXT

    def _meant(self, path: Path, details: ErrorDetails) -> str | None:
        """Return the key that a misspelt one is meant to be, if it is not there already."""
        written = self._at(path[:-1])
        close = get_close_matches(str(path[-1]).lower(), keys_at(self._model, details["loc"][:-1]), n=1)
        return next((key for key in close if key not in written), None)

    def _rename(self, path: Path, name: str | None) -> None:
        around = self._at(path[:-1])
        if name is None or name in around:
            self._document.unread.add(path)
            if _holds_names(path, self._at(path)):
                self._lose(path)
            self._put(path, _GONE)
            return
        renamed = {name if key == path[-1] else key: value for key, value in around.items()}
        around.clear()
        around.update(renamed)
        self._document.renamed[*path[:-1], name] = str(path[-1])

    def _lose(self, path: Path) -> None:
        self.is_whole = False
        self._document.lost.append(str({path[-1:]: self._at(path)}))

    def _put(self, path: Path, value: Any) -> None:
        if not path:
            return
        around = self._at(path[:-1])
        if value is _GONE:
            self._left_out.append(path)
        elif isinstance(around, dict) or _has(around, path[-1]):
            around[path[-1]] = value

    def _remove(self, path: Path) -> None:
        around = self._at(path[:-1])
        if _has(around, path[-1]):
            del around[path[-1]]

    def _at(self, path: Path) -> Any:
        value: Any = self._document.data
        for step in path:
            if not _has(value, step):
                return None
            value = value[step]
        return value


def _holds_names(path: Path, value: Any) -> bool:
    """Whether a value that can't be read may hold a name, a rule or a reply on which others rely."""
    if len(path) < 2:
        return path not in (("flow",), ("apology",))
    if path[0] == "messages":
        return not _is_one_value(value) or path[-1] not in _TEXTS
    return not _is_one_value(value) or path[0] in ("states", "anywhere", "otherwise", "migrate", "languages")


def _in_order(path: Path) -> list[str]:
    """Return a key by which the items of one list are sorted as they stand in it."""
    return [str(step).zfill(9) for step in path]


def _has(value: Any, step: str | int) -> bool:
    if isinstance(value, list):
        return isinstance(step, int) and 0 <= step < len(value)
    return isinstance(value, dict) and step in value


def _is_one_value(value: Any) -> bool:
    return not isinstance(value, (Mapping, list))


def _as_text(value: Any) -> str | None:
    """Return a number, or `true`, as the text that it would be in quotes."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if _is_one_value(value) and value is not None else None


def _as_name(value: Any) -> str | None:
    """Return a name as it might be written right: `Yes-Please` is `yes_please`."""
    seen = "".join(character for character in str(value) if not looks_blank(character))
    name = _NAME_ONLY.sub("_", seen.lower()).strip("_.")
    return name if name[:1].isalpha() and len(name) <= 64 else None


def _as_number(value: Any) -> int | None:
    digits = re.fullmatch(r"\D*(\d{1,9})\D*", str(value))
    return int(digits[1]) if digits else None


_CLEAR: Final[Mapping[str, Callable[[Any], Any]]] = {
    "string_type": _as_text,
    "string_pattern_mismatch": _as_name,
    "int_parsing": _as_number,
    "int_type": _as_number,
    "int_from_float": _as_number,
}
"""Type of an error -> what the value is clearly meant to be; None if that is not clear."""
