"""Parses what a person typed: text for the shop, a choice, or a command that begins with '/'."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

from bot.whatsapp.limits import LIMITS
from flows.document import durations
from flows.document.errors import close
from flows.document.words import normalise
from flows.engine import address
from flows.engine.model import RECEIVED
from flows.messages.address_form import ADDRESS
from flows.messages.kinds import Message, Reply
from payments.shop.catalogue import Shop


@dataclass(frozen=True, slots=True)
class Write:
    """Send `text` to the shop."""

    text: str


@dataclass(frozen=True, slots=True)
class Choose:
    """Tap the button or row of that number, if there is one; else send `text`."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Answer:
    """Send `text` in reply to a message of the shop, as one who holds it and chooses *Reply*."""

    text: str
    mark: int | None = None
    """The number in the message's mark (`m3`); None: the newest message."""


@dataclass(frozen=True, slots=True)
class TapOf:
    """Tap the button or row `title` of an earlier message."""

    mark: int
    """The number in the message's mark."""
    title: str


@dataclass(frozen=True, slots=True)
class Send:
    """Send something that is not text (`sticker`, `image`, …)."""

    kind: str


@dataclass(frozen=True, slots=True)
class Fill:
    """Send an address form back."""

    form: Mapping[str, str]
    """Some of `flows.engine.address.FIELDS`, with what was filled in; they make an address."""


@dataclass(frozen=True, slots=True)
class Pay:
    """Pay on Razorpay's page."""


@dataclass(frozen=True, slots=True)
class Fail:
    """Fail to pay on Razorpay's page. `reason` is empty if none was given."""

    reason: str


@dataclass(frozen=True, slots=True)
class Wait:
    """Let time pass."""

    milliseconds: int


@dataclass(frozen=True, slots=True)
class Trace:
    """Show how the last events were decided."""


@dataclass(frozen=True, slots=True)
class State:
    """Show where the conversation is."""


@dataclass(frozen=True, slots=True)
class Help:
    """Show the commands."""


@dataclass(frozen=True, slots=True)
class Quit:
    """End the chat."""


@dataclass(frozen=True, slots=True)
class Wrong:
    """The line was not understood. `message` says why, and what is possible."""

    message: str


Command: TypeAlias = (
    Write | Choose | Answer | TapOf | Send | Fill | Pay | Fail | Wait | Trace | State | Help | Quit | Wrong
)

FORM_EXAMPLE: Final = "/address house=4; address=Lake Road; city=Pune; pincode=411001"
"""How a person at the terminal fills in an address form of a shop that has no areas."""


def form_example(shop: Shop) -> str:
    """Return how an address form is filled in that the shop delivers to, as far as it has areas."""
    if shop.delivery is None or not shop.delivery.areas:
        return FORM_EXAMPLE
    return f"/address house=4; address=Lake Road; pincode={shop.delivery.areas[0].pincodes[0].first}"


LONGEST_WAIT: Final = 366 * 86_400_000
"""Maximum milliseconds of one /wait: every timer within that time is played."""

_MARK: Final = re.compile(r"m([0-9]{1,6})(?:\s+|$)", re.IGNORECASE)
_NO_TITLE: Final = "/tap needs a mark and a title: /tap m3 Accept"
_NO_WORDS: Final = "/reply needs words: /reply We bring it at six, or /reply m3 We bring it at six"

COMMANDS: Final[Mapping[str, str]] = {
    "/pay": "pay on Razorpay's page",
    "/fail": "try to pay, in vain; a reason may follow",
    "/wait": "let time pass: /wait 20m, /wait 10 min, /wait 2h",
    "/send": "send something that is not text: /send sticker",
    "/address": "fill in an address form:",
    "/say": "say something that looks like a number or a command: /say 2",
    "/reply": "hold the newest message and reply to it: /reply At six; an earlier one: /reply m3 At six",
    "/tap": "tap a button of an earlier message: /tap m3 Accept",
    "/trace": "how the last events were decided",
    "/state": "where the conversation is",
    "/help": "this list",
    "/quit": "end",
}
"""Every command and what it does. An example of a form follows /address."""


