"""Put fragments where `use` names them, before the shape of a flow is checked.

A fragment is a part of a state, a rule or a message that is written once, under `fragments`. What is put in
keeps its place: what is wrong in a fragment is told with its own line, however often it is used.
"""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from flows.document.errors import Issue, Severity, close
from flows.document.places import Document, Path
from flows.document.shape import one_or_many
from flows.document.syntax import MAX_DEPTH
from flows.language.copying import Copier

FRAGMENTS: Final = "fragments"
_USE: Final = "use"
_USERS: Final = ("messages", "anywhere", "otherwise", "states", "subflows")
"""Keys below which fragments are used."""
_JOINED: Final = ("on", "after", "states")
"""Keys of which a fragment may give some names, and the state that uses it others."""
_MOST_COMPARED: Final = 200
"""Names among which the nearest is looked for: it takes long among thousands."""
_DO: Final = "do"
"""Below it stand actions, whose arguments have names of their own."""


def expand(document: Document) -> list[Issue]:
    """Put the fragments into the document's data. Return warnings of those that nothing uses.

    What is wrong is added to the document's issues. Raises FlowInvalid, with every issue so far, if the
    flow grows too large.
    """
    fragments = document.data.get(FRAGMENTS) if isinstance(document.data, dict) else None
    expansion = _Expansion(document, fragments if isinstance(fragments, dict) else {})
    return list(expansion.run()) if isinstance(document.data, dict) else []


class _Part(NamedTuple):
    """A fragment, or the part of one that stands under a key of `_JOINED`."""

    value: dict[str, Any]
    source: Path
    joined: tuple[str, ...] = _JOINED

    @property
    def name(self) -> str:
        """Name of the fragment."""
        return str(self.source[1])


class _Expansion:
    """Puts the fragments of one document in their places."""

    def __init__(self, document: Document, fragments: dict[str, Any]) -> None:
        self._document, self._fragments = document, fragments
        self._open: list[str] = []
        """Fragments that are being expanded, each used by the one before."""
        self._done: set[str] = set()
        self._used: set[str] = set()
        self._is_misused = False
        """Whether some `use` names no fragment: it may mean one that nothing else uses."""
        self._copier = Copier(document)

    def run(self) -> Iterator[Issue]:
        for name in self._fragments:
            self._expand(name)
        for key in _USERS:
            if key in self._document.data:
                self._within(self._document.data[key], (key,))
        if self._is_misused:
            return
        for name in self._fragments:
            if name in self._used or self._document.may_hold(name, FRAGMENTS):
                continue
            message, mend = f"nothing uses the fragment '{name}'", "name it under 'use', or remove it"
            yield self._document.issue((FRAGMENTS, name), message, mend, Severity.WARNING)

    def _expand(self, name: str) -> None:
        """Put into a fragment those that it uses itself."""
        if name not in self._done:
            self._open.append(name)
            self._within(self._fragments[name], (FRAGMENTS, name))
            self._open.pop()
            self._done.add(name)

    def _within(self, value: Any, where: Path) -> None:
        """Put fragments wherever `value`, or something in it, uses them."""
        if isinstance(value, dict):
            self._use(value, where)
            for key, one in value.items():
                if key != _DO:
                    self._within(one, (*where, key))
        elif isinstance(value, list):
            for index, one in enumerate(value):
                self._within(one, (*where, index))

    def _use(self, value: dict[str, Any], where: Path) -> None:
        names = one_or_many(value.get(_USE, []))
        if any(isinstance(name, dict) for name in names):
            return  # `use` is a trigger here, and these are its rules.
        value.pop(_USE, None)
        given: dict[Path, str] = {}
        for index, name in enumerate(names):
            place = (*where, _USE, index)
            if fault := self._fault(name):
                self._document.issues.append(self._document.issue(place, *fault))
                self._document.unread.add(where)
                self._is_misused = True
                continue
            self._used.add(name)
            self._expand(name)
            if isinstance(fragment := self._fragments[name], dict):
                self._put(_Part(fragment, (FRAGMENTS, name)), value, where, given, place)

    def _fault(self, name: Any) -> tuple[str, str] | None:
        """Return why no fragment `name` can be put in, and how to mend that; None if one can."""
        if not isinstance(name, str):
            said = "nothing" if name is None else f"'{name}'"
            return f"{said} is no name of a fragment", "write names: use: [first, second]"
        if name not in self._fragments:
            near = close(name, self._fragments) if len(self._fragments) <= _MOST_COMPARED else ""
            mend = near or f"add '{name}:' under 'fragments'"
            return f"there is no fragment '{name}'", mend
        if name in self._open:
            circle = " → ".join([*self._open[self._open.index(name) :], name])
            return f"the fragment '{name}' uses itself: {circle}", "remove one of these"
        if len(self._open) > MAX_DEPTH:
            return f"fragments use each other over {MAX_DEPTH} deep", "put some of them together"
        return None

    def _put(
        self, part: "_Part", into: dict[str, Any], where: Path, given: dict[Path, str], place: Path
    ) -> None:
        """Put the keys of a fragment into a mapping. What that has itself wins.

        `given` holds what fragments have put in, with the fragment of each; `place` is that of its name.
        """
        if part.source in self._document.unread:
            self._document.unread.add(where)
        for key, one in part.value.items():
            at, source = (*where, key), (*part.source, key)
            if key in part.joined and isinstance(one, dict):
                self._document.places.setdefault(at, self._document.place(source))
                if isinstance(inner := into.setdefault(key, {}), dict):
                    self._put(_Part(one, source, ()), inner, at, given, place)
            elif key not in into:
                into[key], given[at] = self._copier.copy(one, source, at), part.name
            elif at in given:
                message = f"the fragments '{given[at]}' and '{part.name}' both give '{key}'"
                mend = f"write '{key}' here: what stands here wins"
                self._document.issues.append(self._document.issue(place, message, mend))
