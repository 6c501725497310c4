"""Pages of a list that has more rows than the channel takes: the last row of a page shows the next one."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from flows.messages import replies
from flows.messages.offers import Reply

_MORE: Final[Mapping[str, str]] = {
    "bn": "আরও",
    "en": "More",
    "gu": "વધુ",
    "hi": "और देखें",
    "kn": "ಇನ್ನಷ್ಟು",
    "ml": "കൂടുതൽ",
    "mr": "आणखी",
    "pa": "ਹੋਰ",
    "ta": "மேலும்",
    "te": "మరిన్ని",
}
"""Title of the row that shows the next page, by language, where the flow file gives none."""


MOST_KEPT: Final = 3
"""Rows at the end of a list that stand on every page. More of them would leave no room for the others."""


@dataclass(frozen=True, slots=True)
class Section:
    """A titled group of list rows."""

    title: str
    rows: tuple[Reply, ...]


@dataclass(frozen=True, slots=True)
class More:
    """The row that shows the next page of a list."""

    title: str
    place: str
    """Place of the list's replies (see `flows.messages.replies`)."""
    message: str
    """Name of the list in the flow."""
    kept: int = 0
    """How many rows at the list's end stand on every page: at most `MOST_KEPT`."""

    def row(self, page: int) -> Reply:
        """Return the row that shows page number `page`."""
        return Reply(replies.encode_page(self.place, self.message, page), self.title)


def has_default_title(language: str) -> bool:
    """Return whether the flow file need not give the title of the row in `language`."""
    return _base(language) in _MORE


def default_title(language: str) -> str:
    """Return the title of the row if the flow file gives none: in `language`, or else in English."""
    return _MORE.get(_base(language), _MORE["en"])


def _base(language: str) -> str:
    """Return the code of a language without its country."""
    return language.partition("-")[0]


def count(rows: int, most: int) -> int:
    """Return how many pages `rows` rows have, if the channel takes `most` (at least 2) in one list.

    A page has `most` - 1 rows and the row that shows the next one; the last page may have `most` rows.
    """
    return max(1, -(-(rows - 1) // (most - 1)))


def page(sections: Sequence[Section], number: int, most: int, more: More) -> tuple[Section, ...]:
    """Return page `number` of the rows, counted from 1, or the last page if there are fewer.

    The last `more.kept` rows stand on each page, above the row that shows the next one.
    """
    total = sum(len(section.rows) for section in sections)
    own, room = total - more.kept, most - more.kept
    last = count(own, room)
    number = min(number, last)
    start = (number - 1) * (room - 1)
    if number == last:
        return tuple(_between(sections, start, total))
    shown = _between(sections, start, start + room - 1)
    below = _between(sections, own, total)
    return _joined((*shown, *below), more.row(number + 1))


def _joined(sections: Sequence[Section], last: Reply) -> tuple[Section, ...]:
    """Return the sections with `last` below; two parts of one section are one again."""
    *above, end = sections
    if above and above[-1].title == end.title:
        *above, part = above
        end = Section(part.title, part.rows + end.rows)
    return (*above, Section(end.title, (*end.rows, last)))


def _between(sections: Sequence[Section], start: int, end: int) -> Iterator[Section]:
    """Yield the sections with rows `start` to `end` only, counted from 0 over all of them; no empty ones."""
    for section in sections:
        if rows := section.rows[max(start, 0) : max(end, 0)]:
            yield Section(section.title, rows)
        start, end = start - len(section.rows), end - len(section.rows)
