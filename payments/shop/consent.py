"""What a customer wants to hear from the shop. Pure."""

from enum import StrEnum
from typing import Final


class Hears(StrEnum):
    """What a customer wants to hear, the strictest first."""

    NOTHING = "nothing"
    """Answers, money, and news of an order. No reminders."""
    ORDERS = "orders"
    """Reminders too. What a customer hears who has said nothing about it."""
    OFFERS = "offers"
    """Offers too: the customer said yes to them."""


_STRICTEST_FIRST: Final = tuple(Hears)


def stricter(one: Hears, other: Hears) -> Hears:
    """Return that of the two by which the customer hears less."""
    return min(one, other, key=_STRICTEST_FIRST.index)


def without_offers(hears: Hears) -> Hears:
    """Return what a customer hears who wants no offers any more."""
    return stricter(hears, Hears.ORDERS)
