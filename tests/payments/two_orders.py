"""Two orders of one customer, of which the second waits for the end of the first one's link."""

from typing import Final

from payments.ledger.calls import CreateLink
from tests.builders import (
    InboxBody,
    link_of,
    payment_of,
    webhook,
)
from tests.payments.memory_shop import NOW, MemoryShop

LIFE: Final = 1_200_000
LATER: Final = NOW + 60_000
LAST: Final = ("kulhad-6", 12)
"""All pieces that are left of it."""


def paid(key: str) -> InboxBody:
    return webhook(payment_of(key, "captured"), link_of(key, "paid"))


def ordered_again(store: MemoryShop) -> tuple[str, str]:
    """Place an order with a link, and another in its place. Return their keys."""
    return store.order_with_link(), store.order()


def requested_links(store: MemoryShop) -> list[str]:
    return [call.reference_id for call in store.last.calls if isinstance(call, CreateLink)]
