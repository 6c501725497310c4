"""What each verb of the staff does about an order: reads its words, and changes the order. Pure.

`payments.processing.verbs` has the verbs that do these.
"""

from collections.abc import Sequence

from payments.ledger.state import PaymentStatus
from payments.processing import hand_money, order_changes, refused_delivery
from payments.processing.notice import ELSEWHERE, Notice
from payments.processing.order_changes import NotPossible, Settlement
from payments.processing.order_request import (
    BACK,
    KEEP,
    KEEP_DELIVERY,
    SURPLUS,
    Request,
    pieces,
    require_no_more,
    rupees,
)
from payments.processing.shown_to_others import doer, show_others
from payments.processing.turn import Trace
from payments.shop.fulfilment import Stage, is_forward
from payments.shop.money import money
from payments.shop.order_terms import Fulfilment
from payments.shop.staff import Right


def move(request: Request) -> Trace:
    """`stage <stage>`, or `stage delivered cash|upi [rupees]`, or `stage delivered owed`"""
    name, *more = request.words or ("",)
    if name not in frozenset(Stage):
        raise NotPossible(f"'{name}' is no stage: there are {', '.join(Stage)}")
    to = _fetched(request) if name == Stage.READY else Stage(name)
    if to in (Stage.CANCELLED, Stage.REFUSED):
        return _end(request, to, more)
    settlement, amount = _settled(request, more) if to is Stage.DELIVERED and more else (None, None)
    if settlement is None:
        require_no_more(more)
    if request.action.elsewhere and to is Stage.DELIVERED and request.state.due:
        to = _as_far_as_out(request)
    trace = order_changes.move(
        request.turn,
        request.state,
        to,
        request.who,
        expected=request.expected,
        settlement=settlement,
        amount=amount,
    )
    if to is Stage.ACCEPTED:
        said = f"#{request.state.order.number} was accepted by {doer(request.action)}."
        show_others(request.turn, request.action, said, Right.ORDERS)
    return trace


def _as_far_as_out(request: Request) -> Stage:
    """Return where goods are that are said to be delivered elsewhere, and of which nobody says who paid."""
    state, shop = request.state, request.turn.shop.at.shop
    if state.stage is None or not is_forward(state.stage, Stage.OUT) or Stage.OUT not in shop.stages:
        raise NotPossible(
            f"{money(state.due)} was to be taken for it: say here whether by cash, upi, or owed"
        )
    said = (
        f"{request.action.who} says that order #{state.order.number} is delivered, and {money(state.due)} was"
        " to be taken for it. Say here how it was paid: by cash, by upi, or owed."
    )
    request.turn.notices.append(Notice(ELSEWHERE, f"delivered {state.key}", said))
    return Stage.OUT


def _fetched(request: Request) -> Stage:
    """Return the stage that `ready` means: out, of an order for pickup, if the shop has no stage ready.

    The button that moves it there is called Ready.
    """
    stages = request.turn.shop.at.shop.stages
    fetched = request.state.to.how is Fulfilment.PICKUP
    return Stage.OUT if fetched and Stage.READY not in stages and Stage.OUT in stages else Stage.READY


def _settled(request: Request, words: Sequence[str]) -> tuple[Settlement, int | None]:
    """Return how delivered goods were paid, and what was taken; None if nothing was."""
    name, *more = words
    if name.lower() not in frozenset(Settlement):
        raise NotPossible(f"'{name}' is no way to pay: there are {', '.join(Settlement)}")
    settlement = Settlement(name.lower())
    if settlement is Settlement.OWED:
        require_no_more(more)
        return settlement, None
    return settlement, _sum_taken(request, settlement, more)


def cancel(request: Request) -> Trace:
    """`cancel`"""
    return _end(request, Stage.CANCELLED, request.words)


def refuse(request: Request) -> Trace:
    """`refuse [keep-delivery]`"""
    return _end(request, Stage.REFUSED, request.words)


