"""What the staff read about an order: how it stands, with buttons for what comes next. Pure."""

from collections.abc import Iterator, Mapping
from typing import Final

from flows.messages.kinds import Buttons, Message, Text
from flows.messages.limits import clip
from flows.messages.offers import Reply
from flows.messages.replies import encode
from payments.ledger.hints import for_held
from payments.ledger.holds import in_words
from payments.ledger.state import OrderState, Task
from payments.processing.turn import Turn
from payments.shop.fulfilment import LADDER, Stage, following
from payments.shop.money import money
from payments.shop.order_terms import Fulfilment
from payments.shop.orders import hand_ordinal, is_by_hand

STAGE: Final = "stage"
"""Verb: move an order to a stage."""


def answer(turn: Turn, state: OrderState, *, whole: bool) -> Message:
    """Return how the order stands now, with buttons for what comes next. `whole`: with all that is in it."""
    fetched = ", pickup" if state.to.how is Fulfilment.PICKUP else ""
    stands = f"#{state.order.number}: {state.stands}, {_paid(state)}{fetched}."
    if Task.CASH in state.tasks and state.balance.paid:
        rest = money(state.due).removeprefix("₹").replace(",", "")
        number = state.order.number
        stands += f" #{number} cash {rest}, once it is taken; #{number} allowance {rest} <why>, to let it be."
    if whole:
        stands = clip("\n".join((stands, *_details(turn, state))), turn.flow.limits.interactive_body)
    return with_buttons(turn, state, stands)


def with_buttons(turn: Turn, state: OrderState, said: str) -> Message:
    """Return `said` about the order, with buttons for what comes next if it is still running."""
    if not state.running or state.stage is None:
        return Text(said)
    place = f"s|{state.key}|{state.stage}"
    return Buttons(said, tuple(_button(place, state, to) for to in _next(turn, state, state.stage)))


def _details(turn: Turn, state: OrderState) -> Iterator[str]:
    """Yield what is in the order, where it goes, and whose it is."""
    for line in state.lines:
        yield f"{line.quantity} × {line.name} {money(line.total)}"
    if state.order.discount:
        yield f"{state.order.terms.coupon} −{money(state.order.discount)}"
    if state.order.delivery:
        yield f"Delivery {money(state.order.delivery)}"
    yield f"Total {money(state.owed)}"
    yield from _by_hand(state)
    if Task.HELD in state.tasks and state.held_for is not None:
        yield f"What to do: {for_held(state.held_for)}"
    to, name = state.to, turn.conversation.customer.get("name")
    where = "To be picked up" if to.how is Fulfilment.PICKUP else to.address
    phone = f"+{turn.given.phone}" if turn.given.phone else ""
    who = " ".join(part for part in (to.name or str(name or ""), to.phone or phone) if part)
    yield from (part for part in (to.slot_name, where, who, to.note) if part)


def _by_hand(state: OrderState) -> Iterator[str]:
    """Yield the payments that people took, each with the number by which it can be undone."""
    for payment in state.balance.payments:
        if is_by_hand(payment.id):
            number = hand_ordinal(payment.id)
            yield f"{payment.method} {money(payment.amount)} by {payment.by} (payment {number})"


def _paid(state: OrderState) -> str:
    if state.due and state.goods_due:
        return f"{money(state.due)} to be paid{held(state)}"
    if Task.DELIVERY in state.tasks:
        return f"{money(state.delivery_held)} of delivery held: say delivery keep, or delivery refund"
    back = sum(refund.amount for refund in state.refunds if refund.goes_back) - state.to_give_back
    paid = f"{money(state.balance.paid)} paid" if state.balance.paid else "nothing paid"
    by_hand = f", {money(state.to_give_back)} to be given back by hand" if state.to_give_back else ""
    return f"{paid}{f', {money(back)} goes back' if back else ''}{by_hand}{held(state)}"


def held(state: OrderState) -> str:
    """Return what waits for a person and why, to follow other words; empty if nothing does."""
    if Task.HELD not in state.tasks or state.held_for is None:
        return ""
    return f", {money(state.held) if state.held else 'a payment'} waits for you ({in_words(state.held_for)})"


def _next(turn: Turn, state: OrderState, stage: Stage) -> tuple[Stage, ...]:
    """Return at most three stages to offer: the nearest, and always the last.

    What the customer fetches is never out for delivery, if the shop has another word for that it is ready.
    """
    used = turn.shop.at.shop.stages
    fetched = state.to.how is Fulfilment.PICKUP and Stage.READY in used
    ahead = following(stage, [one for one in used if not (fetched and one is Stage.OUT)])
    return ahead if len(ahead) <= _BUTTONS else (*ahead[: _BUTTONS - 1], ahead[-1])


_BUTTONS: Final = 3


def _button(place: str, state: OrderState, to: Stage) -> Reply:
    unpaid = to is Stage.DELIVERED and state.due
    value = f"{to} cash" if unpaid else str(to)
    title = f"{CASH_TAKEN} {money(state.due)}" if unpaid else _title(state, to)
    return Reply(encode(place, STAGE, value), title)


def _title(state: OrderState, to: Stage) -> str:
    fetched = to is Stage.OUT and state.to.how is Fulfilment.PICKUP
    return TITLES[Stage.READY if fetched else to]


CASH_TAKEN: Final = "Cash taken"
"""Of the button that moves an order to delivered, paid in cash; the sum follows."""
TITLES: Final[Mapping[Stage, str]] = {
    **{stage: str(stage).capitalize() for stage in LADDER},
    Stage.OUT: "Out for delivery",
}
"""Of the button that moves an order to each stage."""
