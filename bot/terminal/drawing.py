"""Draws messages as WhatsApp shows them, or as plain text without a terminal."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, Final, assert_never

from rich.box import Box
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.text import Text

from bot.printable import printable
from bot.terminal.commands import FORM_EXAMPLE
from bot.whatsapp.marks import Mark, runs
from flows.engine.traced import said_place
from flows.messages import text as plain_text
from flows.messages.kinds import (
    AddressForm,
    Buttons,
    CardUpdate,
    Document,
    Image,
    Link,
    List,
    Message,
    Payment,
    Reply,
    Video,
)
from flows.messages.payment import Bill
from payments.shop.money import money

WIDTH: Final = 64
"""Maximum width of a bubble in terminal cells, so that it fits 80 columns."""

_OPEN: Final = Box("╭── \n│   \n│   \n│   \n│   \n│   \n│   \n╰── \n")
_STYLES: Final = {Mark.BOLD: "bold", Mark.ITALIC: "italic", Mark.STRUCK: "strike", Mark.FIXED: "cyan"}


def draw(message: Message, first: int = 1, form: str = FORM_EXAMPLE, mark: str = "") -> RenderableType:
    """Draw `message` as a bubble on the left; number its buttons and rows from `first`.

    `form` says how an address form is filled in, and `mark` stands above the message.
    """
    return _Bubble(message, first, form, mark)


def draw_all(
    messages: Sequence[Message],
    form: str = FORM_EXAMPLE,
    marks: Iterable[str] = repeat(""),
    first: int = 1,
) -> Iterator[RenderableType]:
    """Draw each of `messages`. Its choices are numbered through from `first`."""
    for message, mark in zip(messages, marks, strict=False):
        yield draw(message, first, form, mark)
        first += len(message.replies)


def rich_text(body: str) -> Text:
    """Render *bold*, _italic_, ~strike~ and ```fixed``` in `body`, and escape control characters."""
    text = Text(overflow="fold")
    for run in runs(printable(body, "\n")):
        text.append(run.text, " ".join(_STYLES[mark] for mark in run.marks))
    return text


def plain(text: str, style: str = "") -> Text:
    """Return `text` as it is, with control characters escaped."""
    return Text(printable(text, "\n"), style, overflow="fold")


def draw_trace(trace: Sequence[dict[str, Any]]) -> RenderableType:
    """Draw a decision record, as in `flows.engine.step.Step.trace`."""
    lines = [line for entry in trace for line in _draw_decision(entry)]
    return Group(*lines) if lines else Text("nothing was decided yet")


def sorry(error: Exception) -> Text:
    """Return one sentence about a command that failed."""
    why = " ".join(str(error).split())
    return plain(
        f"That did not work ({type(error).__name__}{': ' if why else ''}{why}). The chat goes on.", "red"
    )


class _Bubble:
    def __init__(self, message: Message, first: int, form: str, mark: str) -> None:
        self._message, self._first, self._form, self._mark = message, first, form, mark

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head = Group(*_head(self._message))
        if options.is_terminal:
            # No right edge: terminals disagree on how wide Devanagari is.
            title = Text(self._mark, "dim") if self._mark else None
            width = min(WIDTH, options.max_width)
            yield Panel(head, box=_OPEN, width=width, border_style="green", title=title, title_align="left")
        else:
            if self._mark:
                yield Text(self._mark)
            yield head
        yield from _choices(self._message, self._first, self._form)
        yield Text()


def _head(message: Message) -> Iterator[Text]:
    """Draw the content of the bubble: file, text, footer."""
    match message:
        case plain_text.Text() | AddressForm() | CardUpdate():
            yield from _body(message.body)
        case Image():
            yield from (rich_text(f"[picture: {message.link}]"), *_body(message.caption))
        case Video():
            yield from (rich_text(f"[video: {message.link}]"), *_body(message.caption))
        case Document():
            # One that was uploaded has a name alone.
            at = message.link if message.filename and not message.stored else ""
            link = f": {at}" if at else ""
            yield from (rich_text(f"[document: {message.shown}{link}]"), *_body(message.caption))
        case Buttons() | Link():
            picture = [rich_text(f"[picture: {message.image}]")] if message.image else []
            yield from (*picture, *_body(message.body), *_footer(message.footer))
        case List():
            yield from (*_body(message.body), *_footer(message.footer))
        case Payment():
            yield from (*_body(message.body), *_bill(message.bill), *_footer(message.footer))
        case _:
            assert_never(message)


def _bill(bill: Bill | None) -> Iterator[Text]:
    """Draw what an order card shows."""
    if bill is None:
        return
    yield from (plain(f"  {line.quantity} × {line.name}: {money(line.price)}") for line in bill.lines)
    sums = (("Delivery", bill.delivery), (bill.discount_name, -bill.discount), ("Total", bill.total))
    yield from (plain(f"  {name}: {money(amount)}") for name, amount in sums if amount)
    yield plain("  [Review and pay: /pay]", "bold cyan")


def _body(text: str | None) -> Iterator[Text]:
    if text:
        yield rich_text(text)


def _footer(footer: str | None) -> Iterator[Text]:
    if footer:
        yield _dim(rich_text(footer))


def _choices(message: Message, first: int, form: str) -> Iterator[Text]:
    """Draw what can be tapped, below the bubble."""
    match message:
        case Buttons(buttons=buttons):
            for number, reply in enumerate(buttons, first):
                yield _choice(number, reply)
        case List():
            yield from _rows(message, first)
        case Link(title=title, url=url):
            yield rich_text(f"  [{title}] ").append_text(plain(url, "underline"))
        case AddressForm():
            yield rich_text("  [Address form] ").append_text(_dim(plain(form)))


def _rows(message: List, number: int) -> Iterator[Text]:
    yield rich_text(f"  ☰ {message.button}")
    for section in message.sections:
        if section.title != message.button:
            yield _dim(rich_text(f"  {section.title}"))
        for row in section.rows:
            yield _choice(number, row)
            number += 1


def _choice(number: int, reply: Reply) -> Text:
    text = Text(overflow="fold").append(f"  {number:>2} ", "bold cyan").append_text(rich_text(reply.title))
    if reply.description:
        text.append_text(_dim(rich_text(f"  {reply.description}")))
    return text


def _dim(text: Text) -> Text:
    text.stylize("dim")
    return text


def _draw_decision(entry: dict[str, Any]) -> Iterator[Text]:
    """Draw one decision: the event, the rules passed over and why, the rule taken, its effects."""
    # A timer or a payment may concern only an order. Its entry then has no state.
    where = f"  in {entry['state']}" if "state" in entry else ""
    yield plain(entry["event"], "bold").append_text(plain(where, "dim"))
    for passed in entry.get("passed", ()):
        yield plain(f"  passed   {said_place(passed)}, {passed['rule']}: {passed['because']}", "dim")
    if taken := entry.get("taken"):
        yield plain(f"  took     {said_place(taken)}, {taken['rule']}")
    for key in ("did", "entered", "said", "unsaid", "told", "untold"):
        if key in entry:
            yield plain(f"  {key:<8} {', '.join(entry[key])}")
    for key in ("page", "instead", "refused", "ignored", "asked"):
        if key in entry:
            yield plain(f"  {key:<8} {entry[key]}")
    if entry.get("unanswered"):
        yield Text("  unanswered: no rule here answers it")