def _end(request: Request, to: Stage, more: Sequence[str]) -> Trace:
    balance = request.state.balance
    order_changes.require_running(request.state, request.expected)
    # What is held for an order that is not due goes back with it, if not at once then when it is captured.
    held = request.state.status is PaymentStatus.HELD
    if (balance.paid or balance.authorised or held) and not request.action.money:
        paid = f"{money(balance.paid)} was paid for it" if balance.paid else "it is paid"
        raise NotPossible(f"{paid}, and you may not give money back: ask who may")
    if to is Stage.REFUSED and [word.lower() for word in more] == [KEEP_DELIVERY]:
        return refused_delivery.refuse_keeping_delivery(
            request.turn, request.state, request.who, expected=request.expected, shelf=request.shelf
        )
    if more:
        raise NotPossible(f"'{' '.join(more)}' is no word about an order that ends")
    return order_changes.call_off(
        request.turn, request.state, to, request.who, expected=request.expected, shelf=request.shelf
    )


def take_less(request: Request) -> Trace:
    """`less <sku> <pieces> [why]`"""
    return order_changes.take_less(request.turn, request.state, pieces(request), request.who)


def take_back(request: Request) -> Trace:
    """`return <sku> <pieces> [why]`"""
    return order_changes.take_back(request.turn, request.state, pieces(request), request.who)


def allow(request: Request) -> Trace:
    """`allowance <rupees> [why]`"""
    amount, why = rupees(request.words[:1]), " ".join(request.words[1:])
    return order_changes.allow(request.turn, request.state, amount, request.who, why)


def take_cash(request: Request) -> Trace:
    """`cash [rupees] [surplus]`: without an amount, all that is due."""
    return _taken(request, Settlement.CASH)


def take_upi(request: Request) -> Trace:
    """`upi [rupees] [surplus]`"""
    return _taken(request, Settlement.UPI)


def _taken(request: Request, settlement: Settlement) -> Trace:
    amount = _sum_taken(request, settlement, request.words)
    return hand_money.take_money(request.turn, request.state, amount, settlement, request.who)


def _sum_taken(request: Request, settlement: Settlement, words: Sequence[str]) -> int:
    """Return the paise that were taken: `[rupees] [surplus]`.

    What is more than is due goes back at once, so it is taken only from who may give money back, and only
    if they say that it is no slip.
    """
    state, (said, *more) = request.state, words or ("",)
    if not said and not state.due:
        raise NotPossible(f"#{state.order.number} is paid in full already")
    amount = rupees((said,)) if said else state.due
    knowing = [word.lower() for word in more] == [SURPLUS]
    if not knowing:
        require_no_more(more)
    if amount <= state.due or not state.goods_due:
        return amount
    due = f"only {money(state.due)} is due for #{state.order.number}"
    if not request.action.money:
        raise NotPossible(f"{due}, and you may not give money back: ask who may")
    if not knowing:
        raise NotPossible(f"{due}. To record more, say: {settlement} {said} {SURPLUS}")
    return amount


def decide_delivery(request: Request) -> Trace:
    """`delivery keep | refund`"""
    match [word.lower() for word in request.words]:
        case [word] if word == KEEP:
            return refused_delivery.keep_delivery(request.turn, request.state, request.who)
        case [word] if word == BACK:
            return refused_delivery.give_delivery_back(request.turn, request.state, request.who)
        case _:
            raise NotPossible(f"say what becomes of it: delivery {KEEP}, or delivery {BACK}")


def undo(request: Request) -> Trace:
    """`undo [number of the payment by hand]`"""
    words = request.words
    if len(words) > 1 or any(not word.isdecimal() for word in words):
        raise NotPossible("say which payment by hand: undo 1")
    ordinal = int(words[0][:9]) if words else None
    return hand_money.undo_payment(request.turn, request.state, ordinal, request.who)


def give_back(request: Request) -> Trace:
    """`refunded`"""
    require_no_more(request.words)
    return hand_money.give_back_by_hand(request.turn, request.state, request.who)


def show(request: Request) -> Trace:
    """Change nothing: the answer shows the order."""
    require_no_more(request.words)
    return ()
