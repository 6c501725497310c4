"""What a customer ordered, and each attempt to be paid for it. Values only; all money in paise."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

CURRENCY: Final = "INR"

_KEY = re.compile(r"(?P<conversation>[a-z0-9]+-[0-9]+)-[0-9]+[a-z]*", re.ASCII)
_OF_ORDER: Final = 6
"""Letters of a nonce that go into an order's key; the rest go into an attempt's reference id."""


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` of one product at the price it had when the order was placed."""

    sku: str
    name: str
    quantity: int
    price: int
    """Paise for one."""

    @property
    def total(self) -> int:
        """Paise for all of them."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Order:
    """An order as placed; never changed afterwards."""

    key: str
    """`<conversation id>-<ordinal><random letters>`: unique for ever, travels in the notes of its links."""
    number: str
    """What people call it (`12345`); unique within the installation."""
    conversation: str
    lines: tuple[Line, ...]
    total: int
    """Paise."""
    currency: str
    placed_at: int
    """Milliseconds since 1970, UTC."""
    placed_by: int
    """Number of the event that placed it."""


def lines_to_json(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """The lines as JSON-ready dicts with their totals, as templates and receipts read them."""
    return [
        {
            "sku": line.sku,
            "name": line.name,
            "quantity": line.quantity,
            "price": line.price,
            "total": line.total,
        }
        for line in lines
    ]


def lines_from_json(values: Iterable[Mapping[str, Any]]) -> tuple[Line, ...]:
    """The lines that `lines_to_json` wrote."""
    return tuple(Line(v["sku"], v["name"], v["quantity"], v["price"]) for v in values)


class Lifecycle(StrEnum):
    """What is to become of an order."""

    OPEN = "open"
    """Its goods are reserved, and it can be paid."""
    LAPSED = "lapsed"
    """It ended unpaid; its goods are free again."""
    FULFILLED = "fulfilled"
    """It is paid: its goods are due, for good."""
    RETURNED = "returned"
    """Whatever comes in for it goes back, for good."""


class AttemptStatus(StrEnum):
    """Where one payment link stands, as far as we know."""

    PLANNED = "planned"
    """Razorpay is not asked for it before an earlier link is known to be over."""
    CREATING = "creating"
    CREATED = "created"
    WITHDRAWING = "withdrawing"
    """Razorpay was told to cancel it; until it answers, the link may still be paid."""
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PAID = "paid"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One payment link for an order, stored before Razorpay is asked for it."""

    reference_id: str
    """`<order key>.<ordinal><random letters>`, at most 40 characters; never minted twice."""
    order_key: str
    ordinal: int
    amount: int
    """Paise."""
    currency: str
    expires_at: int
    """Milliseconds since 1970, UTC."""
    status: AttemptStatus = AttemptStatus.CREATING
    link_id: str | None = None
    short_url: str | None = None
    mode: str | None = None
    """`test` or `live`: of the key that made the link; None before it is made."""

    @property
    def payable(self) -> bool:
        """Whether the customer may still pay it, as far as we know."""
        return self.status in _PAYABLE

    @property
    def live(self) -> bool:
        """Whether the customer may still pay it, or may come to."""
        return self.payable or self.status is AttemptStatus.PLANNED


_PAYABLE: Final = frozenset({AttemptStatus.CREATING, AttemptStatus.CREATED, AttemptStatus.WITHDRAWING})


LINK_STATUSES: Final[Mapping[str, AttemptStatus]] = {
    "paid": AttemptStatus.PAID,
    "expired": AttemptStatus.EXPIRED,
    "cancelled": AttemptStatus.CANCELLED,
}
"""What Razorpay's status of a link makes of its attempt; with any other, the link can still be paid."""

_RANK: Final = {
    AttemptStatus.PLANNED: -1,
    AttemptStatus.CREATING: 0,
    AttemptStatus.CREATED: 1,
    AttemptStatus.WITHDRAWING: 2,
    AttemptStatus.REFUSED: 3,
    AttemptStatus.EXPIRED: 4,
    AttemptStatus.CANCELLED: 4,
    AttemptStatus.PAID: 5,
}


def moved(attempt: Attempt, status: AttemptStatus) -> Attempt:
    """`attempt` in `status`, unless it is further already: word of a link comes late and in any order."""
    return replace(attempt, status=status) if _RANK[status] > _RANK[attempt.status] else attempt


def withdrawn(attempt: Attempt) -> Attempt:
    """`attempt` on its way out: of one that is only planned, Razorpay need not be told."""
    planned = attempt.status is AttemptStatus.PLANNED
    return moved(attempt, AttemptStatus.CANCELLED if planned else AttemptStatus.WITHDRAWING)


def order_key(conversation: str, ordinal: int, nonce: str) -> str:
    """The key of a conversation's `ordinal`-th order, counted from 1.

    `nonce` is random letters, drawn anew for each step. They make it another key than the one that the same
    conversation minted before its database was restored: Razorpay remembers keys for ever.
    """
    return f"{conversation}-{ordinal}{nonce[:_OF_ORDER]}"


def reference_id(key: str, ordinal: int, nonce: str) -> str:
    """Razorpay's `reference_id` of an order's `ordinal`-th attempt, counted from 1; `nonce` as above."""
    return f"{key}.{ordinal}{nonce[_OF_ORDER:]}"


def order_key_of(reference: str) -> str:
    """The order key inside a reference id; a reference of another system comes back unchanged."""
    return reference.rsplit(".", 1)[0]


def conversation_of(key: str) -> str | None:
    """The conversation id inside an order key; None when the key was not made by a Munshi."""
    found = _KEY.fullmatch(key)
    return found["conversation"] if found else None
