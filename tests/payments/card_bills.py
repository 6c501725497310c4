"""A bill as an order card shows it."""

from dataclasses import replace
from typing import Any

from flows.messages.payment import Bill, BillLine


def bill(**changed: Any) -> Bill:
    """A bill of ₹360, delivered in Pune; `changed` replaces fields of it."""
    usual = Bill(
        reference="c-1-1.c1",
        order="c-1-1",
        configuration="razorpay-main",
        expires_at=1_790_001_200_000,
        lines=(BillLine("masala-250", "Masala chai 250 g", 18_000, 2),),
        goods=36_000,
        discount=3_600,
        discount_name="FIRST10",
        delivery=4_000,
        total=36_400,
        catalogue="3001",
        origin=(),
        address=("Asha", "4 Lake Road", "Pune", "Maharashtra", "411004"),
    )
    return replace(usual, **changed)
