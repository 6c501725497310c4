"""What must hold for each single step, whatever else is going on.

The checks read the values of a step and add up by themselves: they use no code that decides.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from payments.ledger.refunds import OUTSIDE
from payments.ledger.state import OrderState
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from tests.simulation.day.setting import CAPACITY, COUPON_USES, PER_CUSTOMER, RIGHTS, STAFF

LADDER: Final = ("placed", "accepted", "preparing", "ready", "out", "delivered")
_LIFECYCLES: Final[Mapping[str, frozenset[str]]] = {
    "open": frozenset({"promised", "lapsed", "fulfilled", "returned"}),
    "promised": frozenset({"fulfilled", "returned"}),
    "lapsed": frozenset({"open", "promised", "fulfilled", "returned"}),
    "fulfilled": frozenset({"returned"}),
    "returned": frozenset(),
}
"""What an order may become in one step."""


def wrongs(given: StepInput, changes: ChangeSet) -> Iterator[str]:
    """Yield what is wrong with one step."""
    yield from _numbers(given, changes)
    yield from _places(given, changes)
    yield from _commands(given, changes)
    yield from _reminders(changes)
    yield from _forgets(given, changes)
    for key, after in changes.orders.items():
        before = given.orders.get(key)
        yield from _money(before, after)
        yield from _stages(before, after)


def legal(before: str | None, after: str) -> bool:
    """Return whether an order may go from one stage to the other, by any number of moves between them."""
    if before == after:
        return True
    if before == "delivered":
        return after == "returned"
    if before in ("cancelled", "refused", "returned"):
        return False
    return after not in LADDER or before is None or LADDER.index(before) < LADDER.index(after)


def _numbers(given: StepInput, changes: ChangeSet) -> Iterator[str]:
    for n, order in enumerate(changes.placed):
        if order.number != str(given.next_number + n):
            yield f"number: {order.key} got {order.number}, the next is {given.next_number + n}"


def _places(given: StepInput, changes: ChangeSet) -> Iterator[str]:
    """Slots are never overbooked. A coupon is only by money that came late."""
    taken = Counter(given.taken)
    for booking in changes.bookings:
        taken[booking.name] += booking.places
    took = {booking.name for booking in changes.bookings if booking.places > 0}
    late = any(_was_late(given.orders.get(key), after) for key, after in changes.orders.items())
    for name in sorted(took):
        kind, _, rest = name.partition(":")
        most = CAPACITY[rest.partition(".")[2]] if kind == "slot" else COUPON_USES.get(rest)
        if most is not None and taken[name] > most and not (late and kind == "coupon"):
            yield f"places: {name} is taken {taken[name]} times, of {most}"
    used = changes.conversation.data.get("coupons", {})
    before = given.conversation.data.get("coupons", {})
    joined = any(event.kind == "joined" for event in given.events)
    for code, most in PER_CUSTOMER.items():
        if used.get(code, 0) > max(most, before.get(code, 0)) and not (late or joined):
            yield f"places: {given.conversation.id} used {code} {used[code]} times"


def _was_late(before: OrderState | None, after: OrderState) -> bool:
    return before is not None and before.lifecycle == "lapsed" and after.lifecycle == "fulfilled"


def _commands(given: StepInput, changes: ChangeSet) -> Iterator[str]:
    """Only the staff command, each by their rights."""
    for _, command in changes.commands:
        verb = command.action.verb
        may = STAFF.get(given.phone, frozenset())
        if RIGHTS.get(verb, "orders") not in may and not (verb == "day" and "money" in may):
            yield f"staff: {given.phone or given.conversation.id} commands '{verb}' of {command.conversation}"


def _reminders(changes: ChangeSet) -> Iterator[str]:
    """No reminder goes to who wants nothing, or talks to a person."""
    data = changes.conversation.data
    if data.get("hears") == "nothing" or data.get("handover"):
        said = [say.name for _, say in changes.messages if say.reminder]
        yield from (f"quiet: {changes.conversation.id} is reminded by '{name}'" for name in said)


def _forgets(given: StepInput, changes: ChangeSet) -> Iterator[str]:
    """Nobody is forgotten whose goods, money or answer is still to come."""
    orders = {**given.orders, **changes.orders} if changes.forgotten else {}
    for key, order in orders.items():
        goods_due = order.stage is not None and order.stage in LADDER[:-1]
        refunding = any(refund.status in ("asked", "created") for refund in order.refunds)
        if order.lifecycle in ("open", "promised") or goods_due or refunding:
            yield f"forgotten: the customer of {key}, which is {order.lifecycle} and {order.stage}"


def _money(before: OrderState | None, after: OrderState) -> Iterator[str]:
    if before is not None and after.amendments[: len(before.amendments)] != before.amendments:
        yield f"amendments: {after.key} lost one"
    less = sum(one.amount for one in after.amendments)
    if min((one.amount for one in after.amendments), default=0) < 0 or less > after.order.total:
        yield f"amendments: {after.key} costs {after.order.total}, and {less} less"
    captured: dict[str, int] = {}
    for fact in after.facts:
        if fact.entity == "payment" and fact.state == "captured":
            captured[fact.entity_id] = max(fact.amount, captured.get(fact.entity_id, 0))
    back: Counter[str] = Counter()
    known = {refund.key for refund in before.refunds} if before else set()
    anew: set[str] = set()
    for refund in after.refunds:
        back[refund.payment_id] += refund.amount if refund.status in ("asked", "created", "processed") else 0
        if refund.key not in known and refund.reason != OUTSIDE:
            anew.add(refund.payment_id)
    # What the owner gives back in Razorpay's dashboard beside what was given by hand is not Munshi's doing.
    for payment, amount in back.items():
        if payment in anew and amount > captured.get(payment, 0):
            yield f"refunds: {amount} of {payment} goes back, and {captured.get(payment, 0)} came"


def _undone(order: OrderState) -> set[str]:
    return {fact.entity_id for fact in order.facts if fact.entity == "payment" and fact.state == "undone"}


def _stages(before: OrderState | None, after: OrderState) -> Iterator[str]:
    was, since = (before.lifecycle, before.stage) if before else ("open", None)
    undid = before is not None and len(_undone(after)) > len(_undone(before))
    owed_again = (was, after.lifecycle) == ("fulfilled", "promised") and undid
    allowed = after.lifecycle in _LIFECYCLES[was] or owed_again
    if after.lifecycle != was and not allowed and before is not None:
        yield f"lifecycle: {after.key} was {was} and is {after.lifecycle}"
    if after.stage is None:
        if since is not None:
            yield f"stage: {after.key} was {since} and has none"
    elif not legal(since, after.stage):
        yield f"stage: {after.key} was {since} and is {after.stage}"
    due = after.lifecycle in ("promised", "fulfilled")
    if due != (after.stage is not None and after.stage not in ("cancelled", "refused")):
        yield f"stage: {after.key} is {after.lifecycle} and {after.stage}"
