"""Calls to Razorpay and to the chat's cards, as data: stored in the outbox and performed later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from payments.shop.orders import Attempt, Order, is_card, order_key_of


@dataclass(frozen=True, slots=True)
class CreateLink:
    """Create the payment link `reference_id`, or adopt it if an earlier try created it."""

    reference_id: str
    order_key: str
    amount: int
    """Paise."""
    currency: str
    description: str
    expires_at: int
    """Milliseconds since 1970, UTC."""


def link_for(order: Order, attempt: Attempt) -> CreateLink:
    """Return the call that creates the link of `attempt`."""
    rest = "" if attempt.amount == order.total else ": the rest"
    return CreateLink(
        reference_id=attempt.reference_id,
        order_key=order.key,
        amount=attempt.amount,
        currency=attempt.currency,
        description=f"Order #{order.number}{rest}",
        expires_at=attempt.expires_at,
    )


@dataclass(frozen=True, slots=True)
class CancelLink:
    """Cancel the link `reference_id`. `link_id` is None if we do not know it."""

    reference_id: str
    link_id: str | None

    @property
    def order_key(self) -> str:
        """The order that the link was made for."""
        return order_key_of(self.reference_id)


@dataclass(frozen=True, slots=True)
class FetchPayments:
    """Fetch the state of the link `reference_id`, with its payments and their refunds."""

    reference_id: str
    link_id: str | None
    asked: bool = False
    """Whether the customer asked and waits for an answer, whatever it is."""
    refunding: Sequence[str] = ()
    """Ids of payments with a refund under way: a refund that fails leaves no trace on its payment."""

    @property
    def order_key(self) -> str:
        """The order that the link was made for."""
        return order_key_of(self.reference_id)


@dataclass(frozen=True, slots=True)
class CloseCard:
    """Close the card `reference_id` in the customer's chat, so that nobody can pay it any more."""

    reference_id: str
    words: str = ""
    """What the customer reads with it; empty until the step is over."""

    @property
    def order_key(self) -> str:
        """The order that the card was made for."""
        return order_key_of(self.reference_id)


@dataclass(frozen=True, slots=True)
class FetchCard:
    """Fetch the payments of the card `reference_id` and their refunds, from Razorpay and nobody else."""

    reference_id: str
    asked: bool = False
    """Whether the customer asked and waits for an answer, whatever it is."""
    refunding: Sequence[str] = ()
    """Ids of payments with a refund under way: a refund that fails leaves no trace on its payment."""
    over: bool = False
    """Whether the card's time is over: if nobody has paid it, the answer says so."""
    hinted: Sequence[str] = ()
    """Ids of orders at Razorpay on which the card is said to have been paid."""

    @property
    def order_key(self) -> str:
        """The order that the card was made for."""
        return order_key_of(self.reference_id)


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """Refund `amount` of a captured payment, once, however often this is tried."""

    key: str
    """`<payment id>-<ordinal>`: the idempotency key and the refund's receipt. Its notes hold it too."""
    payment_id: str
    order_key: str
    amount: int
    """Paise."""


Call: TypeAlias = CreateLink | CancelLink | FetchPayments | CloseCard | FetchCard | RefundPayment


def fetch_of(
    reference: str,
    link_id: str | None,
    *,
    asked: bool = False,
    refunding: Sequence[str] = (),
    over: bool = False,
    hinted: Sequence[str] = (),
) -> FetchPayments | FetchCard:
    """Return the call that fetches what became of a link or a card.

    `over` and `hinted` are for cards alone.
    """
    if is_card(reference):
        return FetchCard(reference, asked, refunding, over, hinted)
    return FetchPayments(reference, link_id, asked, refunding)


def end_of(reference: str, link_id: str | None) -> CancelLink | CloseCard:
    """Return the call that ends a link or a card."""
    return CloseCard(reference) if is_card(reference) else CancelLink(reference, link_id)


_FIELDS: Final = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (CreateLink, CancelLink, FetchPayments, CloseCard, FetchCard, RefundPayment)
}


def to_json(call: Call) -> dict[str, Any]:
    """Return a JSON-ready dict with the call's name under `call`. Inverse of `from_json`."""
    return {"call": type(call).__name__, **{name: getattr(call, name) for name in _FIELDS[type(call)]}}


def from_json(value: dict[str, Any]) -> Call:
    """Return the call that `to_json` wrote. Raises KeyError or TypeError on any other shape."""
    fields = dict(value)
    return _CALLS[fields.pop("call")](**fields)


_CALLS: Final[Mapping[str, type[Call]]] = {kind.__name__: kind for kind in _FIELDS}
