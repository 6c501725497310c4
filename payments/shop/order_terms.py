"""What was agreed when an order was placed, besides its goods: where they go, and under which terms."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final


class Fulfilment(StrEnum):
    """How the goods reach the customer."""

    NONE = ""
    """The shop has no delivery: the flow or a person arranges it."""
    DELIVERY = "delivery"
    PICKUP = "pickup"


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an order goes, and when. Every text may be empty. Most of it is the customer's own data."""

    how: Fulfilment = Fulfilment.NONE
    name: str = ""
    """Who takes the goods there, if it need not be the customer."""
    phone: str = ""
    address: str = ""
    """One line, as the customer gave it."""
    pincode: str = ""
    state: str = ""
    """GST code of the state, such as `27`; empty is the shop's own."""
    slot: str = ""
    """Id of the delivery slot: `2026-11-29.lunch`."""
    slot_name: str = ""
    """The slot as the customer read it."""
    slot_starts: int = 0
    """Milliseconds since 1970, UTC; 0 without a slot."""
    note: str = ""
    """What the customer wrote for the shop."""

    @property
    def recipient(self) -> str:
        """Who takes the goods, with their number."""
        return " ".join(filter(None, (self.name, self.phone)))

    @property
    def of_nobody(self) -> "Destination":
        """The same without the customer: how, in which state and slot, and nothing of where."""
        return replace(self, name="", phone="", address="", pincode="", note="")


NOWHERE: Final = Destination()
"""The destination of an order whose shop does not ask for one."""


@dataclass(frozen=True, slots=True)
class Seller:
    """Who sold, as bills must show it. Frozen, because a bill may be written much later."""

    name: str = ""
    address: str = ""
    gst: str = ""
    """GST number; empty if the shop is not registered."""
    scheme: str = ""
    """`regular` or `composition`; empty if the shop is not registered."""
    fssai: str = ""


NOBODY: Final = Seller()
"""A seller who is not named: the shop's file has nothing for bills."""


@dataclass(frozen=True, slots=True)
class Terms:
    """The terms of an order."""

    coupon: str = ""
    """The coupon's code; empty without one."""
    language: str = ""
    """The language in which the order was placed."""
    kept: Mapping[str, str | int] = field(default_factory=dict)
    """Answers of the customer that the shop keeps with the order, by variable."""
    seller: Seller = NOBODY
    repairs: Mapping[str, str] = field(default_factory=dict)
    """What the shop does with money that does not fit the order, by name; empty is as the flow file says."""

    @property
    def of_nobody(self) -> "Terms":
        """The same without what the customer answered."""
        return replace(self, kept={})


USUAL: Final = Terms()


def filled(flat: Any) -> dict[str, Any]:
    """Return the fields of a dataclass that are not empty, by name. None of them may hold another one."""
    # `dataclasses.asdict` copies each value deeply, which takes ten times as long.
    return {one.name: value for one in fields(flat) if (value := getattr(flat, one.name))}


def destination_to_json(destination: Destination) -> dict[str, Any]:
    """Return a JSON-ready dict of what is not empty. Inverse of `destination_from_json`."""
    return filled(destination)


def destination_from_json(value: Mapping[str, Any]) -> Destination:
    """Return the destination that `destination_to_json` wrote. Raises TypeError or ValueError if none did."""
    return Destination(**{**value, "how": Fulfilment(value.get("how", ""))})


def terms_to_json(terms: Terms) -> dict[str, Any]:
    """Return a JSON-ready dict of what is not empty. Inverse of `terms_from_json`."""
    seller, kept = filled(terms.seller), dict(terms.kept)
    found = {"coupon": terms.coupon, "language": terms.language, "kept": kept, "seller": seller}
    found["repairs"] = dict(terms.repairs)
    return {name: value for name, value in found.items() if value}


def terms_from_json(value: Mapping[str, Any]) -> Terms:
    """Return the terms that `terms_to_json` wrote. Raises TypeError on another shape."""
    return Terms(**{**value, "seller": Seller(**value.get("seller", {}))})
