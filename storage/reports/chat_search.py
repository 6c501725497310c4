"""Looks for a customer's chat by a name, a phone number or an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from storage.database.records import Records
from storage.database.transaction import Transaction
from storage.reports.chats import EVER
from storage.reports.customers import name_in
from storage.reports.timeline import subjects

LOOKED_AT: Final = 20_000
"""Chats in which a name is looked for at most, those who wrote last first: a person waits for the answer."""
FOUND: Final = 50
"""Chats that are found at most."""
_PAGE: Final = 1000


@dataclass(frozen=True, slots=True)
class FoundChats:
    """What was found."""

    conversations: tuple[int, ...]
    cut: bool
    """Whether there may be more: not all chats were looked at, or more fit than `FOUND`."""


async def find(records: Records, words: str, phones: Sequence[str], looked_at: int = LOOKED_AT) -> FoundChats:
    """Return the chats that `words` may mean: a phone number, an order, a conversation, a part of a name.

    `phones` are the phone numbers that `words` may mean: digits with the country code. Names are compared
    without regard to case, only if nothing else fits, and only those of customers who wrote.
    """
    named = await subjects(records, words, phones)
    exact = tuple(dict.fromkeys(subject.conversation for subject in named))
    if exact:
        return FoundChats(exact[:FOUND], len(exact) > FOUND)
    return await _called(records.reads, words.casefold(), looked_at)


async def _called(tx: Transaction, part: str, looked_at: int) -> FoundChats:
    """Return the chats of customers with `part` in their name, who wrote last first."""
    found: list[int] = []
    at, id, seen = EVER, 0, 0
    while rows := await tx.fetch(_NAMES, at, id, min(_PAGE, looked_at - seen)):
        at, id, seen = rows[-1]["last_inbound_at"], rows[-1]["id"], seen + len(rows)
        found += [row["id"] for row in rows if part in name_in(row["snapshot"]).casefold()]
        if len(found) > FOUND or seen == looked_at:
            return FoundChats(tuple(found[:FOUND]), True)
    return FoundChats(tuple(found), False)


_NAMES: Final = """
SELECT id, snapshot, last_inbound_at FROM conversation
WHERE (last_inbound_at, id) < ($1, $2) AND merged_into IS NULL
ORDER BY last_inbound_at DESC, id DESC LIMIT $3"""
