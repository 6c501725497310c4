"""Where the file has a text that was filled into a message: the name of a product, of a category, …"""

from collections.abc import Iterable, Iterator
from typing import Any

from flows.document.places import Path
from flows.language.checks.subject import Subject


def place_of(subject: Subject, text: str, limit: int) -> Path | None:
    """Return the place in the host's sections of `text`, or of the longest part of it; None if there is none.

    A part counts if it takes more than half of `limit`: a shorter one is not what makes the text too long.
    """
    parts = [(written, path) for written, path in _texts(subject) if written in text]
    whole = [path for written, path in parts if written == text]
    if whole:
        return whole[0]
    written, path = max(parts, key=lambda part: len(part[0]), default=("", None))
    return path if len(written) * 2 > limit else None


def _texts(subject: Subject) -> Iterator[tuple[str, Path]]:
    data = subject.document.data
    for section in subject.flow.vocabulary.sections:
        yield from _texts_in(data.get(section), (section,))


def _texts_in(value: Any, path: Path) -> Iterator[tuple[str, Path]]:
    if isinstance(value, str) and value:
        yield value, path
    items: Iterable[tuple[str | int, Any]] = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    for key, inner in items:
        yield from _texts_in(inner, (*path, key))
