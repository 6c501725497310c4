"""Planted bugs of the numbers of invoices, on PostgreSQL, where two processes number at once."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from storage import Store
from storage.database.transaction import Transaction
from storage.inbox import invoice_numbers
from storage.inbox.arrival import Arrival
from tests.storage import test_invoice_numbers as sound
from tests.storage.issued_invoices import BILL, issuing
from tests.storage.test_invoice_numbers import first, numbers

Chat = Callable[..., Arrival]

_COUNTED = "SELECT 1 + count(*) + $2::bigint AS next_ordinal FROM invoice WHERE number LIKE $1 || '/%'"
"""Who counts the documents sees none of those that another process is about to store."""
_DRAWN = "SELECT nextval('planted') + 0 * length($1) + $2::bigint AS next_ordinal"
"""A sequence of the database does not come back with the transaction."""


@pytest.fixture(params=["postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    url: str = request.getfixturevalue("postgres_url")
    return url


def meeting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the first two transactions that have taken a number store it only when both have one."""
    insert, both, coming = Transaction.insert, asyncio.Barrier(2), [1, 2]

    async def after_both(self: Transaction, sql: str, rows: Sequence[Sequence[Any]]) -> Any:
        if coming and sql == invoice_numbers._INVOICES:
            coming.pop()
            await both.wait()
        return await insert(self, sql, rows)

    monkeypatch.setattr(Transaction, "insert", after_both)


async def two_at_once(store: Store, rival: Store, chat: Chat) -> list[str]:
    """Return the numbers that two processes give, each to one document."""
    await store.arrive([chat("a", phone="9191"), chat("b", phone="9192")], now=1)
    step = issuing(BILL)
    await asyncio.gather(*(one.advance_due(step, now=9, limit=1) for one in (store, rival)))
    while await store.advance_due(step, now=9):
        pass
    return await numbers(store)


async def test_who_counts_gives_one_number_twice(
    store: Store, rival: Store, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store._units.run(lambda tx: tx.fetch("ALTER TABLE invoice DROP CONSTRAINT invoice_pkey"))
    monkeypatch.setattr(invoice_numbers, "_TAKE", _COUNTED)
    meeting(monkeypatch)
    assert await two_at_once(store, rival, chat) == first(1) * 2


async def test_the_key_of_the_table_refuses_the_second(
    store: Store, rival: Store, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even then no two documents have one number: the transaction fails, and is tried again."""
    monkeypatch.setattr(invoice_numbers, "_TAKE", _COUNTED)
    meeting(monkeypatch)
    assert await two_at_once(store, rival, chat) == first(2)


async def test_a_sequence_leaves_a_gap_where_a_step_was_undone_and_tried_again(
    store: Store, chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    await store._units.run(lambda tx: tx.fetch("CREATE SEQUENCE planted"))
    monkeypatch.setattr(invoice_numbers, "_TAKE", _DRAWN)
    with pytest.raises(AssertionError, match="AN/26-27/00000"):
        await sound.test_a_transaction_that_is_undone_leaves_no_gap(store, chat)
