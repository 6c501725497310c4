"""Draws messages of the shop as WhatsApp shows them. What people wrote is drawn as text, never as markup."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Final, assert_never

from nicegui import ui

from bot.console.bubble_words import BUBBLES
from bot.console.words import Words
from bot.whatsapp.marks import Mark, runs
from flows.messages.kinds import (
    AddressForm,
    Buttons,
    CardUpdate,
    Document,
    Image,
    Link,
    List,
    Payment,
    Reply,
    Sendable,
    TemplateMessage,
    Text,
    Video,
)
from flows.messages.payment import Bill
from payments.shop.money import money


class Tick(StrEnum):
    """How far a message of the shop has come."""

    WAITS = "waits"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    LEFT_OUT = "left_out"


_TICKS: Final = {
    Tick.WAITS: "🕓", Tick.SENT: "✓", Tick.DELIVERED: "✓✓", Tick.READ: "✓✓", Tick.FAILED: "⚠",
    Tick.LEFT_OUT: "⊘",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seal:
    """What stands around a message."""

    mine: bool
    """Whether whoever looks has sent it: it stands on the right."""
    at: str
    """The time, as it is shown."""
    tick: Tick | None = None
    """None for what the other one sent."""
    by: str = ""
    """The person who wrote it; empty for the bot, and where it is plain."""


@dataclass(frozen=True, slots=True)
class Taps:
    """What the phone does when something that a bubble offers is tapped."""

    reply: Callable[[Reply], Awaitable[None]]
    link: Callable[[str], Awaitable[None]]
    form: Callable[[AddressForm], Awaitable[None]]
    pay: Callable[[Bill], Awaitable[None]]


def draw(words: Words, message: Sendable, seal: Seal, taps: Taps | None = None) -> None:
    """Draw a message, and below it what it offers. Without `taps`, nothing of it can be tapped."""
    own = words.of(BUBBLES)
    with bubble(own, seal):
        _content(own, message)
    _offers(own, message, taps)


@contextmanager
def bubble(words: Words, seal: Seal) -> Iterator[None]:
    """Draw a bubble; what is drawn within stands in it. `words` are those of `BUBBLES`."""
    with ui.element("div").classes(f"bubble {'mine' if seal.mine else 'theirs'}"):
        if seal.by:
            ui.label(seal.by).classes("bubble-by")
        yield
        with ui.element("div").classes("bubble-foot"):
            ui.label(seal.at).classes("at")
            if seal.tick is not None:
                _tick(words, seal.tick)


def _tick(words: Words, tick: Tick) -> None:
    said = words(f"tick_{tick}")
    mark = ui.label(_TICKS[tick]).classes(f"tick tick-{tick}")
    mark.props["role"], mark.props["aria-label"], mark.props["title"] = "img", said, said
    if tick in (Tick.READ, Tick.FAILED):
        ui.label(said).classes("tick-word").props('aria-hidden="true"')


def write(text: str) -> None:
    """Draw a text with WhatsApp's marks: *bold*, _italic_, ~struck~ and fixed."""
    parts = list(runs(text))
    if all(not part.marks for part in parts):
        ui.label(text).classes("bubble-text")
        return
    with ui.element("div").classes("bubble-text"):
        for part in parts:
            ui.label(part.text).classes(" ".join(("run", *(_MARKS[mark] for mark in part.marks))))


_MARKS: Final = {
    Mark.BOLD: "run-bold", Mark.ITALIC: "run-italic", Mark.STRUCK: "run-struck", Mark.FIXED: "run-fixed",
}  # fmt: skip


def file(icon: str, name: str, link: str = "") -> None:
    """Draw a file by its name: nothing of it is fetched before somebody opens it."""
    with ui.element("div").classes("bubble-file"):
        ui.icon(icon).props('aria-hidden="true"')
        if is_page(link):
            outside(name, link)
        else:
            ui.label(name)


