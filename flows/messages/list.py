"""A text with a list of rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Final, Self

from pydantic import BeforeValidator, Field, model_validator

from flows.document.errors import Severity, Unsendable
from flows.document.reader import Path
from flows.document.shape import Name, Spec, Texts, one_or_many
from flows.messages import offers, pages
from flows.messages.fault import Fault
from flows.messages.interactive import InteractiveSpec
from flows.messages.limits import ChannelLimits
from flows.messages.message import BaseMessage
from flows.messages.offers import Offer, Offers, Reply, ReplySpec
from flows.messages.pages import More, Section
from flows.messages.text import Text
from flows.messages.writer import Empty, Line, Writer
from flows.templates.expressions import Context

_PAGES: Final = "add 'pages: true' beside 'button'"
"""How to mend a list that is too long."""


@dataclass(frozen=True, slots=True)
class List(BaseMessage):
    """A text with a button that opens a list of rows."""

    KIND: ClassVar = "list"

    body: str
    button: str
    sections: tuple[Section, ...]
    footer: str | None = None
    more: More | None = field(default=None, kw_only=True)
    """Of a list that is still to be split into pages: the row below each page. Not stored."""

    @property
    def words(self) -> str:
        """The body."""
        return self.body

    @property
    def replies(self) -> tuple[Reply, ...]:
        """The rows of all sections."""
        return tuple(row for section in self.sections for row in section.rows)

    def page(self, number: int, limits: ChannelLimits) -> Self:
        """Return page `number`, or the last page if there are fewer. Without `pages: true`, all is one page.

        Raises Unsendable if one of several sections has no title, on whichever page they are.
        """
        if self.more is None:
            return self
        _require_titles(self.sections)
        shown = pages.page(self.sections, number, limits.list_rows, self.more)
        return replace(self, sections=shown, more=None)

    def sendable(self, limits: ChannelLimits) -> "List":
        """Return the message with distinct row ids.

        Raises Unsendable if there are too many rows, or if one of several sections has no title.
        """
        _require_titles(self.sections)
        if len(self.replies) > limits.list_rows:
            too_long = f"the list has over {limits.list_rows} rows: {limits.channel} refuses it"
            raise Unsendable(too_long, mend=_PAGES)
        rows = iter(offers.ids_differ(self.replies, limits.row_id))
        sections = tuple(Section(s.title, tuple(next(rows) for _ in s.rows)) for s in self.sections)
        return List(self.body, self.button, sections, self.footer, fallback=self.fallback)

    def plain(self) -> None:
        """Return None: nothing is plainer."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {
            "kind": self.KIND,
            "body": self.body,
            "button": self.button,
            "sections": [[s.title, [[r.id, r.title, r.description] for r in s.rows]] for s in self.sections],
            "footer": self.footer,
        }

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "List":
        """Return the message that `to_json` wrote."""
        sections = tuple(
            Section(title, tuple(Reply(*row) for row in rows)) for title, rows in value["sections"]
        )
        return cls(value["body"], value["button"], sections, value["footer"])


class RowSpec(ReplySpec):
    """A list row. With `each`, one row for every item of a list; its templates call the item by `as`."""

    description: Texts | None = None
    each: str | None = None
    as_: Annotated[Name, Field(alias="as")] = "item"

    @property
    def is_sure(self) -> bool:
        """Whether it is always offered, exactly once."""
        return not self.if_ and not self.each

    def write(self, writer: Writer, place: Path) -> Offers:
        """Compile the row, or the rows of `each`."""
        names = {self.as_: self.each} if self.each else {}
        description, limits = self.description, writer.limits
        line = description and writer.text(
            description, *place, "description", limit=limits.row_description, empty=Empty.FINE, names=names
        )
        one = offers.compiled(self, writer, place, limits.row_title, line or None, names)
        if self.each is None:
            return one
        return offers.for_each(writer.expression(self.each, *place, "each"), self.as_, one)


Rows = Annotated[list[RowSpec], BeforeValidator(one_or_many)]


class SectionSpec(Spec):
    """A titled group of rows."""

    title: Texts
    rows: Annotated[Rows, Field(min_length=1)]


class RowsSpec(Spec):
    """A list of rows behind a button: either `rows`, or titled `sections` of them."""

    button: Texts
    title: Texts | None = None
    rows: Rows = []
    sections: list[SectionSpec] = []
    pages: bool = False
    """Whether a list of too many rows is split into pages, each with a row `more` that shows the next."""
    more: Texts | None = None

    @model_validator(mode="after")
    def _has_rows(self) -> "RowsSpec":
        if bool(self.rows) == bool(self.sections):
            raise ValueError("a list needs either 'rows' or 'sections'")
        if self.more is not None and not self.pages:
            raise ValueError(f"'more' is the title of the row that shows the next page: {_PAGES}")
        return self

    def groups(self) -> Iterator[tuple[Texts | None, Sequence[RowSpec], Path]]:
        """Yield (title, rows, place relative to the message) of each section."""
        if self.rows:
            yield self.title, self.rows, ("list",)
        for number, section in enumerate(self.sections):
            yield section.title, section.rows, ("list", "sections", number)


