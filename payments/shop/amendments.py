"""Amendments: what a person changed about a placed order. Append-only. Pure.

An order itself never changes. What is owed for it only falls: more goods are another order.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from payments.shop.order_terms import Destination
from payments.shop.orders import Line, Order


class AmendmentKind(StrEnum):
    """What an amendment changes."""

    LESS = "less"
    """Pieces are missing, or came back: their price is not owed."""
    ALLOWANCE = "allowance"
    """A part of the price is not owed, whatever the reason."""
    ADDRESS = "address"
    """The goods go to another place, for the same price."""
    REFUSED = "refused"
    """The goods were refused at the door: of their price, only the delivery is not given back."""
    KEPT = "kept"
    """The shop keeps the delivery of goods that were refused at the door."""


@dataclass(frozen=True, slots=True)
class Amendment:
    """One change of a placed order."""

    key: str
    """`<order key>-a<n>`."""
    order_key: str
    kind: AmendmentKind
    by: str
    """The name of who changed it."""
    at: int
    """Milliseconds since 1970, UTC."""
    amount: int = 0
    """Paise that are no longer owed."""
    sku: str = ""
    """Of LESS: the product."""
    pieces: int = 0
    """Of LESS: how many pieces."""
    why: str = ""
    to: Destination | None = None
    """Of ADDRESS: the new destination."""
    shelf: bool = False
    """Of LESS: whether the pieces can be sold again."""

    @property
    def of_nobody(self) -> "Amendment":
        """The same without the customer: no reason, and nothing of where."""
        return replace(self, why="", to=self.to and self.to.of_nobody)


def key_of(order_key: str, ordinal: int) -> str:
    """Return the key of an order's `ordinal`-th amendment, counted from 1."""
    return f"{order_key}-a{ordinal}"


def owed(order: Order, amendments: Iterable[Amendment]) -> int:
    """Return the paise that are owed for the order after its amendments."""
    return order.total - sum(amendment.amount for amendment in amendments)


def missing(amendments: Iterable[Amendment]) -> Counter[str]:
    """Return the pieces that amendments took out of the order, by sku."""
    pieces: Counter[str] = Counter()
    for amendment in amendments:
        pieces[amendment.sku] += amendment.pieces
    return pieces


def remaining(order: Order, amendments: Sequence[Amendment]) -> tuple[Line, ...]:
    """Return the order's lines with the pieces that are left. Their sums are those of the placed order."""
    if not amendments:
        return order.lines
    gone = missing(amendments)
    lines = (replace(line, quantity=line.quantity - gone[line.sku]) for line in order.lines)
    return tuple(line for line in lines if line.quantity > 0)


def destination(order: Order, amendments: Iterable[Amendment]) -> Destination:
    """Return where the order goes now."""
    changed = [amendment.to for amendment in amendments if amendment.to is not None]
    return changed[-1] if changed else order.to
