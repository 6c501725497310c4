"""What people decide about strays, orders and stock, as a shop asks it of its database."""

from dataclasses import replace
from functools import partial

from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind, StepInput
from payments.shop import amendments
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.orders import Lifecycle
from payments.shop.quotas import Booking
from storage.inbox.arrival import Arrival
from storage.inbox.strays import Settled, StrayDecision
from tests.builders import change_set, refunded, webhook
from tests.storage.purchases import Shop


def raises(given: StepInput) -> ChangeSet:
    """Stand for a step that cannot be done: its event is parked."""
    raise ValueError("no")


async def settle(shop: Shop) -> None:
    """A stray: money for an order that is not here, settled by a person."""
    key = f"{await shop.store.installation()}-1-9lost"
    told = {"order_key": key, "facts": []}
    await shop.store.arrive([Arrival("lost", EventKind.FACTS, told, order_key=key)], shop.now)
    await shop.store.advance_due(raises, shop.now)
    reference = f"{key}.1"
    assert await shop.store.lacking({reference}) == {reference: frozenset()}
    await shop.store.settle(Settled("plink_lost", key, reference, 0, StrayDecision.CANCELLED), shop.now)
    await _fail_a_refund(shop, key, reference)


async def _fail_a_refund(shop: Shop, key: str, reference: str) -> None:
    """The refund of a stray, which a person had decided, fails."""
    settled = Settled("plink_lost", key, reference, 100, StrayDecision.REFUNDED, frozenset({"pay_lost"}))
    await shop.store.settle(settled, shop.now)
    kind, body = webhook(refunded("failed", 100, "rfnd_lost", "pay_lost", order_key=key))
    await shop.store.arrive([Arrival("failed", kind, body, order_key=key)], shop.now)


async def amend(shop: Shop, customers: range) -> None:
    """`customers` order, cash is promised, a piece is missing of each, and they take and free places."""
    await shop.order([*customers])
    for name in ("slot:a", "slot:b"):
        await shop.write([*customers], "hi")
        await shop.store.advance_due(partial(_promise, slot=name), shop.now)


def _promise(given: StepInput, slot: str) -> ChangeSet:
    before = max(given.orders.values(), key=lambda state: state.order.placed_at)
    if before.stage is not None:
        return change_set(given, bookings=[Booking(slot, 1, 9, 1), Booking("slot:a", -1)])
    due = replace(before, lifecycle=Lifecycle.PROMISED, stage=Stage.PLACED)
    sku = before.order.lines[0].sku
    less = Amendment(amendments.key_of(due.key, 1), due.key, AmendmentKind.LESS, "ravi", 1, 1, sku, 1)
    taken = [Booking(slot, 1, 9, 1), Booking("coupon:X", 1, 9)]
    return change_set(given, orders=[due], amendments=[less], bookings=taken)


async def declare(shop: Shop) -> None:
    """Declare stock while orders are open: new, changed, sold, and no longer counted."""
    await shop.order([4_000_000])
    await shop.store.declare({"masala-250": 5_000, "kulhad-6": 5})
    await shop.store.declare({"masala-250": 4_000, "kulhad-6": 5})
    await shop.order([4_000_001])
    await shop.store.declare({"masala-250": 4_000})
    for available in (False, True):
        await shop.store.switch("masala-250", available=available, by="test", now=shop.now)
