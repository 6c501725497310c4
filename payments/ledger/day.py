"""The figures of a day: what was ordered, paid, refunded and sold, and what is still owed. Pure.

Money counts on the day on which it was paid or given back, whenever its order was placed.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from payments.ledger.balance import Captured
from payments.ledger.facts import EntityType, FactState
from payments.ledger.state import OrderState, Task
from payments.shop.business_day import Period
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage
from payments.shop.orders import CURRENCY, Lifecycle, is_by_hand

BEST: Final = 5
"""The products that a report names as best sellers."""
CALLED_OFF: Final = frozenset({Stage.CANCELLED, Stage.REFUSED, Stage.RETURNED})
"""Where the goods are of an order that was called off, refused at the door, or returned as a whole."""
_DECIDED_BY_A_PERSON: Final = frozenset({Task.HELD, Task.DELIVERY})
_WENT_BACK: Final = frozenset({FactState.CREATED, FactState.PROCESSED})


@dataclass(slots=True)
class Day:
    """The figures of one day. All money is in paise."""

    orders: int = 0
    """Orders placed on the day whose goods are due, or have been delivered."""
    ordered: int = 0
    """What they cost."""
    unpaid: int = 0
    """Orders placed on the day that wait for their money."""
    cancelled: int = 0
    """Orders placed on the day that were called off, refused at the door, or returned as a whole."""
    payments: int = 0
    """Payments made online on the day."""
    paid_online: int = 0
    taken: Counter[tuple[str, str]] = field(default_factory=Counter)
    """What people took by hand on the day, by method (`cash`, `upi`) and the person's name."""
    undone: Counter[str] = field(default_factory=Counter)
    """What people said on the day was recorded by mistake, by order number. It counts on no day as taken."""
    refunded: int = 0
    """What went back on the day, by whatever way."""
    owed: dict[str, int] = field(default_factory=dict)
    """Of delivered orders, whenever placed: what is still to be paid, by order number."""
    to_give_back: dict[str, int] = field(default_factory=dict)
    """Of orders, whenever placed: what a person has still to give back, by order number."""
    waiting: dict[str, int] = field(default_factory=dict)
    """Of orders, whenever placed: what is held until a person decides, by order number; 0 if that is in
    another currency, or not captured."""
    sold: Counter[str] = field(default_factory=Counter)
    """Pieces by sku, in the orders of `orders`."""
    frozen: dict[str, str] = field(default_factory=dict)
    """The name of each of these skus as some order has it, in the language of its customer."""
    to_do: dict[Stage, int] = field(default_factory=dict)
    """Orders whose goods are due and not delivered, whenever placed, by stage."""

    @property
    def by_hand(self) -> int:
        """All that people took by hand."""
        return sum(self.taken.values())

    def best(self, shop: Shop, language: str) -> list[tuple[str, int]]:
        """Return the best sellers of `shop` with their pieces, the best first, named in `language`.

        What the shop does not have any more has the name of an order.
        """
        named = [(self._name(sku, shop, language), pieces) for sku, pieces in self.sold.items()]
        return sorted(named, key=lambda one: (-one[1], one[0]))[:BEST]

    def _name(self, sku: str, shop: Shop, language: str) -> str:
        article = shop.article(sku)
        return article.name_in(language, language) if article else self.frozen[sku]

    def add(self, state: OrderState, period: Period) -> None:
        """Add one order. Each order is added once."""
        if period.has(state.order.placed_at):
            self._add_placed(state)
        for payment in state.balance.payments:
            if period.has(payment.at * 1000) and payment.currency == CURRENCY:
                self._add_payment(payment)
        for slip in state.undone:
            if period.has(slip.at * 1000):
                self.undone[state.order.number] += slip.amount
        self.refunded += _went_back(state, period)
        if Task.CASH in state.tasks:
            self.owed[state.order.number] = state.due
        if state.to_give_back:
            self.to_give_back[state.order.number] = state.to_give_back
        if not _DECIDED_BY_A_PERSON.isdisjoint(state.tasks):
            self.waiting[state.order.number] = state.held

    def _add_placed(self, state: OrderState) -> None:
        if state.stage in CALLED_OFF:
            self.cancelled += 1
        elif state.goods_due:
            self.orders += 1
            self.ordered += state.owed
            for line in state.lines:
                self.sold[line.sku] += line.quantity
                self.frozen[line.sku] = min(line.name, self.frozen.get(line.sku, line.name))
        elif state.lifecycle is Lifecycle.OPEN:
            self.unpaid += 1

    def _add_payment(self, payment: Captured) -> None:
        if is_by_hand(payment.id):
            self.taken[payment.method, payment.by] += payment.amount
        else:
            self.payments += 1
            self.paid_online += payment.amount


def _went_back(state: OrderState, period: Period) -> int:
    """Return the paise that went back in the period."""
    return sum(amount for at, amount in given_back(state).values() if period.has(at * 1000))


def given_back(state: OrderState) -> Mapping[str, tuple[int, int]]:
    """Return when each refund went back (seconds since 1970, UTC), and its paise, by its id.

    Each counts once, unless it failed in the end.
    """
    found: dict[str, tuple[int, int]] = {}
    for fact in state.facts:
        known = fact.entity is EntityType.REFUND and fact.detail.captured and fact.currency == CURRENCY
        if known and fact.state in _WENT_BACK:
            found[fact.entity_id] = (fact.at, fact.amount)
    failed = {refund.id for refund in state.balance.refunds if refund.state is FactState.FAILED}
    return {id: one for id, one in found.items() if id not in failed}


def to_json(day: Day, shop: Shop, language: str) -> Mapping[str, Any]:
    """Return the figures as JSON, for programs, with the names of `shop` in `language`."""
    return {
        "orders": day.orders,
        "ordered": day.ordered,
        "unpaid": day.unpaid,
        "cancelled": day.cancelled,
        "payments": day.payments,
        "paid_online": day.paid_online,
        "taken": [
            {"method": method, "by": by, "amount": amount}
            for (method, by), amount in sorted(day.taken.items())
        ],
        "undone": _numbered(day.undone),
        "refunded": day.refunded,
        "owed": _numbered(day.owed),
        "to_give_back": _numbered(day.to_give_back),
        "waiting": _numbered(day.waiting),
        "best": [{"name": name, "quantity": quantity} for name, quantity in day.best(shop, language)],
        "to_do": {str(stage): count for stage, count in day.to_do.items()},
    }


def _numbered(amounts: Mapping[str, int]) -> list[Mapping[str, Any]]:
    return [{"number": number, "amount": amount} for number, amount in sorted(amounts.items())]
