"""Orders, links, facts, refunds, change sets and inbox bodies, with usual values for what a test leaves open.

A test writes down the values that it is about. All money is in paise. An inbox body comes with its kind.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final, TypeAlias

from flows.engine import events
from flows.engine.effects import StartTimer
from flows.engine.events import Event, TextReceived, TimerDue
from payments.ledger import facts as fact_values
from payments.ledger import polling
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.polling import Poll
from payments.ledger.refunds import Refund, RefundStatus
from payments.ledger.state import OrderState
from payments.processing import bodies, results
from payments.processing.bodies import OrderRequested
from payments.processing.changes import Caused, ChangeSet, EventResult, Outcome
from payments.processing.results import (
    LinkCreated,
    LinkFound,
    LinkKept,
    LinkRefused,
    LinkWithdrawn,
    PaymentsFetched,
    Result,
)
from payments.processing.step_input import EventKind, StepInput
from payments.shop.cart import Cart, Item
from payments.shop.fulfilment import Stage
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, Line, LinkStatus, Mode, Order

KEY: Final = "c-1-1"
"""Key of the usual order."""
TOTAL: Final = 50_000
"""Price of the usual order."""
PACKET: Final = 18_000
"""Price of a packet of masala chai in the shipped shop."""

Body: TypeAlias = Mapping[str, Any]
InboxBody: TypeAlias = tuple[EventKind, Body]


# Orders and their links


def order(
    key: str = KEY,
    *,
    total: int = TOTAL,
    lines: tuple[Line, ...] | None = None,
    number: str = "12345",
    placed_at: int = 0,
    placed_by: int = 1,
) -> Order:
    """An order of these lines; without them, of one piece of `a` for `total`."""
    if lines is None:
        lines = (Line("a", "A", 1, total),)
    conversation, _, _ = key.rpartition("-")
    price = sum(line.total for line in lines)
    return Order(key, number, conversation, lines, price, "INR", placed_at, placed_by)


def attempt(
    ordinal: int = 1,
    amount: int = TOTAL,
    status: AttemptStatus = AttemptStatus.CREATED,
    *,
    order_key: str = KEY,
    expires_at: int = 9,
    mode: str | None = None,
) -> Attempt:
    """An attempt whose link `plink_<ordinal>` Razorpay has made."""
    link_id, short_url, of = f"plink_{ordinal}", "https://x", Mode(mode) if mode else None
    reference = f"{order_key}.{ordinal}"
    return Attempt(reference, order_key, ordinal, amount, "INR", expires_at, status, link_id, short_url, of)


def unmade_attempt(
    ordinal: int = 1,
    amount: int = TOTAL,
    status: AttemptStatus = AttemptStatus.CREATING,
    *,
    order_key: str = KEY,
    expires_at: int = 9,
) -> Attempt:
    """An attempt whose link Razorpay has not made, as far as we know."""
    return Attempt(f"{order_key}.{ordinal}", order_key, ordinal, amount, "INR", expires_at, status)


def order_state(*facts: Fact, order: Order | None = None, **rest: Any) -> OrderState:
    """The usual order, or `order`, with these facts; `rest` are fields of OrderState.

    Goods that are due are in the first stage.
    """
    if rest.get("lifecycle") in (Lifecycle.FULFILLED, Lifecycle.PROMISED):
        rest = {"stage": Stage.PLACED, **rest}
    return OrderState(order or _USUAL_ORDER, facts, **rest)


_USUAL_ORDER: Final = order()


def cart_of(*held: tuple[str, int]) -> Cart:
    """A cart, or what an order asks for: SKUs and quantities."""
    return tuple(Item(sku, quantity) for sku, quantity in held)


# Facts


def fact(
    entity: str,
    state: str,
    id: str,
    amount: int = TOTAL,
    *,
    order_key: str = KEY,
    currency: str = "INR",
    at: int = 1,
    **detail: Any,
) -> Fact:
    """A fact about any entity; `detail` are fields of Detail."""
    told = Detail(**detail)
    return Fact(order_key, EntityType(entity), id, FactState(state), amount, currency, at, told)


def payment(state: str, amount: int = TOTAL, id: str = "pay_1", **rest: Any) -> Fact:
    """A payment. `rest`: the other arguments of `fact`, and details such as `link`."""
    return fact("payment", state, id, amount, **rest)


def captured(amount: int = TOTAL, id: str = "pay_1", **rest: Any) -> Fact:
    """A captured payment."""
    return payment("captured", amount, id, **rest)


def payment_link(state: str, amount: int = TOTAL, id: str = "plink_1", **rest: Any) -> Fact:
    """A payment link; `amount` is what was paid on it."""
    return fact("payment_link", state, id, amount, **rest)


def refunded(state: str, amount: int = TOTAL, id: str = "rfnd_1", of: str = "pay_1", **rest: Any) -> Fact:
    """A refund of payment `of`, as Razorpay tells of it."""
    return fact("refund", state, id, amount, payment_id=of, **rest)


def dispute(state: str, amount: int = TOTAL, **rest: Any) -> Fact:
    """A dispute of a payment."""
    return fact("dispute", state, "disp_1", amount, **rest)


def payment_of(
    key: str,
    state: str,
    amount: int = PACKET,
    id: str = "pay_1",
    currency: str = "INR",
    ordinal: int = 1,
) -> Fact:
    """A payment over a link of the order `key` in the shipped shop, with the details of a webhook."""
    details = {"method": "upi", "error_description": "Declined", "link": f"plink_{key}.{ordinal}"}
    return payment(state, amount, id, order_key=key, currency=currency, at=0, **details)


def link_of(key: str, state: str, ordinal: int = 1) -> Fact:
    """A link of the order `key` in the shipped shop."""
    return payment_link(state, PACKET, f"plink_{key}.{ordinal}", order_key=key, at=0)


# Refunds as our books hold them


def refund(
    status: str = "asked",
    amount: int = TOTAL,
    id: str | None = None,
    payment: str = "pay_1",
    *,
    key: str | None = None,
    order_key: str = KEY,
    reason: str = "surplus",
) -> Refund:
    """A refund of `payment`, by default its first; `id` is Razorpay's, once there is one."""
    return Refund(key or f"{payment}-1", order_key, payment, amount, reason, RefundStatus(status), id)


