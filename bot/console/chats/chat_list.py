"""What the list of chats shows, as values. Pure but for what reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.console.typed import text_of
from bot.whatsapp import phones
from bot.whatsapp.channel import WHATSAPP
from storage.database.records import Records
from storage.inbox.arrivals import conversation_number
from storage.reports import chat_search, chats, open_orders
from storage.reports.chat_search import FoundChats
from storage.reports.chats import ChatFilter, ChatPlace, DeskChat
from storage.reports.open_orders import OpenOrder

LONGEST: Final = 100
"""Characters of what is searched for."""
PAGE: Final = 50
"""Chats of a page, and of those that wait for a person."""


@dataclass(frozen=True, slots=True)
class Row:
    """One chat, and the newest order of the customer that is not over."""

    chat: DeskChat
    order: OpenOrder | None


@dataclass(frozen=True, slots=True)
class ChatList:
    """One page of the list."""

    waiting: tuple[Row, ...]
    """Who waits for a person; none but on the first page."""
    more_wait: bool
    others: tuple[Row, ...]
    next: ChatPlace | None
    """After what the next page begins; None if this is the last one."""


def wanted(text: str) -> str:
    """Return what is searched for: on one line, not too long, and nothing that no text can hold."""
    return " ".join(text_of(text, LONGEST).split())


def place(text: str) -> ChatPlace | None:
    """Return the place in the list that an address names; the beginning if it names none."""
    try:
        return ChatPlace.read(text)
    except ValueError:
        return None


async def find(records: Records, words: str) -> FoundChats:
    """Return the chats that `words` may mean. Raises StorageError."""
    return await chat_search.find(records, words, phones.meant(words))


async def read(records: Records, after: ChatPlace | None) -> ChatList:
    """Return a page of the list: who waits for a person first, then who wrote last. Raises StorageError."""
    page = await chats.listed(records, ChatFilter(after=after, limit=PAGE), WHATSAPP.naming)
    others = [chat for chat in page.chats if chat.in_hand != "waits"]
    if after is not None:
        return ChatList((), False, await _rows(records, others), page.next)
    waits = await chats.listed(records, ChatFilter(waiting=True, limit=PAGE), WHATSAPP.naming)
    rows = await _rows(records, [*waits.chats, *others])
    count = len(waits.chats)
    return ChatList(rows[:count], waits.next is not None, rows[count:], page.next)


async def read_found(records: Records, conversations: Sequence[int]) -> ChatList:
    """Return these chats as they are now, in this order. Raises StorageError."""
    found = await chats.of(records, conversations, WHATSAPP.naming)
    return ChatList((), False, await _rows(records, found), None)


async def _rows(records: Records, found: Sequence[DeskChat]) -> tuple[Row, ...]:
    numbers = [conversation_number(records.installation, chat.conversation) or 0 for chat in found]
    orders = await open_orders.newest(records, numbers)
    return tuple(Row(chat, orders.get(number)) for chat, number in zip(found, numbers, strict=True))
