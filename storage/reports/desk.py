"""Orders as those who run the shop read them: what is asked for, and what is found. Values only.

`storage.reports.order_queries` finds them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from payments.ledger.state import OrderState, PaymentStatus
from payments.shop.fulfilment import Stage
from payments.shop.invoice import NumberedInvoice
from storage.database.encoding import loads
from storage.database.transaction import Row
from storage.inbox.order_rows import OrderRows, Unreadable, order_state
from storage.reports.place import Place

EVER: Final = 2**62
"""Milliseconds: later than any order."""


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders to list. All conditions hold together. Times are milliseconds since 1970, UTC."""

    todo: bool = False
    """Those with which the shop has still something to do, oldest first. Else the newest come first."""
    stage: Stage | None = None
    payment: PaymentStatus | None = None
    phones: tuple[str, ...] | None = None
    """Those of the customers with one of these numbers (digits); None for everybody's."""
    since: int = 0
    """Placed then or later."""
    until: int = EVER
    """Placed before."""
    after: Place | None = None
    """The last order of the page before; None for the first page."""
    limit: int = 50

    def between(self, since: int | None, until: int | None) -> "OrderFilter":
        """Return the same for what was placed from `since` up to `until`; None sets no bound."""
        return replace(
            self,
            since=self.since if since is None else since,
            until=self.until if until is None else until,
        )


@dataclass(frozen=True, slots=True)
class StaffMove:
    """What somebody of the shop did, or tried to do, about an order."""

    at: int
    """Milliseconds since 1970, UTC."""
    by: str
    verb: str
    value: str
    stage: str
    """The stage afterwards; empty if it was refused."""
    refused: str
    """Why it was not done; empty if it was done."""


@dataclass(frozen=True, slots=True)
class DeskOrder:
    """An order with its customer. It holds personal data, whole."""

    state: OrderState
    paid_at: int | None
    """Milliseconds since 1970, UTC; set once, when the whole total was first captured."""
    name: str
    """The customer's profile name; empty if none is known, or they were forgotten."""
    phone: str
    """The customer's newest number, digits with the country code; empty if none is known."""
    moves: tuple[StaffMove, ...] = ()
    """Oldest first. Lists leave them out, and those whose events are erased are not known any more."""
    documents: tuple[NumberedInvoice, ...] = ()
    """Its invoice and credit notes, oldest first. Lists leave them out."""

    @property
    def place(self) -> Place:
        """Its place in a list."""
        return Place(self.state.order.placed_at, self.state.key)


@dataclass(frozen=True, slots=True)
class UnreadableOrder:
    """An order whose rows cannot be read, in a list that shows all others."""

    key: str
    number: str
    placed_at: int
    """Milliseconds since 1970, UTC."""
    why: str

    @property
    def place(self) -> Place:
        """Its place in a list."""
        return Place(self.placed_at, self.key)


Listed: TypeAlias = DeskOrder | UnreadableOrder


@dataclass(frozen=True, slots=True)
class OrderPage:
    """One page of a list of orders."""

    orders: tuple[Listed, ...]
    next: Place | None
    """After what the next page begins; None if this is the last one."""


@dataclass(frozen=True, slots=True)
class People:
    """The customers of some orders, by the number of their conversation."""

    snapshots: Mapping[int, str]
    phones: Mapping[int, str]


def desk_order(installation: str, rows: OrderRows, people: People, events: Sequence[Row] = ()) -> DeskOrder:
    """Return the order in `rows`. `events`: the rows of its staff's events. Raises Unreadable."""
    id = rows.order["conversation_id"]
    customer: Any = loads(people.snapshots.get(id, "{}")).get("customer") or {}
    return DeskOrder(
        order_state(installation, rows),
        rows.order["paid_at"],
        str(customer.get("name") or ""),
        people.phones.get(id, ""),
        tuple(_move(row) for row in events),
    )


def _move(event: Row) -> StaffMove:
    body = loads(event["body"])
    trace = loads(event["trace"]) if event["trace"] else ()
    done: Any = next((entry for entry in trace if entry.get("event") == "staff"), {})
    by, verb, value = (str(body.get(name) or "") for name in ("by", "verb", "value"))
    refused = str(done.get("refused") or ("" if done else "it could not be handled"))
    return StaffMove(event["handled_at"], by, verb, value, str(done.get("stage") or ""), refused)


def listed_order(installation: str, rows: OrderRows, people: People) -> Listed:
    """Return the order in `rows` for a list, in which one that cannot be read does not hide the others."""
    try:
        return desk_order(installation, rows, people)
    except Unreadable as unreadable:
        order = rows.order
        return UnreadableOrder(order["key"], order["number"], order["placed_at"], str(unreadable))


def page(orders: Sequence[Listed], limit: int) -> OrderPage:
    """Return the first `limit` of `orders`, of which one more was asked for."""
    more = len(orders) > limit
    return OrderPage(tuple(orders[:limit]), orders[limit - 1].place if more else None)