# Inbox bodies


def chat(event: Event | str, name: str = "Asha") -> InboxBody:
    """What the customer did, or the text that they wrote."""
    event = TextReceived(event) if isinstance(event, str) else event
    return EventKind.CHAT, {"event": events.to_json(event), "name": name}


def request(*items: tuple[str, int]) -> InboxBody:
    """An order over our API: SKUs and quantities."""
    return EventKind.REQUEST, bodies.request_to_json(OrderRequested(cart_of(*items)))


def cart_request() -> InboxBody:
    """An order of the customer's cart over our API."""
    return EventKind.REQUEST, bodies.request_to_json(OrderRequested(None))


def timer(due: StartTimer | TimerDue) -> InboxBody:
    """A timer that has run out."""
    return EventKind.TIMER, events.to_json(TimerDue(due.state, due.timer, due.visit, due.due))


def poll(due: Poll) -> InboxBody:
    """A poll that is due."""
    return EventKind.POLL, polling.to_json(due)


def webhook(*facts: Fact, **rest: Any) -> InboxBody:
    """A webhook of Razorpay about the order of the first fact; `rest`: `problems`, `account`, `mode`."""
    body = {"order_key": facts[0].order_key, "facts": [fact_values.to_json(fact) for fact in facts]}
    return EventKind.FACTS, {**body, **rest}


def link_created(reference: str) -> InboxBody:
    """The answer that a link is made."""
    link_id, url = f"plink_{reference}", f"https://rzp.io/{reference}"
    return _answer(LinkCreated(reference, link_id, url, LinkStatus.CREATED))


def link_refused(reference: str) -> InboxBody:
    """The answer that there is no link, and that another try may bring one."""
    return _answer(LinkRefused(reference, "no"))


def link_withdrawn(reference: str, status: str = "cancelled", *, link_id: str | None = "") -> InboxBody:
    """The answer that a link is over. `link_id` is None where Razorpay knows of no such link."""
    link_id = f"plink_{reference}" if link_id == "" else link_id
    return _answer(LinkWithdrawn(reference, link_id, LinkStatus(status)))


def link_kept(reference: str) -> InboxBody:
    """The answer that Razorpay would not cancel a link."""
    return _answer(LinkKept(reference, "words that nobody knows"))


def link_found(reference: str, link_id: str, status: str, *facts: Fact) -> InboxBody:
    """Word of a link over a packet that lost books made."""
    url, stands = "https://rzp.io/lost", LinkStatus(status)
    return _answer(LinkFound(reference, link_id, url, stands, PACKET, "INR", Mode.TEST, facts))


def payments_fetched(
    reference: str, *facts: Fact, asked: bool = False, problems: tuple[str, ...] = ()
) -> InboxBody:
    """The answer to how a link stands. `asked`: the customer waits for it."""
    return _answer(PaymentsFetched(reference, facts, problems, asked))


def _answer(result: Result) -> InboxBody:
    return EventKind.RESULT, results.to_json(result)


# Change sets


def change_set(given: StepInput, **changes: Any) -> ChangeSet:
    """A change set that answers each event of `given`.

    `changes` are fields of ChangeSet as plain values, all caused by the last event: messages, calls,
    facts, told and commands without their cause; attempts, orders and refunds without their keys.
    """
    answers = [EventResult(event.number, Outcome.APPLIED) for event in given.events]
    filled = ChangeSet(changes.pop("conversation", given.conversation), answers)
    for name, values in changes.items():
        setattr(filled, name, _field(name, values, given.events[-1].number))
    return filled


def _field(name: str, values: Any, event: int) -> Any:
    match name:
        case "messages" | "calls" | "facts" | "amendments" | "invoices" | "told" | "commands":
            return [Caused(event, value) for value in values]
        case "attempts":
            return {attempt.reference_id: attempt for attempt in values}
        case "orders" | "refunds":
            return {value.key: value for value in values}
        case _:
            return list(values) if isinstance(values, Iterable) and not isinstance(values, str) else values
