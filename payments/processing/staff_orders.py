"""What the staff ask about an order, in one grammar for buttons, typed commands, the API and the shell. Pure.

    stage accepted | stage delivered cash | less kaju-250 1 sold out | allowance 30 late | cancel | undo 1

`change` reads a verb and its words, changes the order, and answers the member who asked.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from flows.messages.kinds import Text
from payments.ledger.state import OrderState
from payments.processing import hand_money, order_answers, order_changes, refused_delivery
from payments.processing.bodies import StaffAction
from payments.processing.checkout_changes import say
from payments.processing.order_answers import STAGE
from payments.processing.order_changes import NotPossible, Settlement
from payments.processing.shop_state import CannotHandle
from payments.processing.turn import Trace, Turn
from payments.shop.checkout import LONGEST_ADDRESS, Checkout, CheckoutFault, CheckoutField
from payments.shop.delivery import area_of, fee_of
from payments.shop.fulfilment import Stage
from payments.shop.money import money, paise
from payments.shop.orders import Lifecycle

SHOW: Final = "show"
"""Show the order, and change nothing."""
WASTE: Final = "waste"
"""Word after what a verb needs, or the last one: the goods cannot be sold again."""
RESTOCK: Final = "restock"
"""Word in the same places: the goods can be sold again."""
SURPLUS: Final = "surplus"
"""Word after a sum that was taken: it is more than is due, and that is no slip."""
KEEP_DELIVERY: Final = "keep-delivery"
"""Word after a refusal: the delivery fee does not go back until a person decides about it."""
KEEP: Final = "keep"
BACK: Final = "refund"
"""What can be decided about the delivery fee."""
_NEEDS: Final[Mapping[str, int]] = {STAGE: 1, "cancel": 0, "refuse": 0, "less": 2, "return": 2}
"""How many words each verb needs that has to do with goods."""


@dataclass(frozen=True, slots=True)
class Request:
    """A verb with its words, about one order."""

    turn: Turn
    state: OrderState
    action: StaffAction
    words: tuple[str, ...]
    """Without the WASTE or RESTOCK that `shelf` is read from."""
    shelf: bool | None
    """Whether the goods can be sold again, if it was said."""

    @property
    def by(self) -> str:
        """Who asks."""
        return self.action.by

    @property
    def expected(self) -> Stage | None:
        """The stage that they saw."""
        return Stage(self.action.expected) if self.action.expected in frozenset(Stage) else None


def change(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Do what `action` asks about an order. Return the trace, and whether it had an effect.

    What cannot be done is answered to the member, and parks nothing.
    """
    entry = {"event": "staff", "verb": action.verb, "value": action.value, "by": action.by}
    shop, messages = turn.shop, list(turn.messages)
    try:
        state = turn.shop.known(action.order_key)
        request = read(turn, state, action)
        order_changes.require_stage(state, request.expected)
        trace = _VERBS[action.verb](request)
    except (NotPossible, CannotHandle) as refused:
        turn.shop, turn.messages = shop, messages
        turn.reply(action, Text(f"Not done: {refused}."))
        return ({**entry, "refused": str(refused)},), False
    after = turn.shop.known(action.order_key)
    # Of who was forgotten, nothing is shown but how the order stands.
    whole = action.verb == SHOW and not turn.forgotten
    turn.reply(action, order_answers.answer(turn, after, whole=whole))
    return ({**entry, "stage": str(after.stage or "")}, *trace), True


def read(turn: Turn, state: OrderState, action: StaffAction) -> Request:
    """Return what `action` asks about the order `state`."""
    words, needed = tuple(action.value.split()), _NEEDS.get(action.verb)
    if needed is not None:
        for place in (needed, len(words) - 1):
            if needed <= place < len(words) and words[place].lower() in (WASTE, RESTOCK):
                shelf = words[place].lower() == RESTOCK
                return Request(turn, state, action, (*words[:place], *words[place + 1 :]), shelf)
    return Request(turn, state, action, words, None)


def _move(request: Request) -> Trace:
    """`stage <stage>`, or `stage delivered cash|upi [rupees]`, or `stage delivered owed`"""
    name, *more = request.words or ("",)
    if name not in frozenset(Stage):
        raise NotPossible(f"'{name}' is no stage: there are {', '.join(Stage)}")
    to = Stage(name)
    if to in (Stage.CANCELLED, Stage.REFUSED):
        return _end(request, to, more)
    settlement, amount = _settled(request, more) if to is Stage.DELIVERED and more else (None, None)
    if settlement is None:
        _no_more(more)
    return order_changes.move(
        request.turn,
        request.state,
        to,
        request.by,
        expected=request.expected,
        settlement=settlement,
        amount=amount,
    )