def parse_command(line: str) -> Command:
    """Return the command in `line`. The caller leaves out blank lines."""
    text = line.replace("\0", "").strip()[: LIMITS.text_body]
    if not text.startswith("/"):
        is_number = text.isascii() and text.isdigit() and len(text) < 4
        return Choose(int(text), text) if is_number else Write(text)
    name, _, rest = text.partition(" ")
    parse = _PARSERS.get(name.lower())
    if parse is None:
        mend = close(name.lower(), COMMANDS) or f"there are {' '.join(COMMANDS)}"
        return Wrong(f"'{name}' is not a command: {mend}")
    return parse(rest.strip())


def choices(answer: Iterable[Message]) -> tuple[Reply, ...]:
    """Return all that can be tapped in `answer`, in the order that `draw_all` numbers."""
    return tuple(reply for message in answer for reply in message.replies)


def pick(command: Command, offered: tuple[Reply, ...]) -> Reply | None:
    """Return the reply chosen by its number or by typing its title; None if `command` chooses nothing.

    Of several with one title the newest is meant.
    """
    match command:
        case Choose(number=number) if 1 <= number <= len(offered):
            return offered[number - 1]
        case Write(text=text) if word := normalise(text):
            return next((reply for reply in reversed(offered) if normalise(reply.title) == word), None)
        case _:
            return None


def _send(rest: str) -> Command:
    kinds = RECEIVED - {ADDRESS}
    if rest == ADDRESS:
        return Wrong("an address is sent by /address, with its fields: /help shows an example")
    return Send(rest) if rest in kinds else Wrong(f"/send takes one of {', '.join(sorted(kinds))}")


def _fill(rest: str) -> Command:
    """Read `field=value; …`. What stands without a field is the address."""
    form: dict[str, str] = {}
    for part in filter(None, map(str.strip, rest.split(";"))):
        name, equals, value = part.partition("=")
        form[name.strip().lower() if equals else "address"] = value.strip() if equals else part
    try:
        address.filled_in(form)
    except ValueError as error:
        return Wrong(f"{error}; /help shows an example")
    return Fill(form)


def _wait(rest: str) -> Command:
    try:
        milliseconds = durations.parse(rest)
    except ValueError as error:
        return Wrong(str(error))
    return Wait(milliseconds) if milliseconds <= LONGEST_WAIT else Wrong("/wait takes 366 days at most")


def _say(rest: str) -> Command:
    return Write(rest) if rest else Wrong("/say needs words: /say 2")


def _answer(rest: str) -> Command:
    mark = _MARK.match(rest)
    text = rest[mark.end() :] if mark else rest
    return Answer(text, int(mark[1]) if mark else None) if text else Wrong(_NO_WORDS)


def _tap(rest: str) -> Command:
    mark = _MARK.match(rest)
    title = rest[mark.end() :] if mark else ""
    return (
        TapOf(int(mark[1]), title)
        if mark and title
        else Wrong("/tap needs a mark and a title: /tap m3 Accept")
    )


def _alone(command: Command) -> Callable[[str], Command]:
    """Return a parser of a command that takes no argument."""
    return lambda rest: Wrong(f"'{rest}' is too much: this command stands alone") if rest else command


_PARSERS: Final[Mapping[str, Callable[[str], Command]]] = {
    "/pay": _alone(Pay()),
    "/fail": Fail,
    "/wait": _wait,
    "/send": _send,
    "/address": _fill,
    "/say": _say,
    "/reply": _answer,
    "/tap": _tap,
    "/trace": _alone(Trace()),
    "/state": _alone(State()),
    "/help": _alone(Help()),
    "/quit": _alone(Quit()),
}