class ListSpec(InteractiveSpec):
    """`list: {button: …, rows: …}`."""

    KEY: ClassVar = "list"

    list: RowsSpec

    @property
    def has_pages(self) -> bool:
        """Whether it says `pages: true`."""
        return self.list.pages

    def write(self, writer: Writer) -> Callable[[Context, str], List | Text]:
        """Compile text and rows. If no row is offered, the message becomes a plain text."""
        body, footer = self.write_body(writer), self.write_footer(writer)
        limits, heading = writer.limits, writer.limits.section_title
        button = writer.text(
            self.list.button, "list", "button", limit=limits.list_button, empty=Empty.REFUSED
        )
        sections = [
            (
                writer.text(title, *where, "title", limit=heading) if title is not None else button,
                offers.together(writer, [row.write(writer, place) for row, place in _placed(rows, where)]),
            )
            for title, rows, where in self.list.groups()
        ]
        more = self._write_more(writer)

        def say(context: Context, place: str) -> List | Text:
            built = tuple(
                Section(title.say(context), _offered(rows, place, limits.row_id))
                for title, offered in sections
                if (rows := offered(context))
            )
            text = body.say(context)
            if not built:
                return Text(text)
            below = More(more.say(context), place, writer.message) if more else None
            return List(text, button.say(context), built, footer(context), more=below)

        return say

    def _write_more(self, writer: Writer) -> Line | None:
        """Compile the title of the row that shows the next page; None if the list has no pages."""
        if not self.list.pages:
            return None
        title, limit = self.list.more or pages.default_title(writer.language), writer.limits.row_title
        return writer.text(title, "list", "more", limit=limit, empty=Empty.REFUSED)

    def replies(self) -> Sequence[tuple[RowSpec, Path]]:
        """The rows of all sections."""
        return [each for _, rows, where in self.list.groups() for each in _placed(rows, where)]

    def faults(
        self, languages: Sequence[str], items: Callable[[str], int], limits: ChannelLimits
    ) -> Iterator[Fault]:
        """Yield faults: too many sections or rows, or two rows with the same title or the same answer."""
        if len(self.list.sections) > limits.list_sections:
            over = f"{len(self.list.sections)} sections, and {limits.channel} takes {limits.list_sections}"
            yield Fault(("list", "sections"), over, "split the list over two messages")
        sure = [(row, where) for row, where in self.replies() if row.is_sure]
        titles = [(row.title, where) for row, where in sure]
        if self.list.pages:
            yield from self._untitled_more(languages)
            more = self.list.more or {each: pages.default_title(each) for each in languages}
            titles.insert(0, (more, ("list", "more")))
        else:
            yield from self._too_many(items, limits)
        for title, place in offers.same_titles(titles, languages):
            mend = "give one of them another title: who types it chooses neither"
            yield Fault(place, f"two rows are called '{title}'", mend, Severity.WARNING)
        yield from offers.same_answers(sure, limits.channel)

    def _too_many(self, items: Callable[[str], int], limits: ChannelLimits) -> Iterator[Fault]:
        """Yield faults: too many rows written out, or made from lists that never change."""
        known, most = 0, limits.list_rows
        for row, where in self.replies():
            count = items(row.each) if row.each else 1
            if count > most:
                over = f"'{row.each}' has {count} items, and a {limits.channel} list takes {most} rows"
                yield Fault((*where, "each"), over, f"{_PAGES}, or offer them in several lists")
            elif not row.if_:
                known += count
        if known > most:
            over = f"{known} rows, and {limits.channel} takes {most} in all sections together"
            yield Fault(("list",), over, f"{_PAGES}, or split the list over two messages")

    def _untitled_more(self, languages: Sequence[str]) -> Iterator[Fault]:
        """Yield a fault for each language in which the row that shows the next page has no title."""
        for language in languages:
            if not self.list.more and not pages.has_default_title(language):
                says = pages.default_title(language)
                untitled = f"no title in '{language}' for the row that shows the next page: it says '{says}'"
                mend = f"add 'more: {{{language}: …}}', with a text for every language"
                yield Fault(("list", "pages"), untitled, mend, Severity.WARNING)


def _require_titles(sections: Sequence[Section]) -> None:
    """Raise Unsendable if one of several sections has no title."""
    if len(sections) > 1 and not all(section.title.strip() for section in sections):
        raise Unsendable("one of several sections has no title")


def _placed(rows: Sequence[RowSpec], where: Path) -> Iterator[tuple[RowSpec, Path]]:
    """Each of `rows`, in the section at `where`, with its place."""
    return ((row, (*where, "rows", index)) for index, row in enumerate(rows))


def _offered(rows: Sequence[Offer], place: str, limit: int) -> tuple[Reply, ...]:
    return tuple(Reply(offers.reply_id(place, row, limit), row.title, row.description) for row in rows)
