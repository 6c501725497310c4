"""What the shop asks of Razorpay, as data: stored in the outbox, performed later."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, TypeAlias

from payments.shop.orders import order_key_of


@dataclass(frozen=True, slots=True)
class CreateLink:
    """Make the payment link `reference_id`, or adopt it if an earlier try made it."""

    reference_id: str
    order_key: str
    amount: int
    """Paise."""
    currency: str
    description: str
    expires_at: int
    """Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class CancelLink:
    """Make the link `reference_id` unpayable. `link_id` is None if we never learned it."""

    reference_id: str
    link_id: str | None

    @property
    def order_key(self) -> str:
        """The order that the link was made for."""
        return order_key_of(self.reference_id)


@dataclass(frozen=True, slots=True)
class FetchPayments:
    """Ask how the link `reference_id` stands, with its payments and their refunds."""

    reference_id: str
    link_id: str | None
    asked: bool = False
    """Whether the customer waits for the answer, whatever it is."""
    refunding: Sequence[str] = ()
    """Payments of which refunds are under way: one that fails leaves no trace on its payment."""

    @property
    def order_key(self) -> str:
        """The order that the link was made for."""
        return order_key_of(self.reference_id)


@dataclass(frozen=True, slots=True)
class RefundPayment:
    """Give `amount` of a captured payment back, once, however often this is tried."""

    key: str
    """`<payment id>-<ordinal>`: the idempotency key, the refund's receipt, and in its notes."""
    payment_id: str
    order_key: str
    amount: int
    """Paise."""


Call: TypeAlias = CreateLink | CancelLink | FetchPayments | RefundPayment


_FIELDS: Final = {
    kind: tuple(field.name for field in fields(kind))
    for kind in (CreateLink, CancelLink, FetchPayments, RefundPayment)
}


def to_json(call: Call) -> dict[str, Any]:
    """A JSON-ready dict with the call's name under `call`. Inverse of `from_json`."""
    return {"call": type(call).__name__, **{name: getattr(call, name) for name in _FIELDS[type(call)]}}


def from_json(value: dict[str, Any]) -> Call:
    """The call that `to_json` wrote. Raises KeyError on any other shape."""
    fields = dict(value)
    return _CALLS[fields.pop("call")](**fields)


_CALLS: Final[Mapping[str, type[Call]]] = {kind.__name__: kind for kind in _FIELDS}
