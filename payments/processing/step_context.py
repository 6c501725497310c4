"""What surrounds one step: the shop, the time, the conversation and the event. Values only."""

from types import MappingProxyType
from typing import NamedTuple

from payments.shop.catalogue import Shop
from payments.shop.staff import StaffMap


class StepContext(NamedTuple):
    """The shop, the time, the conversation and the event of one step."""

    shop: Shop
    """The catalogue and the rules of the flow file."""
    now: int
    """Milliseconds since 1970, UTC."""
    conversation: str = ""
    """The conversation's id."""
    number: int = 0
    """The event's number."""
    nonce: str = ""
    """Random letters, drawn for this step alone."""
    off: frozenset[str] = frozenset()
    """Skus of products and variants that the shop has switched off."""
    phone: str = ""
    """The customer's phone number, digits with the country code; empty if it is not known."""
    staff: StaffMap = MappingProxyType({})
    silent: frozenset[str] = frozenset()
    """Conversations of those of `staff` whom only a template reaches: they have not written for long."""