def outside(name: str, link: str) -> None:
    """Draw a link that leaves the console, and tells nobody where from."""
    with ui.element("a").props('target="_blank" rel="noopener noreferrer"') as drawn:
        drawn.props["href"] = link
        ui.label(name)


def is_page(link: str) -> bool:
    """Return whether a browser may open `link`: no script, and nothing of its own machine."""
    return link.startswith(("https://", "http://"))


def _content(words: Words, message: Sendable) -> None:
    match message:
        case Text() | AddressForm():
            write(message.body)
        case CardUpdate():
            write(message.body)
            _small(words("card", card=message.card, status=message.status))
        case Image():
            file("image", words("picture"), message.link)
            _write_if(message.caption)
        case Video():
            file("movie", words("video"), message.link)
            _write_if(message.caption)
        case Document():
            file("description", message.shown, message.link)
            _write_if(message.caption)
        case Buttons() | Link() | Payment():
            if message.image:
                file("image", words("picture"), message.image)
            write(message.body)
            if isinstance(message, Payment) and message.bill is not None:
                _bill(words, message.bill)
            _small(message.footer)
        case List():
            write(message.body)
            _small(message.footer)
        case TemplateMessage():
            _template(words, message)
        case _:
            assert_never(message)


def _template(words: Words, message: TemplateMessage) -> None:
    """Draw a template by its name and values: its words are at the channel."""
    _small(words("template", name=f"{message.name} ({message.language})"))
    if message.document:
        file("description", message.filename or words("document"), message.document)
    for value in message.values:
        write(value)


def _write_if(text: str | None) -> None:
    if text:
        write(text)


def _small(text: str | None) -> None:
    if text:
        ui.label(text).classes("bubble-small")


def _bill(words: Words, bill: Bill) -> None:
    sums = ((words("delivery"), bill.delivery), (bill.discount_name, -bill.discount))
    with ui.element("dl").classes("sums"):
        for line in bill.lines:
            _sum(f"{line.quantity} × {line.name}", line.price)
        for name, amount in sums:
            if amount:
                _sum(name, amount)
        _sum(words("total"), bill.total)


def _sum(name: str, amount: int) -> None:
    with ui.element("dt"):
        ui.label(name)
    with ui.element("dd"):
        ui.label(money(amount))


def _offers(words: Words, message: Sendable, taps: Taps | None) -> None:
    """Draw what can be tapped, below the bubble."""
    match message:
        case Buttons():
            for reply in message.buttons:
                _offer(reply.title, "reply", partial(taps.reply, reply) if taps else None)
        case List():
            _list(message, taps)
        case Link():
            said = words("opens", url=message.url)
            _offer(message.title, "open_in_new", partial(taps.link, message.url) if taps else None, said)
        case AddressForm():
            _offer(words("form"), "home", partial(taps.form, message) if taps else None)
        case Payment(bill=Bill() as bill):
            _offer(words("pay"), "currency_rupee", partial(taps.pay, bill) if taps else None)


def _offer(name: str, icon: str, tap: Callable[[], Awaitable[None]] | None, why: str = "") -> None:
    """Draw one thing to tap: a button, or, where nothing can be tapped, what the customer has as one."""
    if tap is not None:
        with (
            ui.button(name, icon=icon, on_click=tap).props("outline no-caps").classes("bubble-offer") as drawn
        ):
            drawn.props.set_optional("title", why or None)
        return
    with ui.element("div").classes("bubble-offer") as drawn:
        drawn.props.set_optional("title", why or None)
        ui.icon(icon).props('aria-hidden="true"')
        ui.label(name)


def _list(message: List, taps: Taps | None) -> None:
    with ui.element("details").classes("bubble-list"):
        with ui.element("summary").classes("bubble-offer"):
            ui.icon("list").props('aria-hidden="true"')
            ui.label(message.button)
        for section in message.sections:
            if section.title != message.button:
                _small(section.title)
            for row in section.rows:
                _offer(row.title, "radio_button_unchecked", partial(taps.reply, row) if taps else None)
                _small(row.description)
