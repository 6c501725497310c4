"""Events: what can happen to a conversation."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, assert_never


@dataclass(frozen=True, slots=True)
class TextReceived:
    """The customer wrote `text`: NUL-free, no longer than the channel's `text_body`."""

    text: str


@dataclass(frozen=True, slots=True)
class Tapped:
    """The customer tapped a button or a list row. `reply_id` is as it arrived, unverified."""

    reply_id: str
    title: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """The customer sent something that is neither text nor a tap: `sticker`, `image`, `location`, …

    `kind` is the channel's name for it. `fields` are the values that a flow may use.
    """

    kind: str
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimerDue:
    """A timer of `state` ran out. It is ignored if the visit that started it has ended."""

    state: str
    timer: str
    visit: int
    due: int
    """When it ran out, in milliseconds since 1970, UTC; it may be handled much later."""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something outside the chat happened (`payment.captured`, `order.requested`, …)."""

    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)


Event: TypeAlias = TextReceived | Tapped | Received | TimerDue | Happened


def to_json(event: Event) -> dict[str, Any]:
    """Return a JSON-ready dict with the event's kind under `kind`. Inverse of `from_json`."""
    match event:
        case TextReceived():
            return {"kind": "text", "text": event.text}
        case Tapped():
            return {"kind": "tap", "id": event.reply_id, "title": event.title}
        case Received():
            return {"kind": "received", "what": event.kind, "fields": dict(event.fields)}
        case TimerDue():
            timer = {"state": event.state, "timer": event.timer, "visit": event.visit}
            return {"kind": "timer", **timer, "due": event.due}
        case Happened():
            return {"kind": "happened", "name": event.name, "fields": dict(event.fields)}
        case _:
            assert_never(event)


def from_json(value: Mapping[str, Any]) -> Event:
    """Return the event that `to_json` wrote. Raises KeyError on any other shape."""
    match value["kind"]:
        case "text":
            return TextReceived(value["text"])
        case "tap":
            return Tapped(value["id"], value["title"])
        case "received":
            return Received(value["what"], value["fields"])
        case "timer":
            return TimerDue(value["state"], value["timer"], value["visit"], value["due"])
        case "happened":
            return Happened(value["name"], value["fields"])
        case kind:
            raise KeyError(f"unknown event kind {kind!r}")
