"""Orders, and the links and cards made to pay them. Values only; all money is in paise."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final

from payments.shop.order_terms import NOWHERE, USUAL, Destination, Terms

CURRENCY: Final = "INR"
FIRST_NUMBER: Final = 10_001
"""The number of a shop's first order: nobody likes to be the first customer."""

_KEY = re.compile(r"(?P<conversation>[a-z0-9]+-[0-9]+)-[0-9]+[a-z]*", re.ASCII)
_ORDER_LETTERS: Final = 6
"""Letters of a nonce that go into an order's key. The others go into an attempt's reference id."""


@dataclass(frozen=True, slots=True)
class Line:
    """`quantity` pieces of one product, at its price when the order was placed."""

    sku: str
    name: str
    quantity: int
    price: int
    """Paise for one piece, tax inside."""
    rate: int = 0
    """GST inside the price, in basis points: 1800 is 18 %."""
    hsn: str = ""
    """Code of the goods for GST; empty if the shop gives none."""
    discount: int = 0
    """Paise of the coupon that fall on this line."""
    delivery: int = 0
    """Paise of the delivery fee that fall on this line. They are not part of `charged`."""

    @property
    def total(self) -> int:
        """Paise for all pieces before the coupon."""
        return self.quantity * self.price

    @property
    def charged(self) -> int:
        """Paise for all pieces after the coupon."""
        return self.total - self.discount


@dataclass(frozen=True, slots=True)
class Order:
    """An order as placed. It never changes afterwards."""

    key: str
    """`<conversation id>-<ordinal><random letters>`: never used twice. The notes of its links hold it."""
    number: str
    """What people call it (`12345`). Numbers follow each other without gaps."""
    conversation: str
    lines: tuple[Line, ...]
    total: int
    """Paise: the goods, less the coupon, and the delivery fee."""
    currency: str
    placed_at: int
    """Milliseconds since 1970, UTC."""
    placed_by: int
    """Number of the event that placed it."""
    to: Destination = NOWHERE
    terms: Terms = USUAL

    @property
    def goods(self) -> int:
        """Paise for the goods before the coupon."""
        return sum(line.total for line in self.lines)

    @property
    def discount(self) -> int:
        """Paise of the coupon."""
        return sum(line.discount for line in self.lines)

    @property
    def delivery(self) -> int:
        """Paise of the delivery fee."""
        return sum(line.delivery for line in self.lines)


def line_values(line: Line) -> list[Any]:
    """Return the values of a line's fields. `Line(*values)` is the line again."""
    # `dataclasses.astuple` copies each value deeply, which takes ten times as long.
    return [getattr(line, one.name) for one in fields(line)]


def lines_to_json(lines: Iterable[Line]) -> list[dict[str, Any]]:
    """Return the lines as JSON-ready dicts with their totals, as templates and receipts read them."""
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


class Lifecycle(StrEnum):
    """What is to become of an order.

    Facts of its money move it (`payments.ledger.resolution`): open → lapsed, and open, promised or lapsed →
    fulfilled or returned. So does the chat (`payments.processing.shop_state`): `place` opens it, `promise`
    makes its goods due against cash, `end` lets it lapse, and `reopened` opens a lapsed one again. Fulfilled
    is final for money and ends only when a person calls the order off. Returned is final.
    """

    OPEN = "open"
    """The goods are reserved, and the order can be paid."""
    PROMISED = "promised"
    """The goods are reserved and due, and cash for them is to come."""
    LAPSED = "lapsed"
    """The order ended unpaid, and its goods are free again. A late payment may still fulfil it."""
    FULFILLED = "fulfilled"
    """The order is paid, and its goods are due."""
    RETURNED = "returned"
    """The order will not be fulfilled. Any money that arrives for it is refunded."""


class AttemptStatus(StrEnum):
    """Status of one payment link or card, as far as we know."""

    PLANNED = "planned"
    """It is asked for only when an earlier link or card is known to be over."""
    CREATING = "creating"
    """It is asked for. A card is so only within the step in which a message shows it."""
    CREATED = "created"
    WITHDRAWING = "withdrawing"
    """It is being cancelled. Until that is answered, it may still be paid."""
    REFUSED = "refused"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    PAID = "paid"


class LinkStatus(StrEnum):
    """Status of a payment link at Razorpay, as Razorpay names it."""

    CREATED = "created"
    PARTIALLY_PAID = "partially_paid"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Mode(StrEnum):
    """Whether a key of Razorpay moves real money. The address is the same for both."""

    TEST = "test"
    LIVE = "live"

    @classmethod
    def of_key(cls, key_id: str) -> "Mode":
        """Return the mode of the key with this id."""
        return cls.LIVE if key_id.startswith("rzp_live_") else cls.TEST


