"""Quotas: how often a delivery slot or a coupon has been taken, and how orders change that. Pure.

Only orders that may still get their goods take a place: those that lapsed or were called off free it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from payments.shop.orders import Order

_SLOT_LIFE: Final = 25 * 3600_000
"""Milliseconds from the start of a slot after which it has ended: at most a day, with clocks set back."""


@dataclass(frozen=True, slots=True)
class Booking:
    """A change of how often one thing is taken."""

    name: str
    """`slot:<slot id>` or `coupon:<code>`."""
    places: int
    """1 takes a place, -1 frees one."""
    limit: int | None = None
    """The most places that there are; None if this booking may exceed them."""
    ends: int = 0
    """When nobody can take a place any more, in milliseconds since 1970, UTC; 0 if that does not end."""


def slot(id: str) -> str:
    """Return the name of a slot's quota."""
    return f"slot:{id}"


def coupon(code: str) -> str:
    """Return the name of a coupon's quota."""
    return f"coupon:{code}"


def is_coupon(name: str) -> bool:
    """Return whether a quota is that of a coupon."""
    return name.startswith(coupon(""))


def bookings(order: Order, places: int) -> tuple[Booking, ...]:
    """Return the bookings of an order's slot and coupon."""
    found = []
    if order.to.slot:
        # The cut-off may be behind the start: the count is needed until the slot has ended.
        found.append(Booking(slot(order.to.slot), places, ends=order.to.slot_starts + _SLOT_LIFE))
    if order.terms.coupon:
        found.append(Booking(coupon(order.terms.coupon), places))
    return tuple(found)


def after(taken: Mapping[str, int], bookings: Iterable[Booking]) -> dict[str, int]:
    """Return what is taken after `bookings`."""
    changed = dict(taken)
    for booking in bookings:
        changed[booking.name] = changed.get(booking.name, 0) + booking.places
    return changed
