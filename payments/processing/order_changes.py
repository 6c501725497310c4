"""What people change about a placed order: its stage, its goods, its price. Pure.

Each function changes one order in a turn, applies the rules of money, and tells the customer. Each raises
`NotPossible` before anything has changed.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.state import OrderState
from payments.processing.turn import Trace, Turn
from payments.processing.updates import apply
from payments.shop import amendments, stock
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.fulfilment import Stage, goods_are_here, is_forward
from payments.shop.money import money
from payments.shop.order_terms import Destination
from payments.shop.orders import Line, hand_payment, is_by_hand
from payments.shop.pricing import worth_of_last


class NotPossible(Exception):
    """A person asked for a change that the order does not allow. The message is for that person."""


class Unsettled(NotPossible):
    """The order is to be delivered and is not paid, and nobody said how it is."""


class Overtaken(NotPossible):
    """The order is no longer in the stage that the person saw."""


class Settlement(StrEnum):
    """How an order is paid whose goods are handed over."""

    CASH = "cash"
    UPI = "upi"
    """Paid to the shop's own UPI address, not through Razorpay."""
    OWED = "owed"
    """Not yet: the customer owes it."""


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of one line of an order that the customer does not get, or gives back."""

    sku: str
    count: int
    why: str = ""
    shelf: bool = True
    """Whether they can be sold again."""


def move(
    turn: Turn,
    state: OrderState,
    to: Stage,
    by: str,
    *,
    expected: Stage | None = None,
    settlement: Settlement | None = None,
    amount: int | None = None,
) -> Trace:
    """Move the order forward to the stage `to`. `expected` is the stage that the person saw.

    `settlement` says how an order is paid that is delivered and was not paid in full before. `amount` is what
    was taken for it, in paise, if that is not all that is due: the rest is owed.
    """
    stage, stages = _stage(state, expected), (*turn.shop.at.shop.stages, Stage.DELIVERED)
    if to not in stages:
        raise NotPossible(f"the shop has no stage '{to}': it has {', '.join(dict.fromkeys(stages))}")
    if not is_forward(stage, to):
        raise NotPossible(f"{named(state)} is {_stands(state)} already")
    unpaid = state.due if to is Stage.DELIVERED else 0
    if unpaid and settlement is None:
        raise Unsettled(f"{named(state)} is not paid: say whether by cash, by upi, or owed")
    new: tuple[Fact, ...] = ()
    taken = (unpaid if amount is None else amount) if to is Stage.DELIVERED else 0
    if taken and settlement in (Settlement.CASH, Settlement.UPI):
        new = (payment_by_hand(state, taken, settlement, by, turn.now),)
    return applied(turn, state, _staged(state, to, by, turn.now), new)


def call_off(
    turn: Turn,
    state: OrderState,
    to: Stage,
    by: str,
    *,
    expected: Stage | None = None,
    shelf: bool | None = None,
) -> Trace:
    """End the order: CANCELLED before its goods are delivered, or REFUSED at the door.

    What was paid goes back. `shelf`: whether its goods can be sold again. By default they can if nobody has
    begun to prepare them, and if the customer refused them.
    """
    return applied(turn, state, called_off(turn, state, to, by, expected, shelf))


def called_off(
    turn: Turn, state: OrderState, to: Stage, by: str, expected: Stage | None, shelf: bool | None
) -> OrderState:
    """Return the order as called off. Raises NotPossible if it has ended, or nobody can refuse it now."""
    require_running(state, expected)
    if to is Stage.REFUSED and state.stage is not Stage.OUT:
        raise NotPossible(f"{named(state)} is not on its way, so nobody can refuse it: cancel it")
    usable = goods_are_here(state.stage) or to is Stage.REFUSED
    turn.shop = turn.shop.called_off(state.key, to, by, shelf=usable if shelf is None else shelf)
    return turn.shop.known(state.key)


def require_running(state: OrderState, expected: Stage | None) -> None:
    """Raise NotPossible if the order has ended, Overtaken if it is not in the stage that a person saw."""
    if state.stage is not None or expected is not None:
        _stage(state, expected)
    elif not state.can_be_called_off:
        raise NotPossible(f"{named(state)} has ended: it is {state.stands}")


def take_less(turn: Turn, state: OrderState, pieces: Pieces, by: str) -> Trace:
    """Take `pieces` out of the order: their price is not owed. If nothing would remain, it is called off."""
    if state.stage is Stage.DELIVERED:
        said = f"for what was missing or came back say return {pieces.sku} {pieces.count}"
        raise NotPossible(f"{named(state)} is delivered: {said}")
    _stage(state, None)
    if pieces.count == _in_all(state) == _left(state, _line(state, pieces.sku)):
        return call_off(turn, state, Stage.CANCELLED, by, shelf=pieces.shelf)
    return _without(pieces, turn, state, state, by)


def take_back(turn: Turn, state: OrderState, pieces: Pieces, by: str) -> Trace:
    """Take back `pieces` of a delivered order: their price goes back, the delivery fee does not."""
    if state.stage is not Stage.DELIVERED:
        raise NotPossible(f"{named(state)} is {state.stands}: only delivered goods come back")
    all_of_it = pieces.count == _in_all(state)
    after = _staged(state, Stage.RETURNED, by, turn.now) if all_of_it else state
    return _without(pieces, turn, state, after, by)


def allow(turn: Turn, state: OrderState, amount: int, by: str, why: str) -> Trace:
    """Take `amount` paise off what the order costs."""
    require_owed(state)
    if not 0 < amount <= state.owed:
        raise NotPossible(f"an allowance for {named(state)} is at most what it costs, {money(state.owed)}")
    return amended(turn, state, state, AmendmentKind.ALLOWANCE, by, amount=amount, why=why)


def send_elsewhere(turn: Turn, state: OrderState, to: Destination, by: str) -> Trace:
    """Send the goods to another place for the same price."""
    if state.stage is None or not _before_leaving(state):
        raise NotPossible(f"{named(state)} is {state.stands}: it cannot be sent elsewhere now")
    return amended(turn, state, state, AmendmentKind.ADDRESS, by, to=to)


def _without(pieces: Pieces, turn: Turn, before: OrderState, state: OrderState, by: str) -> Trace:
    """Amend `state` by `pieces`."""
    line, count = _line(state, pieces.sku), pieces.count
    left = _left(state, line)
    if not 0 < count <= left:
        raise NotPossible(f"{named(state)} has {left} of '{pieces.sku}', not {count}")
    worth = worth_of_last(line.charged, line.quantity, line.quantity - left, count)
    back = (replace(line, quantity=count),)
    moves = stock.give_back(turn.shop.left, back, reserved=state.reserves, shelf=pieces.shelf)
    turn.shop = turn.shop.moving(moves)
    cost = {"amount": min(worth, state.owed), "sku": pieces.sku, "pieces": count, "shelf": pieces.shelf}
    return amended(turn, before, state, AmendmentKind.LESS, by, why=pieces.why, **cost)


def amended(
    turn: Turn, before: OrderState, after: OrderState, kind: AmendmentKind, by: str, **rest: object
) -> Trace:
    """Amend the order, and apply the rules. `rest`: further fields of the amendment."""
    key = amendments.key_of(before.key, len(before.amendments) + 1)
    amendment = Amendment(key, before.key, kind, by, turn.now, **rest)  # type: ignore[arg-type]
    return applied(turn, before, after.amended(amendment))


def applied(turn: Turn, before: OrderState, after: OrderState, new: tuple[Fact, ...] = ()) -> Trace:
    """Apply the rules to the order as a person changed it from `before` to `after`, with `new` facts."""
    if new:
        after = after.with_facts(new)
    return apply(turn, before, after, new)[0]


def payment_by_hand(state: OrderState, amount: int, settlement: Settlement, by: str, now: int) -> Fact:
    """Return the fact that a person took money. No webhook can make one: its id is not Razorpay's."""
    payments = (fact for fact in state.facts if fact.entity is EntityType.PAYMENT)
    taken = {fact.entity_id for fact in payments if is_by_hand(fact.entity_id)}
    return Fact(
        order_key=state.key,
        entity=EntityType.PAYMENT,
        entity_id=hand_payment(state.key, len(taken) + 1),
        state=FactState.CAPTURED,
        amount=amount,
        currency=state.order.currency,
        at=now // 1000,
        detail=Detail(method=str(settlement), by=by),
    )


