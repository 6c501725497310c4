"""Messages of each kind, to be written as payloads for the Graph API."""

from typing import Any

from bot.whatsapp.payloads import Recipient, build
from flows.messages.kinds import (
    Buttons,
    Link,
    List,
    Message,
    Reply,
    Section,
)

MEERA = Recipient("917000000021", "IN.4077000000000000021")


def content(message: Message) -> Any:
    payload = build(message, MEERA, "send:1")
    return payload[payload["type"]]


def buttons(n: int = 1, **changed: Any) -> Buttons:
    fields: dict[str, Any] = {"body": "Pay now?", "buttons": tuple(Reply(f"b{i}", f"B{i}") for i in range(n))}
    return Buttons(**fields | changed)


def rows(n: int) -> tuple[Reply, ...]:
    return tuple(Reply(f"r{i}", f"R{i}") for i in range(n))


def lists(*sections: Section, **changed: Any) -> List:
    return List(**{"body": "Menu", "button": "See all", "sections": sections} | changed)


def link(**changed: str | None) -> Link:
    return Link(**{"body": "Pay", "title": "Pay now", "url": "https://rzp.example/x"} | changed)  # type: ignore[arg-type]
