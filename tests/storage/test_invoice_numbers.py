"""Numbers of invoices follow each other in each series, whoever issues at once, and none is given twice."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date

import pytest

from payments.processing.changes import ChangeSet, EventResult, Outcome
from payments.processing.step_input import StepInput
from payments.shop.business_day import Period
from payments.shop.invoice import NAMES_BUYER, Buyer
from storage import Store
from storage.inbox import forgetting
from storage.inbox.arrival import Arrival
from storage.reports import invoices
from tests.storage.handwritten_rows import NOW, open_store
from tests.storage.issued_invoices import APRIL, ASHA, BILL, ISSUED, NOTE, issuing
from tests.storage.test_recovery import PutBack, put_back

__all__ = ["put_back"]  # a fixture

Chat = Callable[..., Arrival]


async def numbers(store: Store) -> list[str]:
    return [row["number"] for row in await _rows(store, "SELECT number FROM invoice ORDER BY number")]


async def _rows(store: Store, sql: str) -> Iterable[dict[str, str]]:
    return await store._units.read(lambda tx: tx.fetch(sql))


def first(count: int, series: str = "AN/26-27") -> list[str]:
    return [f"{series}/{n:06}" for n in range(1, count + 1)]


@pytest.mark.parametrize("limit", [1, 7, 256])
async def test_invoices_from_two_processes(store: Store, rival: Store, chat: Chat, limit: int) -> None:
    await store.arrive([chat(str(n), phone=f"9198{n:08}") for n in range(40)], now=1)
    stores, step = [store, rival] * 3, issuing(BILL, NOTE)
    while sum(await asyncio.gather(*(s.advance_due(step, now=9, limit=limit) for s in stores))):
        pass
    assert await numbers(store) == first(40) + first(40, "ANC/26-27")


async def test_a_step_that_fails_takes_no_number(store: Store, chat: Chat) -> None:
    def fails(given: StepInput) -> ChangeSet:
        if any(event.body["text"] == "odd" for event in given.events):
            raise ValueError("no")
        return issuing(BILL)(given)

    def parked(given: StepInput) -> ChangeSet:
        answers = [EventResult(event.number, Outcome.PARKED, error="no") for event in given.events]
        return ChangeSet(given.conversation, answers)

    texts = ["hi", "odd", "hi"]
    await store.arrive([chat(t + str(n), phone=f"919{n}", text=t) for n, t in enumerate(texts)], now=1)
    while await store.advance_due(fails, now=9):
        pass
    await store.arrive([chat("later", phone="9197")], now=10)
    await store.advance_due(parked, now=10)
    assert await numbers(store) == first(2)


async def test_a_transaction_that_is_undone_leaves_no_gap(store: Store, chat: Chat) -> None:
    """The number was taken, and the row cannot be stored: the check on its total refuses it."""
    free = replace(BILL, lines=(replace(BILL.lines[0], amount=0, cgst=0, sgst=0),))
    await store.arrive([chat("a", phone="9191")], now=1)
    while await store.advance_due(issuing(BILL, free), now=9):
        pass
    assert await numbers(store) == []
    await store.arrive([chat("b", phone="9192")], now=1)
    await store.advance_due(issuing(BILL), now=9)
    assert await numbers(store) == first(1)


async def test_a_year_has_its_own_numbers(store: Store, chat: Chat) -> None:
    next_year = replace(BILL, dated=date(2027, 4, 1), year_began_at=APRIL + 365 * 86_400_000)
    await store.arrive([chat("a")], now=1)
    await store.advance_due(issuing(BILL, next_year), now=9)
    assert await numbers(store) == ["AN/26-27/000001", "AN/27-28/000001"]


async def test_a_series_that_is_full_goes_on_in_the_next(store: Store, chat: Chat) -> None:
    """The goods are not kept waiting, and operators hear of it once."""
    note = replace(NOTE, prefix="ANNA")
    full = "INSERT INTO invoice_series (name, next_ordinal) VALUES ('ANNAC/26-27', 9998)"
    await store._units.run(lambda tx: tx.fetch(full))
    for key in "abc":
        await store.arrive([chat(key, phone=f"919{ord(key)}")], now=1)
        await store.advance_due(issuing(note, note), now=9)
    assert await numbers(store) == [f"ANNAC/26-27/{n}" for n in (9998, 9999)] + first(4, "ANNAC/26B")
    [notice] = await _rows(store, "SELECT kind, subject, said FROM notice")
    assert (notice["kind"], notice["subject"]) == ("invoices", "ANNAC/26-27")
    assert "Invoices go on in ANNAC/26B" in notice["said"]


async def test_a_restored_backup_gives_no_number_again(
    put_back: PutBack, database_url: str, chat: Chat
) -> None:
    """One backup is put back again and again: each time its series is another, and begins with 1."""
    given: list[str] = []
    for n in range(3):
        epoch = (await put_back(NOW + n * 1000)).epoch
        async with open_store(database_url) as store:
            await store.arrive([chat("a")], NOW)
            await store._units.run(lambda tx: tx.fetch("DELETE FROM invoice"))
            await store.advance_due(issuing(BILL), NOW)
            given += await numbers(store)
            later = replace(BILL, dated=date(2055, 4, 1), year_began_at=NOW * 2)
            await store.arrive([chat("b")], NOW)
            await store.advance_due(issuing(later), NOW)
            assert f"AN/55-56/{1 if database_url.startswith('sqlite') else n + 1:06}" in await numbers(store)
        assert int(given[-1].split("/")[1], 36) == epoch
    assert len({number.split("/")[1] for number in given}) == 3
    assert {number.split("/")[2] for number in given} == {"000001"}


async def test_documents_are_read_as_they_were_issued(store: Store, chat: Chat) -> None:
    await store.arrive([chat("a")], now=1)
    await store.advance_due(issuing(BILL, NOTE), now=9)
    key = f"{await store.installation()}-1"
    bill, note = await store._units.read(lambda tx: invoices.of_order(tx, key, f"{key}-1"))
    assert (bill.number, bill.invoice) == ("AN/26-27/000001", replace(BILL, order_key=f"{key}-1"))
    assert (note.number, note.against, note.against_dated) == ("ANC/26-27/000001", bill.number, BILL.dated)
    period = Period(ISSUED, ISSUED + 1)
    first_page, place = await store._units.read(lambda tx: invoices.page(tx, period, None, 1))
    then, _ = await store._units.read(lambda tx: invoices.page(tx, period, place, 1))
    assert [*first_page, *then] == [bill, note]
    assert await store._units.read(lambda tx: invoices.page(tx, Period(ISSUED + 1, ISSUED + 9), None, 9)) == (
        [],
        None,
    )


async def test_a_forgotten_customers_invoice_stays_without_them(store: Store, chat: Chat) -> None:
    """From ₹50,000 the law wants the buyer's name and address."""
    dear = replace(BILL, lines=(replace(BILL.lines[0], amount=NAMES_BUYER),))
    await store.arrive([chat("a")], now=1)
    await store.advance_due(issuing(BILL, dear), now=9)
    await store._units.run(lambda tx: forgetting.erase(tx, [(1,)], 10))
    key = f"{await store.installation()}-1"
    small, large = await store._units.read(lambda tx: invoices.of_order(tx, key, f"{key}-1"))
    assert small.invoice == replace(BILL, order_key=f"{key}-1", buyer=Buyer())
    assert large.invoice.buyer == ASHA