def _settled(request: Request, words: Sequence[str]) -> tuple[Settlement, int | None]:
    """Return how delivered goods were paid, and what was taken; None if nothing was."""
    name, *more = words
    if name.lower() not in frozenset(Settlement):
        raise NotPossible(f"'{name}' is no way to pay: there are {', '.join(Settlement)}")
    settlement = Settlement(name.lower())
    if settlement is Settlement.OWED:
        _no_more(more)
        return settlement, None
    return settlement, _sum_taken(request, settlement, more)


def _cancel(request: Request) -> Trace:
    return _end(request, Stage.CANCELLED, request.words)


def _refuse(request: Request) -> Trace:
    """`refuse [keep-delivery]`"""
    return _end(request, Stage.REFUSED, request.words)


def _end(request: Request, to: Stage, more: Sequence[str]) -> Trace:
    balance = request.state.balance
    if (balance.paid or balance.authorised) and not request.action.money:
        raise NotPossible("it is paid, and you may not give money back: ask who may")
    if to is Stage.REFUSED and [word.lower() for word in more] == [KEEP_DELIVERY]:
        return refused_delivery.refuse_keeping_delivery(
            request.turn, request.state, request.by, expected=request.expected, shelf=request.shelf
        )
    if more:
        raise NotPossible(f"'{' '.join(more)}' is no word about an order that ends")
    return order_changes.call_off(
        request.turn, request.state, to, request.by, expected=request.expected, shelf=request.shelf
    )


def _no_more(words: Sequence[str]) -> None:
    """Raise NotPossible if words are left over: who typed them meant something by them."""
    if words:
        raise NotPossible(f"'{' '.join(words)}' is not understood there")


def _less(request: Request) -> Trace:
    """`less <sku> <pieces> [why]`"""
    sku, pieces, why = _pieces(request)
    shelf = request.shelf is not False
    return order_changes.take_less(request.turn, request.state, sku, pieces, request.by, why, shelf=shelf)


def _return(request: Request) -> Trace:
    """`return <sku> <pieces> [why]`"""
    sku, pieces, why = _pieces(request)
    shelf = request.shelf is not False
    return order_changes.take_back(request.turn, request.state, sku, pieces, request.by, why, shelf=shelf)


_DIGITS: Final = 6
"""The most digits of a number of pieces."""


def _pieces(request: Request) -> tuple[str, int, str]:
    words = request.words
    if len(words) < 2 or not words[1].isdecimal() or len(words[1]) > _DIGITS:
        skus = ", ".join(line.sku for line in request.state.lines)
        raise NotPossible(
            f"say which product and how many: {request.action.verb} <sku> <pieces>; it has {skus}"
        )
    return words[0], int(words[1]), " ".join(words[2:])


def _allowance(request: Request) -> Trace:
    """`allowance <rupees> [why]`"""
    amount, why = _rupees(request.words[:1]), " ".join(request.words[1:])
    return order_changes.allow(request.turn, request.state, amount, request.by, why)


def _cash(request: Request) -> Trace:
    """`cash [rupees] [surplus]`: without an amount, all that is due."""
    return _taken(request, Settlement.CASH)


def _upi(request: Request) -> Trace:
    return _taken(request, Settlement.UPI)


def _taken(request: Request, settlement: Settlement) -> Trace:
    amount = _sum_taken(request, settlement, request.words)
    return hand_money.take_money(request.turn, request.state, amount, settlement, request.by)


def _sum_taken(request: Request, settlement: Settlement, words: Sequence[str]) -> int:
    """Return the paise that were taken: `[rupees] [surplus]`.

    What is more than is due goes back at once, so it is taken only from who may give money back, and only
    if they say that it is no slip.
    """
    state, (said, *more) = request.state, words or ("",)
    if not said and not state.due:
        raise NotPossible(f"#{state.order.number} is paid in full already")
    amount = _rupees((said,)) if said else state.due
    knowing = [word.lower() for word in more] == [SURPLUS]
    if not knowing:
        _no_more(more)
    if amount <= state.due or not state.goods_due:
        return amount
    due = f"only {money(state.due)} is due for #{state.order.number}"
    if not request.action.money:
        raise NotPossible(f"{due}, and you may not give money back: ask who may")
    if not knowing:
        raise NotPossible(f"{due}. To record more, say: {settlement} {said} {SURPLUS}")
    return amount


