"""Changes that people make to a placed order, to be tried on a shop with staff."""

from functools import partial

from payments.processing import hand_money
from payments.processing import order_changes as changes
from payments.processing.order_changes import Pieces, Settlement
from payments.shop.fulfilment import Stage
from payments.shop.order_terms import Destination, Fulfilment
from tests.payments.shops_with_staff import Change, StaffShop


def move(to: Stage, by: str = "ravi", **rest: object) -> Change:
    return partial(changes.move, to=to, by=by, **rest)  # type: ignore[arg-type]


def call_off(by: str = "ravi", to: Stage = Stage.CANCELLED, **rest: object) -> Change:
    return partial(changes.call_off, to=to, by=by, **rest)  # type: ignore[arg-type]


def less(sku: str, pieces: int, *, shelf: bool = True) -> Change:
    return partial(changes.take_less, pieces=Pieces(sku, pieces, "sold out", shelf), by="ravi")


def taken_back(sku: str, pieces: int, *, shelf: bool = True) -> Change:
    return partial(changes.take_back, pieces=Pieces(sku, pieces, "broken", shelf), by="ravi")


def allowance(amount: int) -> Change:
    return partial(changes.allow, amount=amount, by="mina", why="late")


def money(amount: int, settlement: Settlement = Settlement.CASH) -> Change:
    return partial(hand_money.take_money, amount=amount, settlement=settlement, by="ravi")


GIVEN = partial(hand_money.give_back_by_hand, by="mina")


ELSEWHERE = partial(
    changes.send_elsewhere, to=Destination(Fulfilment.DELIVERY, "Asha", address="9 Road"), by="mina"
)


def reasons(shop: StaffShop) -> list[object]:
    """Return why the last step refused what the customer asked about an order."""
    trace = [entry for result in shop.last.results for entry in result.trace]
    return [entry["reason"] for entry in trace if entry.get("event") == "order.refused"]
