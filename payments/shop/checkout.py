"""What a customer has said about their next order: where it goes, when, with which coupon."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from payments.shop.order_terms import Fulfilment, filled

SHORTEST_ADDRESS: Final = 10
"""Characters. What is shorter names no place."""
LONGEST_ADDRESS: Final = 500
LONGEST_NOTE: Final = 500
LONGEST_NAME: Final = 100


class CheckoutField(StrEnum):
    """One thing that a customer is asked for."""

    ADDRESS = "address"
    SLOT = "slot"
    COUPON = "coupon"
    NOTE = "note"
    PICKUP = "pickup"
    NAME = "name"
    PHONE = "phone"


@dataclass(frozen=True, slots=True)
class CheckoutFault:
    """Why something that a customer said cannot be used."""

    field: CheckoutField
    reason: str
    limit: int = 0
    """Paise, of a reason that is about an amount."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """The answers for the next order. Every text may be empty."""

    how: Fulfilment = Fulfilment.NONE
    address: str = ""
    pincode: str = ""
    name: str = ""
    """Who takes the goods there, if that is said with the address."""
    phone: str = ""
    """Theirs: `+` and digits."""
    slot: str = ""
    """Id of the slot."""
    coupon: str = ""
    """The coupon's code as the shop writes it."""
    note: str = ""
    unfinished: str = ""
    """An address that cannot be used as it is: without a pincode, in no area, or a pincode alone."""
    quoted: str = ""
    """Fingerprint of the price that the customer was shown last; empty if none was."""
    agreed: int = 0
    """Number of the last event that brought a whole order: a program's request, or a cart of WhatsApp's
    catalogue. It may order at another price than the one shown last; no later event may. Kept beside
    `quoted` only."""

    def after_placing(self, event: int) -> "Checkout":
        """Return what stays for the order after the one that event number `event` placed.

        That is where the customer lives; and the price that they were shown, if it was another order's.
        """
        quoted = self.quoted if self.agreed == event else ""
        return replace(self, slot="", coupon="", note="", quoted=quoted, agreed=0)


NOTHING_SAID: Final = Checkout()
"""The checkout of a customer who has said nothing yet."""


def to_json(checkout: Checkout) -> dict[str, Any]:
    """Return a JSON-ready dict of what was said. Inverse of `from_json`."""
    return filled(checkout)


def from_json(value: Mapping[str, Any]) -> Checkout:
    """Return the checkout that `to_json` wrote."""
    if not value:
        return NOTHING_SAID
    return Checkout(**{**value, "how": Fulfilment(value.get("how", ""))})
