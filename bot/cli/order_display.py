"""All about one order, as a person of the shop reads it, phone numbers whole."""

from collections.abc import Iterator
from operator import itemgetter
from typing import Final

from bot.cli.order_row import time_of
from bot.order_events import happened
from bot.order_words import money_of, stands
from payments.ledger.hints import for_held
from payments.ledger.holds import in_words as hold_in_words
from payments.ledger.order_sums import sums
from payments.ledger.refunds import RefundStatus
from payments.ledger.state import OrderState, Task
from payments.shop import amendments
from payments.shop.fulfilment import Stage
from payments.shop.order_terms import Fulfilment
from payments.shop.orders import Lifecycle
from storage.reports.desk import DeskOrder

_REASONS: Final = {"surplus": "more was paid than it costs", "order returned": "it is called off"}
_REFUNDS: Final = {
    RefundStatus.ASKED: "is being asked for",
    RefundStatus.CREATED: "on its way, which takes the bank some days",
    RefundStatus.PROCESSED: "done",
    RefundStatus.FAILED: "failed",
    RefundStatus.REFUSED: "refused by Razorpay",
    RefundStatus.WITHDRAWN: "withdrawn, because nobody had taken that money",
}
_TASKS: Final = {
    Task.GOODS: "the goods are to be brought to the customer",
    Task.CASH: "money is owed",
    Task.REFUND: "a person has to give money back",
    Task.HELD: "money waits for a person",
    Task.DELIVERY: "the delivery of refused goods: say delivery keep, or delivery refund",
}


def lines(order: DeskOrder) -> Iterator[str]:
    """Yield lines about one order: goods, sums, destination, money, and what happened when."""
    state = order.state
    yield f"#{state.order.number} ({state.key}): {stands(state)}"
    yield from (f"  to do: {_task(state, task)}" for task in state.tasks)
    yield ""
    yield from _goods(state)
    yield ""
    yield from _people(order)
    yield from _money_lines(state)
    yield ""
    yield from (f"{time_of(at)}  {what}" for at, what in sorted(happened(order), key=itemgetter(0)))


def _task(state: OrderState, task: Task) -> str:
    if task is not Task.GOODS or state.to.how is not Fulfilment.PICKUP:
        return _TASKS[task]
    if state.stage in (Stage.READY, Stage.OUT):
        return "the goods are ready for pickup, and to be handed over"
    return "the goods are to be made ready for pickup"


def _goods(state: OrderState) -> Iterator[str]:
    gone = amendments.missing(state.amendments)
    for line in state.order.lines:
        less = f"  ({gone[line.sku]} of them gone)" if gone[line.sku] else ""
        yield f"  {line.quantity} × {line.name} ({line.sku})  {money_of(state, line.total)}{less}"
    found = sums(state)
    coupon = f" {state.order.terms.coupon}" if state.order.terms.coupon else ""
    rows = [
        (f"coupon{coupon}", -found["discount"], found["discount"]),
        ("delivery", found["delivery"], found["delivery"]),
        ("total", found["total"], True),
        ("costs after changes", found["owed"], found["owed"] != found["total"]),
        ("paid", found["paid"], found["paid"]),
        ("went back", found["refunded"], found["refunded"]),
        ("to be paid", found["due"], found["due"]),
    ]
    yield from (f"  {name:<20}{money_of(state, amount):>12}" for name, amount, wanted in rows if wanted)


def _people(order: DeskOrder) -> Iterator[str]:
    to = order.state.to
    told = (
        ("customer", " ".join(filter(None, (order.name, order.phone and f"+{order.phone}")))),
        ("for", " ".join(filter(None, (to.name, to.phone)))),
        (str(to.how) or "to", to.address),
        ("when", to.slot_name),
        ("note", to.note),
        *((name, str(value)) for name, value in order.state.order.terms.kept.items()),
    )
    yield from (f"  {name}: {value}" for name, value in told if value)


def _money_lines(state: OrderState) -> Iterator[str]:
    for refund in state.refunds:
        who = "by hand" if refund.by_hand else "by Razorpay"
        why = _REASONS.get(refund.reason, refund.reason)
        yield f"  goes back {who}: {money_of(state, refund.amount)}, {why}: {_REFUNDS[refund.status]}"
    if state.held_for is not None:
        yield f"  held: {hold_in_words(state.held_for)}; {for_held(state.held_for)}"
    if state.attempts and state.lifecycle is Lifecycle.PROMISED:
        when = f" since {time_of(state.stage_at)}" if state.stage is Stage.PLACED else ""
        yield f"  the customer pays in cash instead of online{when}"
    for attempt in state.attempts:
        what = "card" if attempt.is_card else "link"
        yield f"  {what} {attempt.reference_id}: {attempt.status} {attempt.short_url or ''}".rstrip()