def _rupees(words: Sequence[str]) -> int:
    said = words[0] if words else ""
    try:
        return paise(said.removeprefix("₹"))
    except ValueError:
        raise NotPossible(f"'{said}' is no sum that can be taken: write rupees, as 180 or 249.50") from None


def _delivery(request: Request) -> Trace:
    """`delivery keep | refund`"""
    match [word.lower() for word in request.words]:
        case [word] if word == KEEP:
            return refused_delivery.keep_delivery(request.turn, request.state, request.by)
        case [word] if word == BACK:
            return refused_delivery.give_delivery_back(request.turn, request.state, request.by)
        case _:
            raise NotPossible(f"say what becomes of it: delivery {KEEP}, or delivery {BACK}")


def _undo(request: Request) -> Trace:
    """`undo [number of the payment by hand]`"""
    words = request.words
    if len(words) > 1 or any(not word.isdecimal() for word in words):
        raise NotPossible("say which payment by hand: undo 1")
    ordinal = int(words[0][:9]) if words else None
    return hand_money.undo_payment(request.turn, request.state, ordinal, request.by)


def _refunded(request: Request) -> Trace:
    _no_more(request.words)
    return hand_money.give_back_by_hand(request.turn, request.state, request.by)


def _address(request: Request) -> Trace:
    """`address <new address>`: for the same price, and under the rules by which customers give theirs."""
    _require_somebody(request)
    if not request.words:
        raise NotPossible("say the new address")
    said = _said(request, CheckoutField.ADDRESS)
    to = replace(request.state.to, address=said.address, pincode=said.pincode)
    _require_same_price(request, to.pincode)
    return order_changes.send_elsewhere(request.turn, request.state, to, request.by)


def _require_same_price(request: Request, pincode: str) -> None:
    """Raise NotPossible if the order would not be delivered there at its price, or not for cash."""
    delivery, state = request.turn.shop.at.shop.delivery, request.state
    if delivery is None or not delivery.areas:
        return
    old = area_of(delivery, state.to.pincode) if state.to.pincode else None
    new = area_of(delivery, pincode)
    goods = state.order.goods
    if old is None or new is None or (fee_of(new, goods), new.state) != (fee_of(old, goods), old.state):
        raise NotPossible("delivery there has another price: cancel the order, and let them order anew")
    if goods < new.minimum:
        raise NotPossible(f"an order there must come to {money(new.minimum)} at least")
    if state.lifecycle is Lifecycle.PROMISED and not new.cash:
        raise NotPossible("no cash is taken there: cancel the order, and let them pay online")


def _note(request: Request) -> Trace:
    """`note <text>`: in place of what the customer wrote."""
    _require_somebody(request)
    to = replace(request.state.to, note=_said(request, CheckoutField.NOTE).note)
    return order_changes.send_elsewhere(request.turn, request.state, to, request.by)


def _require_somebody(request: Request) -> None:
    """Raise NotPossible if the customer was forgotten: their order gets no personal data again."""
    if request.turn.forgotten:
        raise NotPossible("the customer was forgotten: there is nobody to bring it to")


def _said(request: Request, field: CheckoutField) -> Checkout:
    """Return the checkout in which the customer had said the words of the request."""
    turn = request.turn
    found = say(turn.shop, {str(field): " ".join(request.words)}, turn.conversation.language)
    if isinstance(found, CheckoutFault):
        raise NotPossible(_FAULTS[found.reason])
    return found.checkout


_FAULTS: Final[Mapping[str, str]] = {
    "too short": "that is too short for an address",
    "too long": f"that is too long: it is at most {LONGEST_ADDRESS} characters",
    "no pincode": "the address has no pincode",
    "not served": "the shop does not deliver there",
}


def _show(request: Request) -> Trace:
    _no_more(request.words)
    return ()


_VERBS: Final[Mapping[str, Callable[[Request], Trace]]] = {
    SHOW: _show,
    STAGE: _move,
    "cancel": _cancel,
    "refuse": _refuse,
    "less": _less,
    "return": _return,
    "allowance": _allowance,
    "cash": _cash,
    "upi": _upi,
    "undo": _undo,
    "refunded": _refunded,
    "delivery": _delivery,
    "address": _address,
    "note": _note,
}
VERBS: Final = frozenset(_VERBS)
GIVES_MONEY: Final = frozenset({"less", "return", "allowance", "undo", "refunded", "delivery"})
"""Verbs that decide about money which the shop has, whatever the order's state."""


def normal(verb: str, value: str) -> tuple[str, str]:
    """Return verb and words as `change` reads them: a stage alone stands for a move to it."""
    return (STAGE, f"{verb} {value}".strip()) if verb in frozenset(Stage) else (verb, value)
