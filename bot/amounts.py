"""Formats amounts for people."""

from payments.shop.money import money
from payments.shop.orders import CURRENCY


def shown(amount: int, currency: str) -> str:
    """Format `amount`: as rupees, or in the smallest unit of another currency."""
    return money(amount) if currency == CURRENCY else f"{amount} of the smallest unit of {currency}"
