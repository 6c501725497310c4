"""Captured money for orders that this database lacks: one notice a payment, until a person settles it."""

from typing import Any

import pytest

from payments.ledger.facts import to_json
from payments.processing.notice import NoticeKind
from payments.processing.step_input import EventKind
from storage import Store
from storage.database.records import reading
from storage.inbox.arrival import Arrival
from storage.inbox.strays import Settled, StrayDecision
from storage.reports.ledger import books
from tests import builders
from tests.storage.handwritten_rows import NOW, insert

PAID = frozenset({"pay_1"})


def captured(key: str, order: str, **fact: Any) -> Arrival:
    """A webhook about a captured payment of ₹500. `fact` replaces fields of its fact."""
    told = to_json(builders.captured(order_key=order)) | fact
    return Arrival(
        key, EventKind.FACTS, {"order_key": order, "facts": [told], "problems": []}, order_key=order
    )


async def alarms(store: Store) -> list[tuple[str, str]]:
    rows = await store._units.read(lambda tx: tx.fetch("SELECT kind, subject, said FROM notice"))
    return [(row["subject"], row["said"]) for row in rows if row["kind"] == NoticeKind.STRAY_MONEY]


@pytest.fixture
async def ours(store: Store) -> str:
    """An order of this installation that the database lacks."""
    return f"{await store.installation()}-77-1abcdef"


async def test_it_is_told_once_for_each_payment(store: Store, ours: str) -> None:
    second = captured("c", ours, entity_id="pay_2")
    other = captured("d", f"{ours}g", entity_id="pay_3")
    await store.arrive([captured("a", ours), captured("b", ours), second, other], NOW)
    await store.arrive([captured("e", ours)], NOW)
    told = sorted(await alarms(store))
    assert [payment for payment, _ in told] == ["pay_1", "pay_2", "pay_3"]
    said = told[0][1]
    assert f"₹500 was captured (pay_1) for {ours}" in said
    assert "munshi settle" in said


async def test_another_installation_s_is_told_as_that(store: Store) -> None:
    await store.arrive([captured("a", "zzzzzzzz-1-1abcdef")], NOW)
    [(_, said)] = await alarms(store)
    assert "the installation zzzzzzzz" in said


@pytest.mark.parametrize(
    "fact", [{"state": "authorized"}, {"state": "failed"}, {"entity": "refund", "state": "processed"}]
)
async def test_what_is_no_captured_money_is_no_alarm(store: Store, ours: str, fact: dict[str, Any]) -> None:
    await store.arrive([captured("a", ours, **fact)], NOW)
    assert await alarms(store) == []


async def test_money_of_an_order_that_is_here_is_no_alarm(store: Store, ours: str) -> None:
    await insert(store, "orders", key=ours, number="1")
    await store.arrive([captured("a", ours)], NOW)
    assert await alarms(store) == []


async def test_settled_is_asked_of_no_more(store: Store, database_url: str, ours: str) -> None:
    await insert(store, "conversation", id=77)
    await store.arrive([captured("a", ours)], NOW)
    await store.advance_due(_unknown, NOW)
    assert (await store.counts(NOW)).parked == 1
    await store.settle(Settled("plink_1", ours, f"{ours}.1abcd", 50_000, StrayDecision.REFUNDED, PAID), NOW)
    counts = await store.counts(NOW)
    assert (counts.parked, counts.notices) == (0, 0)
    await store.arrive([captured("b", ours)], NOW)
    counts = await store.counts(NOW)
    assert (counts.pending, counts.parked, counts.notices) == (0, 0, 0)
    assert await store.lacking({f"{ours}.1abcd", "other.1"}) == {
        f"{ours}.1abcd": PAID,
        "other.1": frozenset(),
    }
    async with reading(database_url) as records:
        assert (await books(records)).discrepancies == []


async def test_what_is_paid_after_its_link_was_cancelled_is_told_and_asked_about_again(
    store: Store, ours: str
) -> None:
    """A payment may stay authorised for days."""
    await store.settle(Settled("plink_1", ours, f"{ours}.1abcd", 0, StrayDecision.CANCELLED), NOW)
    assert await store.lacking({f"{ours}.1abcd"}) == {f"{ours}.1abcd": frozenset()}
    await store.arrive([captured("a", ours)], NOW)
    assert [payment for payment, _ in await alarms(store)] == ["pay_1"]
    await store.settle(Settled("plink_1", ours, f"{ours}.1abcd", 50_000, StrayDecision.REFUNDED, PAID), NOW)
    assert await alarms(store) == []
    assert await store.lacking({f"{ours}.1abcd"}) == {f"{ours}.1abcd": PAID}


