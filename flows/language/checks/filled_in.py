"""Where the file has a text that was filled into a message: the name of a product, of a category, …"""

from collections.abc import Iterable, Iterator
from typing import Any

from flows.document.places import Path
from flows.language.checks.subject import Subject


class WrittenTexts:
    """The texts in the host's sections of a file, by which a filled-in text is found again."""

    def __init__(self, subject: Subject) -> None:
        data = subject.document.data
        self._places: dict[str, Path] = {}
        for section in subject.flow.vocabulary.sections:
            for written, path in _texts_in(data.get(section), (section,)):
                self._places.setdefault(written, path)
        self._longest_first = sorted(self._places, key=len, reverse=True)

    def place_of(self, text: str, limit: int) -> Path | None:
        """Return the place of `text`, or of the longest part of it; None if there is none.

        A part counts if it takes more than half of `limit`: a shorter one does not make the text too long.
        """
        if (whole := self._places.get(text)) is not None:
            return whole
        for written in self._longest_first:
            if len(written) * 2 <= limit:
                break
            if written in text:
                return self._places[written]
        return None


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
