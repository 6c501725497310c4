"""Chats as JSON, for the API and the shell. Times are milliseconds since 1970, UTC."""

from typing import Any

from storage.reports.chats import ChatPage, DeskChat


def page_to_json(page: ChatPage) -> dict[str, Any]:
    """Return a page of chats as JSON; `next` is what `after` takes for the next one."""
    return {
        "chats": [to_json(chat) for chat in page.chats],
        "next": None if page.next is None else str(page.next),
    }


def to_json(chat: DeskChat) -> dict[str, Any]:
    """Return a chat as JSON. It holds personal data, whole."""
    return {
        "conversation": chat.conversation,
        "phone": f"+{chat.phone}" if chat.phone else None,
        "name": chat.name,
        "state": chat.state,
        "hears": str(chat.hears),
        "heard_at": chat.heard_at,
        "last": chat.last,
        "in_hand": chat.in_hand,
        "since": chat.since,
        "by": chat.by or None,
        "unread": chat.unread,
    }