@dataclass(frozen=True, slots=True)
class Attempt:
    """One payment link or card for an order. It is stored before anybody is asked for it."""

    reference_id: str
    """`<order key>.<ordinal><random letters>`, of a card `<order key>.c<…>`; at most 40 characters. Never
    used twice."""
    order_key: str
    ordinal: int
    amount: int
    """Paise."""
    currency: str
    expires_at: int
    """Milliseconds since 1970, UTC."""
    status: AttemptStatus = AttemptStatus.CREATING
    link_id: str | None = None
    """Razorpay's id of the link; None before it is made. A card has none: once it is shown, this is its own
    reference id, because Razorpay may make several orders for it."""
    short_url: str | None = None
    mode: Mode | None = None
    """The mode of the key that made the link; None before it is made, and of a card."""

    @property
    def is_card(self) -> bool:
        """Whether it is an order card, which is paid in the chat."""
        return is_card(self.reference_id)

    @property
    def payable(self) -> bool:
        """Whether the customer can still pay the link, as far as we know."""
        return self.status in _PAYABLE

    @property
    def live(self) -> bool:
        """Whether the customer can pay the link now, or may be able to later."""
        return self.payable or self.status is AttemptStatus.PLANNED


_PAYABLE: Final = frozenset({AttemptStatus.CREATING, AttemptStatus.CREATED, AttemptStatus.WITHDRAWING})


LINK_STATUSES: Final[Mapping[LinkStatus, AttemptStatus]] = {
    LinkStatus.PAID: AttemptStatus.PAID,
    LinkStatus.EXPIRED: AttemptStatus.EXPIRED,
    LinkStatus.CANCELLED: AttemptStatus.CANCELLED,
}
"""Attempt status for each final status of a link at Razorpay. In any other status it can still be paid."""

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
    """Return `attempt` in `status`, or unchanged if its own status ranks as high or higher.

    Reports about a link arrive late and in any order.
    """
    return replace(attempt, status=status) if _RANK[status] > _RANK[attempt.status] else attempt


def withdrawn(attempt: Attempt) -> Attempt:
    """Return `attempt` as withdrawn. A planned one is cancelled at once: Razorpay does not know of it."""
    planned = attempt.status is AttemptStatus.PLANNED
    return moved(attempt, AttemptStatus.CANCELLED if planned else AttemptStatus.WITHDRAWING)


def shown(card: Attempt) -> Attempt:
    """Return a card as shown to the customer, who can pay it from now on."""
    return replace(card, status=AttemptStatus.CREATED, link_id=card.reference_id)


def hand_payment(key: str, ordinal: int) -> str:
    """Return the id of the `ordinal`-th payment for an order that a person took, counted from 1."""
    return f"{_HAND}{key}-{ordinal}"


def hand_refund(key: str) -> str:
    """Return the key of the refund that a person gave in place of the one with this key."""
    return f"{_HAND}{key}"


def hand_ordinal(payment_id: str) -> int:
    """Return the number of a payment that a person took, as `hand_payment` was given it."""
    return int(payment_id.rpartition("-")[2])


def is_by_hand(id: str) -> bool:
    """Return whether a person took the payment, or gave the refund. Razorpay's ids begin otherwise."""
    return id.startswith(_HAND)


_HAND: Final = "hand-"


def order_key(conversation: str, ordinal: int, nonce: str) -> str:
    """Return the key of a conversation's `ordinal`-th order, counted from 1.

    `nonce` is random letters, drawn anew for each step. Because of them a conversation does not make the same
    key again after its database was restored: Razorpay remembers keys for ever.
    """
    return f"{conversation}-{ordinal}{nonce[:_ORDER_LETTERS]}"


def reference_id(key: str, ordinal: int, nonce: str, *, card: bool = False) -> str:
    """Return the reference id of an order's `ordinal`-th attempt, counted from 1.

    `nonce` is that of `order_key`. A card's id says that it is one: whoever hears of it knows whom to ask.
    """
    return f"{key}.{_CARD if card else ''}{ordinal}{nonce[_ORDER_LETTERS:]}"


def is_card(reference: str) -> bool:
    """Return whether a reference id of ours is that of a card, which is paid in the chat."""
    return reference.rpartition(".")[2].startswith(_CARD)


_CARD: Final = "c"


def order_key_of(reference: str) -> str:
    """Return the order key inside a reference id. A reference of another system is returned unchanged."""
    return reference.rsplit(".", 1)[0]


def conversation_of(key: str) -> str | None:
    """Return the conversation id inside an order key, or None if no Munshi made the key."""
    match = _KEY.fullmatch(key)
    return match["conversation"] if match else None