async def test_a_refund_that_fails_afterwards_is_told(store: Store, ours: str) -> None:
    await store.settle(Settled("plink_1", ours, f"{ours}.1abcd", 50_000, StrayDecision.REFUNDED, PAID), NOW)
    failed = {"entity": "refund", "entity_id": "rfnd_1", "state": "failed", "amount": 50_000}
    await store.arrive([captured("a", ours, **failed)], NOW)
    [(refund, said)] = await alarms(store)
    assert refund == "rfnd_1"
    assert ours in said
    assert "₹500" in said
    assert "could not be given back (rfnd_1)" in said


def _unknown(given: Any) -> Any:
    raise LookupError("this database doesn't have it")


async def test_a_word_on_a_second_link_does_not_silence_an_order_that_is_here(
    store: Store, ours: str
) -> None:
    await insert(store, "conversation", id=77)
    await insert(store, "orders", conversation_id=77, key=ours, number="1")
    await store.settle(Settled("plink_1", ours, f"{ours}.1abcd", 0, StrayDecision.CANCELLED), NOW)
    await store.arrive([captured("a", ours)], NOW)
    assert (await store.counts(NOW)).pending == 1


async def unclaimed(database_url: str) -> list[str]:
    async with reading(database_url) as records:
        return [wrong.said for wrong in (await books(records)).discrepancies]


@pytest.mark.parametrize("decision", [StrayDecision.REFUNDED, StrayDecision.KEPT])
async def test_another_payment_of_a_settled_order_is_told_parked_and_in_the_ledger(
    store: Store, database_url: str, ours: str, decision: StrayDecision
) -> None:
    await insert(store, "conversation", id=77)
    await store.settle(Settled("plink_1", ours, f"{ours}.1abcd", 50_000, decision, PAID), NOW)
    await store.arrive([captured("a", ours), captured("b", ours, entity_id="pay_2")], NOW)
    await store.advance_due(_unknown, NOW)
    assert [payment for payment, _ in await alarms(store)] == ["pay_2"]
    assert (await store.counts(NOW)).parked == 1
    [said] = await unclaimed(database_url)
    assert said.startswith("pay_2 was captured")


async def test_money_on_a_cancelled_link_is_told_though_another_was_kept(
    store: Store, database_url: str, ours: str
) -> None:
    await insert(store, "conversation", id=77)
    await store.settle(Settled("plink_1", ours, f"{ours}.1abcd", 0, StrayDecision.CANCELLED), NOW)
    await store.settle(
        Settled("plink_2", ours, f"{ours}.2abcd", 50_000, StrayDecision.KEPT, frozenset({"pay_2"})), NOW
    )
    await store.arrive([captured("a", ours)], NOW)
    await store.advance_due(_unknown, NOW)
    assert [payment for payment, _ in await alarms(store)] == ["pay_1"]
    assert len(await unclaimed(database_url)) == 1


async def test_a_word_on_one_payment_leaves_the_alarm_of_another(
    store: Store, database_url: str, ours: str
) -> None:
    await insert(store, "conversation", id=77)
    await store.arrive([captured("a", ours), captured("b", ours, entity_id="pay_2")], NOW)
    for _ in range(2):
        await store.advance_due(_unknown, NOW)
    assert (await store.counts(NOW)).parked == 2
    await store.settle(Settled("plink_1", ours, f"{ours}.1abcd", 50_000, StrayDecision.KEPT, PAID), NOW)
    assert [payment for payment, _ in await alarms(store)] == ["pay_2"]
    assert (await store.counts(NOW)).parked == 1
    assert len(await unclaimed(database_url)) == 1
    second = Settled("plink_1", ours, f"{ours}.1abcd", 50_000, StrayDecision.REFUNDED, frozenset({"pay_2"}))
    await store.settle(second, NOW)
    assert (await alarms(store), await unclaimed(database_url)) == ([], [])
    assert await store.lacking({f"{ours}.1abcd"}) == {f"{ours}.1abcd": PAID | {"pay_2"}}


