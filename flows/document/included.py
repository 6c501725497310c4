"""Put a flow together from its files: the flow file, and those that it names under `include`.

Only the flow file includes others, so there are no circles. A key, or a name below it, is given in one of the
files only: so their order means nothing, and nobody has to know which of two wins.
"""

from collections.abc import Iterator, Mapping
from posixpath import dirname, join
from typing import Any, Final

import yaml
from yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    Event,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
)

from flows.document.errors import FlowInvalid
from flows.document.expectation import ANYTHING, Expectation
from flows.document.places import Document, Path
from flows.document.reader import MAX_BYTES, MAX_VALUES, read_on
from flows.document.shape import one_or_many
from flows.document.words import is_invisible

INCLUDE: Final = "include"
MAX_FILES: Final = 40
"""Files that a flow may include."""
_OWN: Final = ("flow", "languages", "start")
"""Keys that say what the flow is: they stand in the flow file."""
_WHOLE: Final = ("otherwise", "apology")
"""Keys with one value. Of all others, some names may stand in one file and some in another."""


def beside(file: str, name: str) -> str:
    """Return the path of the file that the flow file `file` calls `name`."""
    return join(dirname(file), name)


def included_by(text: str) -> tuple[str, ...]:
    """Return the names of the files that the flow file `text` includes: those that such a file may have.

    It reads no further than to `include`. None are returned if that can't be reached.
    """
    if INCLUDE not in text:
        return ()
    try:
        names = tuple(_listed(yaml.parse(text, Loader=yaml.SafeLoader)))
    except (yaml.YAMLError, ValueError, OverflowError):
        return ()
    return tuple(name for name in names if not _misnamed(name))


def _listed(events: Iterator[Event]) -> Iterator[str]:
    """Yield the texts under the top-level key `include`."""
    top = next((event for event in events if isinstance(event, NodeEvent)), None)
    while isinstance(top, MappingStartEvent) and isinstance(key := next(events), ScalarEvent):
        values = list(_values(events))
        if key.value == INCLUDE:
            yield from values
            return


def _values(events: Iterator[Event]) -> Iterator[str]:
    """Yield every text of the next value, which is passed over with that."""
    depth = 0
    for event in events:
        depth += isinstance(event, CollectionStartEvent) - isinstance(event, CollectionEndEvent)
        if isinstance(event, ScalarEvent):
            yield str(event.value)
        if not depth:
            return


def _misnamed(name: object) -> str:
    """Return why no file of a flow may be called `name`; empty if one may."""
    if not isinstance(name, str):
        return f"{name!r} is no name of a file"
    if not name.endswith((".yaml", ".yml")):
        return f"'{name}' does not end with .yaml"
    parts = name.split("/")
    if "\\" in name or ":" in parts[0] or any(not part or part.startswith(".") for part in parts):
        return f"'{name}' is not the path of a file in the folder of the shop"
    if any(is_invisible(character) or not character.isprintable() for character in name):
        return "the name of the file has a character that nobody sees"
    return ""


def put_together(
    text: str, file: str, included: Mapping[str, str], expected: Expectation = ANYTHING
) -> Document:
    """Read the flow file `text`, and with it the files that it includes (`included`: path -> text).

    The Document's `issues` are what is wrong in the parts that can't be read. Raises FlowInvalid, with every
    issue so far, if the flow file can't be read at all, or the files together are too large.
    """
    document = read_on(text, file, expected)
    if not isinstance(document.data, dict) or INCLUDE not in document.data:
        return document
    is_whole = not document.unread
    names = dict(_named(document))
    texts = {name: included[beside(file, name)] for name in names if beside(file, name) in included}
    if sum(len(one.encode("utf-8", "surrogatepass")) for one in (text, *texts.values())) > MAX_BYTES:
        raise _too_large(document, f"the files are over {MAX_BYTES // 1024} KiB together")
    for name, where in names.items():
        if name in texts:
            _add(document, beside(file, name), texts[name], expected)
        elif is_whole:
            message = f"there is no file {beside(file, name)}"
            _refuse(document, where, message, "write its path as seen from the folder of the flow file")
    if len(document.places) > MAX_VALUES:
        raise _too_large(document, f"the files have over {MAX_VALUES} values together")
    return document


def _named(document: Document) -> Iterator[tuple[str, Path]]:
    """Yield each file that is included, and where it is named. Report what can't be one."""
    seen: set[str] = set()
    for index, name in enumerate(one_or_many(document.data[INCLUDE])):
        where = (INCLUDE, index)
        if fault := _misnamed(name):
            _refuse(document, where, fault, "write its path from the folder of the flow file: messages.yaml")
        elif beside(document.file, name) == document.file:
            _refuse(document, where, "a flow file can't include itself", "remove it")
        elif name in seen:
            _refuse(document, where, f"'{name}' is included twice", "remove one of them")
        elif len(seen) == MAX_FILES:
            _refuse(document, where, f"over {MAX_FILES} files are included", "put some of them together")
        else:
            seen.add(name)
            yield name, where


def _add(document: Document, file: str, text: str, expected: Expectation) -> None:
    """Add what the file `file` has to `document`."""
    try:
        added = read_on(text, file, expected)
    except FlowInvalid as invalid:
        document.issues += invalid.issues
        document.unread.add(())
        return
    document.lines |= added.lines
    document.spans |= added.spans
    document.issues += added.issues
    document.unread |= added.unread
    document.lost += added.lost
    if isinstance(added.data, dict):
        for key, value in added.data.items():
            _merge(document, added, key, value)
        document.places = {**added.places, **document.places}
    else:
        message, mend = (
            "the file holds no part of a flow",
            "begin with 'messages:' or 'states:'",
        )
        document.issues.append(added.issue((), message, mend))
        document.unread.add(())


def _merge(document: Document, added: Document, key: str, value: Any) -> None:
    """Add what an included file has under the top-level key `key`."""
    given = document.data.get(key)
    if key in (INCLUDE, *_OWN):
        message = f"'{key}' stands in the flow file only"
        document.issues.append(added.issue((key,), message, f"move it to {document.file}"))
    elif given is None:
        document.data[key] = value
        document.places.pop((key,), None)
    elif key in _WHOLE or not isinstance(given, dict) or not isinstance(value, dict):
        _report_twice(document, added, (key,))
    else:
        for name, one in value.items():
            if name in given:
                _report_twice(document, added, (key, name))
            else:
                given[name] = one


def _report_twice(document: Document, added: Document, where: Path) -> None:
    first = document.place(where)
    message = f"'{where[-1]}' is given twice (first in {first.file}:{first.line})"
    document.issues.append(added.issue(where, message, "remove one of them"))


def _refuse(document: Document, where: Path, message: str, mend: str) -> None:
    """Report something for which a file is missing: what else is wrong may follow from that."""
    document.issues.append(document.issue(where, message, mend))
    document.unread.add(())


def _too_large(document: Document, message: str) -> FlowInvalid:
    mend = "a flow is not that large: take out what the shop does not need"
    return FlowInvalid(tuple(sorted([*document.issues, document.issue((INCLUDE,), message, mend)])))
