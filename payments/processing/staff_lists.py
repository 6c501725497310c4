"""What the staff read in their own chats: the orders to do, and the figures of a day. Pure."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any, Final

from flows.engine.model import Flow
from flows.messages.kinds import Buttons, Message, Reply, TemplateMessage, Text
from flows.messages.limits import clip
from flows.messages.replies import encode
from payments.ledger.day import Day
from payments.ledger.state import OrderState, Task
from payments.processing.bodies import StaffAction
from payments.processing.changes import Told
from payments.processing.named_orders import DAY, ORDERS, period_from
from payments.processing.order_answers import held
from payments.processing.turn import Trace, Turn
from payments.shop.business_day import Period
from payments.shop.fulfilment import Stage
from payments.shop.local_time import local_date
from payments.shop.money import money
from payments.shop.order_terms import Fulfilment

LINES: Final = 20
"""Orders in one list."""
TEMPLATE: Final = "day"
"""The approved template that carries the figures to a member who has not written for 24 hours."""
TO_DO_TITLE: Final = "Orders to do"
"""Of the button that shows them."""
_LANGUAGE: Final = "en"


def orders(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Answer with the orders to do."""
    entry: dict[str, Any] = {"event": "staff", "verb": ORDERS, "by": action.who}
    found = turn.given.to_do
    if found is None:
        return ({**entry, "refused": "it is not from the staff"},), False
    _tell(turn, "orders to do", Text(clip("\n".join(_to_do(turn, found.orders, found.count)), _room(turn))))
    return ({**entry, "told": found.count},), True


def day(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Answer with the figures of a day, and a button for what is to do."""
    entry: dict[str, Any] = {"event": "staff", "verb": DAY, "by": action.who}
    period = period_from(action.value)
    found = turn.given.days.get(period) if period else None
    if period is None or found is None:
        return ({**entry, "refused": "it is not from the staff, or names no day"},), False
    _tell(turn, "day", _report(turn, period, found))
    return ({**entry, "told": str(_date(turn, period))},), True


def day_lines(found: Day, when: str, flow: Flow) -> Iterator[str]:
    """Yield the figures of a day as people of the shop of `flow` read them. `when` names the day."""
    yield when
    yield f"{_counted(found.orders, 'order')}, {money(found.ordered)}"
    yield f"Paid online: {money(found.paid_online)} in {_counted(found.payments, 'payment')}"
    for method, name in (("cash", "Cash"), ("upi", "UPI to the shop")):
        by = {who: amount for (how, who), amount in sorted(found.taken.items()) if how == method}
        if by:
            yield f"{name}: {money(sum(by.values()))} ({_listed(by)})"
    owed = (
        ("Owed for delivered orders", found.owed),
        ("To be given back by hand", found.to_give_back),
        ("Waits for one of you", found.waiting),
    )
    for name, amounts in owed:
        if amounts:
            named = _listed({f"#{number}": amount for number, amount in amounts.items()})
            all_of_it = sum(amounts.values())
            yield f"{name}: {money(all_of_it)} ({named})" if all_of_it else f"{name}: {named}"
    if found.undone:
        named = _listed({f"#{number}": amount for number, amount in found.undone.items()})
        yield f"Recorded by mistake: {money(sum(found.undone.values()))} ({named})"
    if found.refunded:
        yield f"Went back: {money(found.refunded)}"
    if found.unpaid:
        yield f"Not paid: {_counted(found.unpaid, 'order')}"
    if found.cancelled:
        yield f"Called off: {_counted(found.cancelled, 'order')}"
    if best := found.best(flow.sections["shop"], flow.languages[0]):
        yield "Best sellers: " + ", ".join(f"{pieces} × {name}" for name, pieces in best)
    yield f"To do: {_to_be_done(found)}"


def _listed(amounts: dict[str, int]) -> str:
    # What waits may be a payment in other money, or one that is not captured: it has no sum.
    shown = [f"{name} {money(amount)}" if amount else name for name, amount in amounts.items()]
    more = len(shown) - LINES
    return ", ".join(shown[:LINES]) + (f" and {more} more" if more > 0 else "")


def _to_be_done(found: Day) -> str:
    """Return how many orders are to do in each stage, in the order of the stages, and about money."""
    goods = [f"{found.to_do[stage]} {stage}" for stage in Stage if found.to_do.get(stage)]
    about = ((found.owed, "owed"), (found.to_give_back, "to give back"), (found.waiting, "for you to decide"))
    return ", ".join((*goods, *(f"{len(orders)} {what}" for orders, what in about if orders))) or "nothing"


def _report(turn: Turn, period: Period, found: Day) -> Message:
    """Return the figures as a message. Its template has six values, each one line."""
    when = day_shown(_date(turn, period))
    taken = f"{money(found.by_hand)} by hand"
    values = (
        when,
        f"{_counted(found.orders, 'order')}, {money(found.ordered)}",
        f"{money(found.paid_online)} online, {taken}",
        money(sum(found.owed.values())),
        money(found.refunded),
        _to_be_done(found),
    )
    place = f"s|{turn.conversation.id}|"
    button = Reply(encode(place, ORDERS, ""), TO_DO_TITLE)
    text = clip("\n".join(day_lines(found, when, turn.flow)), turn.flow.limits.interactive_body)
    return replace(Buttons(text, (button,)), fallback=TemplateMessage(TEMPLATE, _LANGUAGE, values))


def day_shown(day: date) -> str:
    """Return a date as people read it: `Sun 29 Nov`."""
    return f"{day:%a} {day.day} {day:%b}"


def _date(turn: Turn, period: Period) -> date:
    return local_date(turn.shop.at.shop.timezone, period.start)


def _to_do(turn: Turn, found: tuple[OrderState, ...], count: int) -> Iterator[str]:
    if not found:
        yield "Nothing is to do."
        return
    for state in sorted(found, key=_urgency)[:LINES]:
        yield to_do_line(state)
    if count > LINES:
        yield f"and {count - LINES} more"
    yield "#<number> shows one of them."


def _urgency(state: OrderState) -> tuple[bool, int, str]:
    """Return the sort key: goods come before money, and first what is due, or else was placed, first."""
    return (Task.GOODS not in state.tasks, state.to.slot_starts or state.order.placed_at, state.order.number)


def to_do_line(state: OrderState) -> str:
    """Return one order as a line: number, stage, sum, slot and area."""
    waits = state.due and (state.goods_due or state.open_to_pay)
    sum_due = f"{money(state.due)} to be paid" if waits else f"{money(state.balance.paid)} paid"
    if state.to_give_back:
        sum_due = f"{money(state.to_give_back)} to be given back by hand"
    elif Task.DELIVERY in state.tasks:
        sum_due = f"{money(state.delivery_held)} of delivery held, keep or refund it"
    where = "pickup" if state.to.how is Fulfilment.PICKUP else state.to.pincode
    parts = (
        f"#{state.order.number} {state.stands}",
        f"{sum_due}{held(state)}",
        state.to.slot_name,
        where,
    )
    return ", ".join(part for part in parts if part)


def _counted(count: int, one: str) -> str:
    return f"{count} {one}" if count == 1 else f"{count} {one}s"


def _room(turn: Turn) -> int:
    return turn.flow.limits.text_body


def _tell(turn: Turn, name: str, message: Message) -> None:
    turn.told.append(Told((turn.conversation.id,), name, message))
