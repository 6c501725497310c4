"""What a customer sent, as a message to the staff who may talk to them. Pure."""

from collections.abc import Iterator
from typing import Final

from flows.engine.events import Event, Received, TextReceived
from flows.messages.kinds import Buttons, Message, Reply, Text
from flows.messages.limits import clip, length
from payments.processing.staff_replies import place
from payments.processing.turn import Turn

DONE_TITLE: Final = "The bot goes on"
"""Of the button that gives the chat back to the bot."""
_FILES: Final = frozenset({"image", "video", "audio", "document", "sticker"})
_NOT_SHOWN: Final = frozenset({"text", "unsupported"})
"""Kinds of which the channel gives the name alone."""


def who(turn: Turn) -> str:
    """Return the customer's name and number."""
    name = turn.conversation.customer.get("name") or "A customer"
    return f"{name} (+{turn.given.phone})" if turn.given.phone else str(name)


def passed_on(turn: Turn, event: Event) -> Message:
    """Return what the customer sent, with a button if there is room for one."""
    limits = turn.flow.limits
    text = f"{who(turn)}: {_words(event)}"
    if length(text) > limits.interactive_body:
        return Text(clip(text, limits.text_body))
    return with_done(turn, text)


def with_done(turn: Turn, text: str) -> Message:
    """Return `text` with the button that gives the chat back to the bot."""
    done = Reply(f"{place(turn.shop, turn.conversation.id)}|done|", DONE_TITLE)
    return Buttons(text, (done,), None, None)


def _words(event: Event) -> str:
    if isinstance(event, TextReceived):
        return event.text
    assert isinstance(event, Received)
    kind = "something that the channel does not show" if event.kind in _NOT_SHOWN else event.kind
    return " ".join((f"[{kind}]", *_contents(event)))


def _contents(event: Received) -> Iterator[str]:
    """Yield what can be passed on of something that is no text."""
    said = event.fields
    yield from (str(said[name]) for name in ("caption", "name", "address") if said.get(name))
    if "latitude" in said and "longitude" in said:
        yield f"https://maps.google.com/?q={said['latitude']},{said['longitude']}"
    yield from map(str, said.get("names", ()))
    yield from (f"+{phone}" for phone in said.get("phones", ()))
    if event.kind in _FILES:
        yield "(It cannot be passed on: ask them to send it to a number of yours.)"
