"""The queue of copies: one worker has a copy at a time, and nothing that changes meanwhile is missed."""

from payments.ledger.mirrors import LOOK_AFTER, Change, Concerned, CopyStatus, LookUp, Rest, next_task
from payments.ledger.polling import REFUND_WINDOW
from payments.ledger.state import OrderState
from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import EventKind
from storage import Store
from storage.inbox.arrival import Arrival
from storage.operations import epochs
from storage.outbox.mirrors import ClaimedMirror, Tried
from tests.builders import change_set
from tests.storage.handwritten_rows import NOW, run_sql
from tests.storage.step_changes import order_of

LEASE = 60_000


async def wanted(store: Store) -> None:
    """A customer's step places their order, or changes it, so that its copy may have to follow."""
    first = not await store.mirrors.find(await key(store))
    count = len(await store._units.read(lambda tx: tx.fetch("SELECT id FROM inbox")))
    hi = Arrival(f"k{count}", EventKind.CHAT, {}, aliases=(("phone", "919800000001"),), name="Asha")
    await store.arrive([hi], NOW)
    mirrored = [Concerned(await key(store), is_new=first)]
    assert await store.advance_due(
        lambda given: change_set(given, placed=[order_of(given)] if first else [], mirrored=mirrored), NOW
    )


async def key(store: Store) -> str:
    return f"{await store.installation()}-1-1"


async def claimed(store: Store, now: int = NOW) -> ClaimedMirror:
    [one] = await store.mirrors.claim(now, 4, LEASE)
    return one


async def due_at(store: Store) -> int | None:
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT due_at FROM mirror"))
    found: int | None = row["due_at"]
    return found


async def test_a_claimed_copy_comes_with_its_order_and_nobody_else_gets_it(store: Store) -> None:
    await wanted(store)
    one = await claimed(store)
    assert (one.order.key, one.phone) == (await key(store), "919800000001")
    assert isinstance(one.order, OrderState)
    assert await store.mirrors.claim(NOW, 4, LEASE) == []


async def test_what_is_recorded_is_claimed_next(store: Store) -> None:
    await wanted(store)
    one = await claimed(store)
    assert await store.mirrors.asked(one, one.mirror.asked(NOW))
    assert (await store.mirrors.find(one.order.key)) == one.mirror.asked(NOW)
    made = one.mirror.doubted(NOW).made("gid://7", CopyStatus.PAID)
    await store.mirrors.record(one, Tried(made, NOW + 5), NOW)
    assert await store.mirrors.claim(NOW + 4, 4, LEASE) == []
    again = await claimed(store, NOW + 5)
    assert again.mirror == made


async def test_a_change_meanwhile_is_not_missed(store: Store) -> None:
    await wanted(store)
    one = await claimed(store)
    await wanted(store)
    assert await store.mirrors.claim(NOW, 4, LEASE) == [], "a worker has it"
    await store.mirrors.record(one, Tried(one.mirror, None), NOW + 1)
    assert await due_at(store) == NOW + 1


async def test_what_is_done_is_due_again_when_its_order_changes(store: Store) -> None:
    await wanted(store)
    one = await claimed(store)
    await store.mirrors.record(one, Tried(one.mirror, None), NOW)
    assert await due_at(store) is None
    await wanted(store)
    assert await due_at(store) == NOW


async def test_a_worker_whose_lease_has_ended_changes_nothing(store: Store) -> None:
    await wanted(store)
    late = await claimed(store)
    one = await claimed(store, NOW + LEASE)
    assert not await store.mirrors.asked(late, late.mirror.asked(NOW))
    notice = Notice(NoticeKind.SHOPIFY, "x", "y")
    await store.mirrors.record(late, Tried(late.mirror, None, notices=(notice,)), NOW)
    assert await due_at(store) == NOW + 2 * LEASE
    assert await store._units.read(lambda tx: tx.fetch("SELECT * FROM notice")) == []
    assert await store.mirrors.asked(one, one.mirror.asked(NOW))


async def test_an_order_that_cannot_be_read_is_told_and_holds_nobody_up(store: Store) -> None:
    await wanted(store)
    await store._units.run(lambda tx: tx.fetch("UPDATE orders SET destination = '7'"))
    assert await store.mirrors.claim(NOW, 4, LEASE) == []
    [notice] = await store._units.read(lambda tx: tx.fetch("SELECT * FROM notice"))
    assert (notice["kind"], notice["subject"]) == ("outbox", await key(store))
    assert await due_at(store) == NOW + 3_600_000


async def test_a_copy_that_a_clock_set_back_has_put_off_is_due(store: Store) -> None:
    await wanted(store)
    one = await claimed(store)
    await store.mirrors.record(one, Tried(one.mirror, NOW + 3_600_000), NOW)
    await store.rewind(NOW)
    assert await due_at(store) == NOW + 3_600_000, "it may rightly wait so long"
    await store.rewind(NOW - 86_400_000)
    assert await due_at(store) == NOW - 86_400_000


async def test_a_copy_that_was_asked_for_before_the_clock_was_set_back_is_looked_for(store: Store) -> None:
    await wanted(store)
    one = await claimed(store)
    asked = one.mirror.asked(NOW).failed(NOW)
    await store.mirrors.record(one, Tried(asked, NOW + 60_000, "lost"), NOW)
    back = NOW - 30 * 86_400_000
    await store.rewind(back, NOW - back)
    again = await claimed(store, back)
    assert (again.mirror.asked_at, again.mirror.failing_since) == (back, back)
    assert next_task(again.mirror, again.order, back) == Rest(back + LOOK_AFTER[0])
    assert next_task(again.mirror, again.order, back + LOOK_AFTER[0]) == LookUp()


async def test_a_clock_that_is_set_back_during_the_call_puts_no_look_off(store: Store) -> None:
    await wanted(store)
    one = await claimed(store)
    asked, back = one.mirror.asked(NOW).failed(NOW), NOW - 30 * 86_400_000
    await store.mirrors.record(one, Tried(asked, back + 1_000, "lost"), back)
    again = await claimed(store, back + 1_000)
    assert (again.mirror.asked_at, again.mirror.failing_since) == (back, back)


async def test_a_copy_of_an_order_that_is_older_than_a_restore_says_so(store: Store) -> None:
    await wanted(store)
    await run_sql(store, "UPDATE installation SET restored_at = 0")
    assert (await claimed(store)).restored_at is None
    await run_sql(store, f"UPDATE installation SET restored_at = {NOW}")
    assert (await claimed(store, NOW + LEASE)).restored_at == NOW


async def test_a_copy_is_read_again_after_a_restore(store: Store, database_url: str) -> None:
    await wanted(store)
    made = (await claimed(store)).mirror.made("gid://1", CopyStatus.PAID)
    one = await store.mirrors.claim(NOW + LEASE, 4, LEASE)
    await store.mirrors.record(one[0], Tried(made, None), NOW + LEASE)
    assert await due_at(store) is None
    on_sqlite = database_url.startswith("sqlite")
    await store._units.run(lambda tx: epochs.begin(tx, NOW + REFUND_WINDOW, on_sqlite))
    assert await due_at(store) is None, "it is older than the links that are asked about"
    await store._units.run(lambda tx: epochs.begin(tx, NOW + REFUND_WINDOW - 1, on_sqlite))
    again = await claimed(store, NOW + REFUND_WINDOW)
    assert isinstance(next_task(again.mirror, again.order, NOW), Change)
