"""The records of the simulated Razorpay: links, payments and refunds, in paise and milliseconds."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(slots=True)
class Link:
    id: str
    reference: str
    order_key: str
    amount: int
    expires_at: int
    notes: Mapping[str, str]
    made_at: int
    status: str = "created"
    paid: int = 0
    order: str = ""


@dataclass(slots=True)
class Payment:
    id: str
    link: Link
    amount: int
    currency: str
    made_at: int
    status: str = "created"
    captured: bool = False
    fee: int = 0
    """Razorpay's fee within `amount`, if the payer pays it on top; 0 if the shop pays it."""

    @property
    def net(self) -> int:
        """Amount without the fee: what the shop got."""
        return self.amount - self.fee


@dataclass(slots=True)
class Refund:
    id: str
    payment: Payment
    amount: int
    key: str
    body: tuple[object, ...]
    status: str = "pending"
