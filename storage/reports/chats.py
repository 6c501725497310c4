"""Chats as those who run the shop read them: what is asked for, and what is found. Values, and one reader.

This module reads them for commands, `storage.reports.chat_queries` for the server.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from tortoise.expressions import F, Q
from tortoise.functions import Coalesce

from payments.processing.conversation_data import hears_in, in_hand
from payments.shop import handover
from payments.shop.consent import Hears
from storage.database.encoding import loads
from storage.database.models import Alias, Conversation, Inbox
from storage.database.records import Records
from storage.database.transaction import Row
from storage.inbox.customers import Naming

EVER: Final = 2**62
"""Milliseconds: later than any message."""
PREVIEW: Final = 80
"""Characters shown of a text."""
_PLACE: Final = re.compile(r"(?P<at>[0-9]{1,15})\.(?P<id>[0-9]{1,18})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ChatPlace:
    """The place of a chat in a list, which is sorted by the time of the customer's last message.

    Who never wrote stands where their chat began: a person may have such a chat too.
    """

    heard_at: int
    id: int

    def __str__(self) -> str:
        return f"{self.heard_at}.{self.id}"

    @classmethod
    def read(cls, text: str) -> "ChatPlace":
        """Return the place that was written by `str`. Raises ValueError for any other text."""
        match = _PLACE.fullmatch(text)
        if match is None:
            raise ValueError("not the `next` of an answer")
        return cls(int(match["at"]), int(match["id"]))


@dataclass(frozen=True, slots=True)
class ChatFilter:
    """Which chats to list, the customers who wrote last first. Who never wrote is in none but a person's."""

    in_hand: bool = False
    """Those that a person has."""
    waiting: bool = False
    """Those that a person has, and in which they owe the customer an answer."""
    after: ChatPlace | None = None
    """The last chat of the page before; None for the first page."""
    limit: int = 50


@dataclass(frozen=True, slots=True)
class DeskChat:
    """A customer's chat. It holds personal data, whole."""

    conversation: str
    name: str
    """The customer's profile name; empty if none is known."""
    phone: str
    """The customer's newest number, digits with the country code; empty if none is known."""
    state: str
    """Where they stand in the flow."""
    hears: Hears
    heard_at: int | None
    """When they last wrote, in milliseconds since 1970, UTC; None if they never did."""
    last: str
    """What they sent last, shortened; empty if it is erased."""
    in_hand: str | None
    """`waits` if a person owes them an answer, `answered` if not; None while the bot has the chat."""
    since: int | None
    """Since when a person has the chat, in milliseconds since 1970, UTC."""
    by: str
    """Name of the person who wrote to them last; empty while nobody has."""
    unread: int
    """Their messages since then."""


@dataclass(frozen=True, slots=True)
class ChatPage:
    """One page of a list of chats."""

    chats: tuple[DeskChat, ...]
    next: ChatPlace | None
    """After what the next page begins; None if this is the last one."""


async def listed(records: Records, wanted: ChatFilter, naming: Naming) -> ChatPage:
    """Return one page of the chats that `wanted` describes."""
    after, client = wanted.after or ChatPlace(EVER, 0), records.client
    if wanted.waiting or wanted.in_hand:
        # Matches any. A planner does not match the ORM's "is not null" with the partial index.
        held = Q(in_hand="waits") if wanted.waiting else Q(in_hand__gte="")
        query = Conversation.annotate(place=Coalesce("last_inbound_at", F("created_at"))).filter(held)
    else:
        query = Conversation.annotate(place=F("last_inbound_at")).filter(merged_into__isnull=True)
    query = query.filter(place__lte=after.heard_at)
    if wanted.after is not None:
        query = query.filter(Q(place__lt=after.heard_at) | Q(id__lt=after.id))
    rows = await query.using_db(client).order_by("-place", "-id").limit(wanted.limit + 1).values(*COLUMNS)
    return await _filled(records, rows, wanted.limit, naming)


async def of(records: Records, conversations: Sequence[int], naming: Naming) -> tuple[DeskChat, ...]:
    """Return the chats of these conversations, in this order; none of what there is not, or is merged."""
    query = Conversation.filter(id__in=conversations, merged_into__isnull=True).using_db(records.client)
    rows = {row["id"]: row for row in await query.values(*COLUMNS)} if conversations else {}
    ordered = [rows[id] for id in dict.fromkeys(conversations) if id in rows]
    return (await _filled(records, ordered, len(ordered), naming)).chats


async def _filled(records: Records, rows: Sequence[Row], limit: int, naming: Naming) -> ChatPage:
    """Return `page` of these rows, with the numbers and last words of their customers."""
    ids, client = [row["id"] for row in rows], records.client
    names = Alias.filter(conversation_id__in=ids, kind=naming.passing).using_db(client)
    # Oldest first, so that the newest remains.
    phones = await names.order_by("told_at", "id").values("conversation_id", "value") if ids else []
    numbers = [row["last_chat"] for row in rows if row["last_chat"] is not None]
    last = Inbox.filter(id__in=numbers).using_db(client)
    texts = await last.values("id", "body") if numbers else []
    found = {row["conversation_id"]: row["value"] for row in phones}
    return page(records.installation, rows, found, {row["id"]: row["body"] for row in texts}, limit)


COLUMNS: Final = ("id", "state", "snapshot", "last_inbound_at", "created_at", "last_chat")
"""What is read of a conversation."""


def page(
    installation: str, rows: Sequence[Row], phones: Mapping[int, str], bodies: Mapping[int, str], limit: int
) -> ChatPage:
    """Return the chats of the first `limit` of `rows`, of which one more was asked for.

    `phones` by conversation; `bodies` of inbox rows, by their number.
    """
    shown = rows[:limit]
    chats = tuple(
        _chat(installation, row, phones.get(row["id"], ""), bodies.get(row["last_chat"])) for row in shown
    )
    return ChatPage(chats, _place(shown[-1]) if len(rows) > limit else None)


def _place(row: Row) -> ChatPlace:
    heard_at = row["last_inbound_at"]
    return ChatPlace(row["created_at"] if heard_at is None else heard_at, row["id"])


def _chat(installation: str, row: Row, phone: str, body: str | None) -> DeskChat:
    snapshot = loads(row["snapshot"])
    data: Mapping[str, Any] = snapshot.get("data") or {}
    talk = handover.from_json(data.get("handover"))
    return DeskChat(
        conversation=f"{installation}-{row['id']}",
        name=str((snapshot.get("customer") or {}).get("name") or ""),
        phone=phone,
        state=row["state"],
        hears=hears_in(data),
        heard_at=row["last_inbound_at"],
        last="" if body is None else _shortened(loads(body)),
        in_hand=in_hand(data),
        since=talk.since if talk else None,
        by=talk.by if talk else "",
        unread=talk.unread if talk else 0,
    )


def _shortened(body: Mapping[str, Any]) -> str:
    """Return what a customer sent, on one line: a text, a button that they tapped, or a kind in brackets."""
    event: Mapping[str, Any] = body.get("event") or {}
    words = event.get("text") if event.get("kind") == "text" else event.get("title")
    text = " ".join(str(words if words is not None else f"[{event.get('what') or 'something'}]").split())
    return text if len(text) <= PREVIEW else f"{text[: PREVIEW - 1]}…"
