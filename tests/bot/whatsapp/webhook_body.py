"""Bodies of Meta's webhooks."""

from typing import Any

from bot.whatsapp.inbound import Parsed, parse
from flows.engine.events import Event


def webhook_body(value: Any) -> dict[str, Any]:
    """A webhook with one change, whose value is `value`."""
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


def sent(kind: str = "text", content: Any = None, **changed: Any) -> Parsed:
    """A message of `kind` from a known sender, with some fields changed (None removes one)."""
    message = {"id": "wamid.x", "from": "917000000021", "timestamp": "1785000000", "type": kind}
    message |= {kind: content, **changed}
    return parse(webhook_body({"messages": [{k: v for k, v in message.items() if v is not None}]}))


def event_of(kind: str, content: Any, **changed: Any) -> Event | None:
    (message,) = sent(kind, content, **changed).messages
    return message.event
