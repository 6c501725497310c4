"""A text with a list of rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Final, NamedTuple, Self

from pydantic import BeforeValidator, Field, model_validator

from flows.document.errors import Severity, Unsendable
from flows.document.places import Path
from flows.document.shape import Name, Spec, Texts, one_or_many
from flows.messages import offers, pages
from flows.messages.fault import Fault
from flows.messages.interactive import InteractiveSpec
from flows.messages.limits import ChannelLimits
from flows.messages.message import BaseMessage
from flows.messages.offers import Groups, Offer, Offers, Reply, ReplySpec
from flows.messages.pages import More, Section
from flows.messages.text import Text
from flows.messages.writer import Empty, Line, Writer
from flows.templates.compiler import NO_NAMES, Names
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
    """A second line."""
    each: str | None = None
    """A list, such as `shop.products`: one row for each of its items."""
    as_: Annotated[Name, Field(alias="as")] = "item"
    """What the templates of the row call the item."""

    @property
    def is_sure(self) -> bool:
        """Whether it is always offered, exactly once."""
        return not self.if_ and not self.each

    def write(self, writer: Writer, place: Path, outer: Names = NO_NAMES) -> Offers:
        """Compile the row, or the rows of `each`. `outer` names the item of the section, if it has one."""
        names = {**outer, self.as_: self.each} if self.each else outer
        description, limits = self.description, writer.limits
        line = description and writer.text(
            description, *place, "description", limit=limits.row_description, empty=Empty.FINE, names=names
        )
        one = offers.compiled(self, writer, place, limits.row_title, line or None, names)
        if self.each is None:
            return one
        return offers.for_each(writer.expression(self.each, *place, "each", names=outer), self.as_, one)


Rows = Annotated[list[RowSpec], BeforeValidator(one_or_many)]


class SectionSpec(Spec):
    """A titled group of rows. With `each`, one for every item of a list; title and rows read it by `as`."""

    title: Texts
    """What is written above its rows."""
    rows: Annotated[Rows, Field(min_length=1)]
    """Its rows."""
    each: str | None = None
    """A list: one section for each of its items."""
    as_: Annotated[Name, Field(alias="as")] = "section"
    """What the templates of the section call the item."""

    @model_validator(mode="after")
    def _names_differ(self) -> "SectionSpec":
        if self.each and any(row.each and row.as_ == self.as_ for row in self.rows):
            raise ValueError(f"'{self.as_}' is the section's item already: give its rows another 'as'")
        return self


class _Group(NamedTuple):
    """A section as written, with its place relative to the message."""

    title: Texts | None
    rows: Sequence[RowSpec]
    place: Path
    each: str | None = None
    name: str = ""
    """Of the item of `each`."""

    def replies(self) -> Iterator[tuple[RowSpec, Path]]:
        """The rows, each with its place."""
        return ((row, (*self.place, "rows", index)) for index, row in enumerate(self.rows))

    def write(self, writer: Writer, button: Line) -> Groups:
        """Compile title and rows. A section without a title is called as the button."""
        names = {self.name: self.each} if self.each else NO_NAMES
        limit = writer.limits.section_title
        title = button
        if self.title is not None:
            title = writer.text(self.title, *self.place, "title", limit=limit, names=names)
        rows = offers.together(writer, [row.write(writer, place, names) for row, place in self.replies()])
        if self.each is None:
            return lambda context: [(title.say(context), made) for made in [rows.make(context)] if made]
        each = writer.expression(self.each, *self.place, "each")
        return offers.groups(writer, each, self.name, title, rows)


class RowsSpec(Spec):
    """A list of rows behind a button: either `rows`, or titled `sections` of them."""

    button: Texts
    """What the button is called that opens the list."""
    title: Texts | None = None
    """What is written above the rows."""
    rows: Rows = []
    """Its rows, or one with `each`."""
    sections: list[SectionSpec] = []
    """Groups of rows, in place of `rows`."""
    pages: bool = False
    """Whether a list of too many rows is split into pages, each with a row `more` that shows the next."""
    more: Texts | None = None
    """Title of the row that shows the next page."""

    @model_validator(mode="after")
    def _has_rows(self) -> "RowsSpec":
        if bool(self.rows) == bool(self.sections):
            raise ValueError("a list needs either 'rows' or 'sections'")
        if self.more is not None and not self.pages:
            raise ValueError(f"'more' is the title of the row that shows the next page: {_PAGES}")
        return self

    @property
    def kept(self) -> int:
        """How many rows at the end stand on every page: a few that are written out below rows with `each`."""
        *_, last = self.groups()
        made = [at for at, row in enumerate(last.rows, 1) if not row.is_sure]
        below = len(last.rows) - made[-1] if made and not last.each else 0
        return below if below <= pages.MOST_KEPT else 0

    def groups(self) -> Iterator[_Group]:
        """Yield each section."""
        if self.rows:
            yield _Group(self.title, self.rows, ("list",))
        for number, section in enumerate(self.sections):
            place: Path = ("list", "sections", number)
            yield _Group(section.title, section.rows, place, section.each, section.as_)


class ListSpec(InteractiveSpec):
    """`list: {button: …, rows: …}`."""

    KEY: ClassVar = "list"

    list: RowsSpec
    """The list."""

    @property
    def has_pages(self) -> bool:
        """Whether it says `pages: true`."""
        return self.list.pages

    def write(self, writer: Writer) -> Callable[[Context, str], List | Text]:
        """Compile text and rows. If no row is offered, the message becomes a plain text."""
        body, footer = self.write_body(writer), self.write_footer(writer)
        limits = writer.limits
        button = writer.text(
            self.list.button, "list", "button", limit=limits.list_button, empty=Empty.REFUSED
        )
        groups = [group.write(writer, button) for group in self.list.groups()]
        more = self._write_more(writer)

        def say(context: Context, place: str) -> List | Text:
            built = tuple(
                Section(title, _offered(rows, place, limits.row_id))
                for group in groups
                for title, rows in group(context)
            )
            text = body.say(context)
            if not built:
                return Text(text)
            below = More(more.say(context), place, writer.message, self.list.kept) if more else None
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
        return [reply for group in self.list.groups() for reply in group.replies()]

    def faults(
        self, languages: Sequence[str], items: Callable[[str], int], limits: ChannelLimits
    ) -> Iterator[Fault]:
        """Yield faults: too many sections or rows, or two rows with the same title or the same answer."""
        if len(self.list.sections) > limits.list_sections:
            over = f"{len(self.list.sections)} sections, and {limits.channel} takes {limits.list_sections}"
            yield Fault(("list", "sections"), over, "split the list over two messages")
        once = (reply for group in self.list.groups() if not group.each for reply in group.replies())
        sure = [(row, where) for row, where in once if row.is_sure]
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


def _offered(rows: Sequence[Offer], place: str, limit: int) -> tuple[Reply, ...]:
    return tuple(Reply(offers.reply_id(place, row, limit), row.title, row.description) for row in rows)
