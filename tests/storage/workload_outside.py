"""Every statement that is asked for the shop's other programs: events out, copies of orders, invoices."""

from functools import partial
from typing import Final

from bot.ingest import from_operator_forget
from payments.ledger.mirrors import Concerned
from payments.processing.changes import ChangeSet
from payments.processing.events_out import EventType, HookEvent
from payments.processing.step_input import StepInput
from payments.shop.stock import COUNTED_THERE
from storage.database.transaction import Units
from storage.inbox import stock
from storage.outbox import hooks, mirrors
from storage.outbox.hooks import HookState
from tests.builders import change_set
from tests.storage.issued_invoices import BILL, NOTE, issuing
from tests.storage.purchases import LEASE, Shop, names

_DAY: Final = 86_400_000


async def tell_other_programs(shop: Shop) -> None:
    """Events out are stored, sent, given up, sent again, looked at, and erased with their customer."""
    queue = shop.store.hooks
    await shop.write([7_000_000, 7_000_001], "hi")
    await shop.store.advance_due(_tells, shop.now)
    [one, *_] = await queue.claim(shop.now, 10, LEASE)
    await queue.record(hooks.Tried(one, HookState.WAITING, shop.now + 2 * LEASE, "gone"), shop.now)
    await queue.resume("gone", shop.now, LEASE)
    [one] = await queue.claim(shop.now, 10, LEASE)
    await queue.record(hooks.Tried(one, HookState.FAILED, error="refused"), shop.now)
    assert await queue.retry(one.stream) == 1
    while found := await queue.claim(shop.now, 10, LEASE):
        for one in found:
            await queue.record(hooks.Tried(one, HookState.DONE), shop.now)
    await queue.counts()
    await queue.open(10)
    await queue.page(0, 0, shop.now, 10)
    await shop.store.arrive([from_operator_forget(names(7_000_000)[1][1], "2")], shop.now)
    await shop.step()
    lease = await shop.store.begin_pruning(shop.now + 2 * _DAY)
    assert lease is not None
    pruned = await shop.store.prune(lease, shop.now + 1, shop.now + 2 * _DAY, 50)
    assert pruned is not None
    assert pruned.told == 50


def _tells(given: StepInput) -> ChangeSet:
    number, stream = given.events[0].number, given.conversation.id
    told = [HookEvent(f"{number}.{n}", stream, EventType.OPENED, {}) for n in range(2)]
    return change_set(given, hooks=told)


async def copy_orders(shop: Shop, beside: Units) -> None:
    """Orders are copied to the shop's other system; one of them cannot be read. Its count is read."""
    there = "UPDATE stock SET in_served = $1"
    await beside.run(lambda tx: tx.fetch(there, COUNTED_THERE))
    counts = await shop.store._units.read(stock.left)
    assert await shop.store.read_there(counts, shop.now, shop.now) == len(counts) > 0
    await beside.run(lambda tx: tx.fetch("UPDATE stock SET in_served = in_file"))
    wanted = [Concerned(link.key, is_new=True) for link in [*shop.razorpay.links.values()][-3:]]
    for mirrored in (wanted, [Concerned(one.order_key) for one in wanted]):
        await shop.write([0], "hi")
        await shop.store.advance_due(partial(change_set, mirrored=mirrored), shop.now)
    destination = "UPDATE orders SET destination = $2 WHERE key = $1"
    await beside.run(lambda tx: tx.fetch(destination, wanted[0].order_key, "7"))
    one, two, *_ = await shop.store.mirrors.claim(shop.now, 4, LEASE)
    await beside.run(lambda tx: tx.fetch(destination, wanted[0].order_key, "{}"))
    assert await shop.store.mirrors.asked(one, one.mirror.asked(shop.now))
    await shop.store.mirrors.record(two, mirrors.Tried(two.mirror, shop.now, "busy"), shop.now)
    assert await shop.store.mirrors.find(one.order.key)
    await shop.store.mirrors.seen(one.order.key, "gid://1", shop.now)
    await shop.store.mirrors.recheck("gid://2", shop.now)
    await shop.store.mirrors.retry(one.order.key, shop.now)
    await shop.store._units.read(lambda tx: mirrors.open_mirrors(tx, 9))
    await shop.store._units.read(lambda tx: mirrors.of_order(tx, one.order.key))


async def issue_invoices(shop: Shop) -> None:
    """Goods leave, and their invoices and credit notes are numbered."""
    await shop.write([*range(1_000_000, 1_000_030)], "hi")
    await shop.store.advance_due(issuing(BILL, NOTE), shop.now)
    key = f"{await shop.store.installation()}-1"
    assert len(await shop.store.invoices_of(key, f"{key}-1")) <= 1
