"""The shop's staff: declared at start, and given to steps by the conversations that they have."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import Quoted
from payments.shop.staff import Right, Staff
from storage.database.transaction import Row, Transaction
from storage.inbox import notices
from storage.inbox.customers import Evidence, Naming
from storage.inbox.directory import load_directory, save

Digits = str
"""A phone number as the channel writes it: digits with the country code."""


async def declare(tx: Transaction, staff: Mapping[Digits, Staff], now: int, naming: Naming) -> None:
    """Make `staff` the shop's staff, by the channel's name of each. A new one gets a conversation.

    A number that was declared before keeps the person who has it. To let another person have it, take it out
    for one start.
    """
    known = [row["phone"] for row in await tx.fetch("SELECT phone FROM staff ORDER BY phone")]
    directory = await load_directory(tx, staff, naming)
    for digits in staff:
        directory.customer(Evidence(((naming.passing, digits),)), None)
    await save(tx, directory, now)
    gone = [(digits,) for digits in known if digits not in staff]
    await tx.each("DELETE FROM staff WHERE phone = $1", gone)
    rows = [(digits, one.name, ",".join(sorted(one.may))) for digits, one in sorted(staff.items())]
    await tx.insert(_DECLARE, rows)


_DECLARE: Final = """
INSERT INTO staff (phone, name, may) VALUES {rows}
ON CONFLICT (phone) DO UPDATE SET name = excluded.name, may = excluded.may"""


@dataclass(frozen=True, slots=True)
class Members:
    """The shop's staff, by the public ids of their conversations."""

    staff: Mapping[str, Staff]
    heard: Mapping[str, int | None]
    """When each last wrote, in milliseconds since 1970, UTC; None if never."""


async def load(tx: Transaction, now: int, naming: Naming) -> Members:
    """Return the staff.

    A number that has come with another person's lasting name is nobody's any more: it is left out, and
    operators get a notice.
    """
    rows = await tx.fetch(_STAFF, naming.passing)
    learned = [row for row in rows if row["known"] is None and row["beside"] is not None]
    await tx.each(_LEARN, [(row["phone"], row["beside"]) for row in learned])
    # Without a lasting name beside it, the number says nothing of who has it.
    named = [row for row in rows if row["known"] is not None and row["beside"] is not None]
    recycled = [row for row in named if row["known"] != row["beside"]]
    if recycled:
        await tx.each(_RECYCLED, [(row["phone"], now) for row in recycled])
        await notices.add(tx, [_notice(row) for row in recycled], now)
    present = {f"{tx.installation}-{r['conversation_id']}": r for r in rows if r not in recycled}
    heard = {id: row["last_inbound_at"] for id, row in present.items()}
    return Members({id: _staff(row) for id, row in present.items()}, heard)


_STAFF: Final = """
SELECT s.phone, s.name, s.may, s.beside AS known, a.beside, a.conversation_id,
    (SELECT c.last_inbound_at FROM conversation c WHERE c.id = a.conversation_id) AS last_inbound_at
FROM staff s JOIN alias a ON a.value = s.phone AND a.kind = $1
WHERE s.recycled_at IS NULL ORDER BY s.phone"""
_LEARN: Final = "UPDATE staff SET beside = $2 WHERE phone = $1 AND beside IS NULL"
_RECYCLED: Final = "UPDATE staff SET recycled_at = $2 WHERE phone = $1"


def _staff(row: Row) -> Staff:
    return Staff(row["name"], f"+{row['phone']}", frozenset(Right(word) for word in row["may"].split(",")))


def _notice(row: Row) -> Notice:
    text = (
        f"The number of {row['name']}, one of the shop's staff, is another person's now. Munshi tells it"
        " nothing of the shop, and takes nothing from it as the staff's. Take it out of the staff and start"
        " again; if it is the right person all the same, put it in again and start once more."
    )
    return Notice(NoticeKind.STAFF, row["name"], text)


async def phones(tx: Transaction, conversations: Sequence[int], naming: Naming) -> dict[int, Digits]:
    """Return the newest phone number of each of `conversations` that has one."""
    rows = await tx.fetch(_PHONES, conversations, naming.passing)
    return {row["conversation_id"]: row["value"] for row in rows}


# Oldest first, so that the newest remains.
_PHONES: Final = """
SELECT conversation_id, value FROM alias WHERE conversation_id = ANY($1::bigint[]) AND kind = $2
ORDER BY told_at, id"""


async def quoted(tx: Transaction, staff: Iterable[str], ids: Sequence[str]) -> dict[str, Quoted]:
    """Return the messages of ours to the staff that they quoted, by the channel's id.

    `ids`: what the staff have quoted. `staff`: their conversations.
    """
    numbers = [int(public.rpartition("-")[2]) for public in staff]
    rows = await tx.fetch(_QUOTED, sorted(set(ids)), numbers) if ids and numbers else []
    return {
        row["provider_id"]: Quoted(f"{tx.installation}-{row['conversation_id']}", row["name"]) for row in rows
    }


# The condition on `provider_id` is the partial index's own.
_QUOTED: Final = """
SELECT o.provider_id, o.name, i.conversation_id FROM outbox o JOIN inbox i ON i.id = o.caused_by
WHERE o.provider_id IS NOT NULL AND o.provider_id = ANY($1::text[])
    AND o.conversation_id = ANY($2::bigint[])"""
