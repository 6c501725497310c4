"""What the simulated Razorpay keeps: its links, payments and refunds."""

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
    """Paise of `amount` that are Razorpay's fee, paid on top by the payer; 0 where the shop pays it."""

    @property
    def net(self) -> int:
        """Paise that came for the shop."""
        return self.amount - self.fee


@dataclass(slots=True)
class Refund:
    id: str
    payment: Payment
    amount: int
    key: str
    body: tuple[object, ...]
    status: str = "pending"
