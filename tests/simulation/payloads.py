"""What people send, as in a WhatsApp webhook, without sender and time."""

from typing import Any


def text(words: str) -> dict[str, Any]:
    """Return a text message."""
    return {"type": "text", "text": {"body": words}}


def tap(reply: tuple[str, str, str]) -> dict[str, Any]:
    """Return a tap on a button or a list row, given its (kind, id, title)."""
    kind, id, title = reply
    return {"type": "interactive", "interactive": {"type": kind, kind: {"id": id, "title": title}}}