def require_owed(state: OrderState) -> None:
    """Raise NotPossible if the customer neither paid the order nor promised cash for it."""
    if state.goods_due:
        return
    if state.open_to_pay:
        raise NotPossible(f"the customer chose to pay {named(state)} online, and has not yet")
    raise NotPossible(f"{named(state)} is {state.stands}: nothing is owed for it")


def require_stage(state: OrderState, expected: Stage | None) -> None:
    """Raise Overtaken if the order is not in the stage that a person saw. None: they saw none."""
    if expected is not None and state.stage is not expected:
        raise Overtaken(f"{named(state)} is {_stands(state)} already")


def _stage(state: OrderState, expected: Stage | None) -> Stage:
    """Return the order's stage. Raises NotPossible if its goods are not due, or it is not as expected."""
    require_stage(state, expected)
    if state.stage is None or not state.goods_due:
        raise NotPossible(f"{named(state)} is {state.stands}: its goods are not due")
    if state.stage.ended:
        raise NotPossible(f"{named(state)} is {_stands(state)} already")
    return state.stage


def _staged(state: OrderState, to: Stage, by: str, now: int) -> OrderState:
    return replace(state, stage=to, stage_by=by, stage_at=now)


def _before_leaving(state: OrderState) -> bool:
    return state.stage in (Stage.PLACED, Stage.ACCEPTED, Stage.PREPARING, Stage.READY)


def _line(state: OrderState, sku: str) -> Line:
    found = next((line for line in state.order.lines if line.sku == sku), None)
    if found is None:
        raise NotPossible(f"{named(state)} has no '{sku}': it has {skus(state)}")
    return found


def skus(state: OrderState) -> str:
    """Return what was ordered, by sku and name, for people."""
    return ", ".join(f"{line.sku} ({line.name})" for line in state.order.lines)


def _in_all(state: OrderState) -> int:
    return sum(line.quantity for line in state.lines)


def _left(state: OrderState, line: Line) -> int:
    return sum(each.quantity for each in state.lines if each.sku == line.sku)


def named(state: OrderState) -> str:
    """Return what people call the order."""
    return f"#{state.order.number}"


def _stands(state: OrderState) -> str:
    """Return the stage and who moved it there, as people read it."""
    return f"{state.stands} (by {state.stage_by})" if state.stage_by else state.stands