async def test_of_a_card_each_of_its_orders_at_razorpay_is_decided_by_itself(store: Store, ours: str) -> None:
    card = f"{ours}.c1abcd"
    for number in (1, 2):
        paid = frozenset({f"pay_{number}"})
        await store.settle(Settled(f"order_{number}", ours, card, 50_000, StrayDecision.REFUNDED, paid), NOW)
    assert await store.lacking({card}) == {card: frozenset({"pay_1", "pay_2"})}


async def test_what_is_not_given_back_after_all_is_to_be_decided_again(store: Store, ours: str) -> None:
    reference = f"{ours}.1abcd"
    both = frozenset({"pay_1", "pay_2"})
    await store.settle(Settled("plink_1", ours, reference, 100_000, StrayDecision.REFUNDED, both), NOW)
    failed = {"entity": "refund", "entity_id": "rfnd_1", "state": "failed", "detail": {"payment_id": "pay_1"}}
    await store.arrive([captured("a", ours, **failed)], NOW)
    [(_, said)] = await alarms(store)
    assert "munshi settle" in said
    assert await store.lacking({reference}) == {reference: frozenset({"pay_2"})}
    await store.settle(Settled("plink_1", ours, reference, 50_000, StrayDecision.KEPT, PAID), NOW)
    assert await store.lacking({reference}) == {reference: both}


async def test_what_waits_in_an_unreadable_shape_keeps_nobody_from_settling(store: Store, ours: str) -> None:
    await insert(store, "conversation", id=77)
    odd = Arrival(
        "odd", EventKind.FACTS, {"order_key": ours, "facts": [7, {"entity": "payment"}]}, order_key=ours
    )
    await store.arrive([odd, captured("a", ours)], NOW)
    await store.advance_due(_unknown, NOW)
    assert (await store.counts(NOW)).parked == 2
    await store.settle(Settled("plink_1", ours, f"{ours}.1abcd", 50_000, StrayDecision.KEPT, PAID), NOW)
    assert (await store.counts(NOW)).parked == 0


@pytest.mark.parametrize("decided_before", [False, True])
async def test_money_in_an_unreadable_shape_is_not_settled_along_with_other_money(
    store: Store, database_url: str, ours: str, decided_before: bool
) -> None:
    await insert(store, "conversation", id=77)
    settled = Settled("plink_1", ours, f"{ours}.1abcd", 50_000, StrayDecision.KEPT, PAID)
    if decided_before:
        await store.settle(settled, NOW)
    bare = {"entity": "payment", "state": "captured", "entity_id": "pay_9"}
    odd = Arrival("odd", EventKind.FACTS, {"order_key": ours, "facts": [bare]}, order_key=ours)
    await store.arrive([odd], NOW)
    await store.advance_due(_unknown, NOW)
    await store.settle(settled, NOW)
    assert (await store.counts(NOW)).parked == 1
    [said] = await unclaimed(database_url)
    assert said.startswith("pay_9 was captured")


async def test_of_an_order_that_is_here_a_person_is_not_asked(store: Store, ours: str) -> None:
    await insert(store, "conversation", id=77)
    await insert(store, "orders", conversation_id=77, key=ours, number="1")
    assert await store.lacking({f"{ours}.2abcd"}) == {f"{ours}.2abcd": None}


async def test_a_link_that_was_only_planned_here_is_lacking_and_one_that_is_being_made_is_not(
    store: Store, ours: str
) -> None:
    await insert(store, "conversation", id=77)
    await insert(store, "orders", conversation_id=77, key=ours, number="1")
    for ordinal, status in enumerate(("planned", "refused", "creating", "withdrawing"), start=1):
        reference = f"{ours}.{ordinal}abcd"
        await insert(
            store, "attempt", conversation_id=77, order_key=ours, reference_id=reference, ordinal=ordinal,
            status=status,
        )  # fmt: skip
    all_four = {f"{ours}.{ordinal}abcd" for ordinal in range(1, 5)}
    assert await store.lacking(all_four) == {f"{ours}.1abcd": None, f"{ours}.2abcd": None}
