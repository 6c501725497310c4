"""Customers as people look them up: by a name, a phone number or an order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from storage.database.encoding import loads
from storage.database.models import Alias, Conversation
from storage.database.order_models import Order
from storage.database.records import Records
from storage.reports.timeline import subjects

_PAGE: Final = 500
_LAST: Final = 2**63 - 1
"""Behind every conversation."""


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """An order of a customer, as it stands now."""

    number: str
    key: str
    payment: str
    lifecycle: str
    total: int
    """Paise."""
    currency: str


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer. It holds personal data, whole."""

    conversation: str
    name: str
    """Their profile name; empty if none is known."""
    state: str
    """Where they stand in the flow."""
    aliases: tuple[tuple[str, str], ...]
    """(kind, value)"""
    orders: tuple[PlacedOrder, ...]
    forgotten_at: int | None
    """Milliseconds since 1970, UTC; None if they were not forgotten."""


async def find(records: Records, words: str, phones: Sequence[str]) -> list[Customer]:
    """Return the customers whom `words` may mean: a phone number, an order, a conversation, a part of a name.

    `phones` are the phone numbers that `words` may mean: digits with the country code. Names are compared
    without regard to case, and only if nothing else fits.
    """
    ids = dict.fromkeys(subject.conversation for subject in await subjects(records, words, phones))
    return [await _customer(records, id) for id in ids or await _named(records, words.casefold())]


@dataclass(frozen=True, slots=True)
class CustomerPage:
    """Some customers, the newest first."""

    customers: tuple[Customer, ...]
    next: int | None
    """Give it as `before` for the page after this one; None at the end."""


async def newest(records: Records, limit: int, before: int | None) -> CustomerPage:
    """Return at most `limit` customers, the newest first, from behind the place `before`."""
    place = _LAST if before is None else before
    query = Conversation.filter(merged_into__isnull=True, id__lt=place).using_db(records.client)
    ids = [row["id"] for row in await query.order_by("-id").limit(limit + 1).values("id")]
    shown = ids[:limit]
    customers = tuple([await _customer(records, id) for id in shown])
    return CustomerPage(customers, shown[-1] if len(ids) > limit else None)


async def _named(records: Records, part: str) -> list[int]:
    """Return the conversations of customers with `part` in their name. Reads all of them, in pages."""
    found: list[int] = []
    last, query = 0, Conversation.filter(merged_into__isnull=True).using_db(records.client).order_by("id")
    while rows := await query.filter(id__gt=last).limit(_PAGE).values("id", "snapshot"):
        last = rows[-1]["id"]
        found += [row["id"] for row in rows if part in name_in(row["snapshot"]).casefold()]
    return found


def name_in(snapshot: str) -> str:
    """Return the customer's name in a stored snapshot of their conversation; empty if none is known."""
    customer: Any = loads(snapshot).get("customer") or {}
    return str(customer.get("name") or "")


async def _customer(records: Records, id: int) -> Customer:
    row = await Conversation.filter(id=id).using_db(records.client).get()
    aliases = await Alias.filter(conversation_id=id).using_db(records.client).order_by("id")
    orders = await Order.filter(conversation_id=id).using_db(records.client).order_by("placed_by")
    return Customer(
        conversation=f"{records.installation}-{id}",
        name=name_in(row.snapshot),
        state=row.state,
        aliases=tuple((alias.kind, alias.value) for alias in aliases),
        orders=tuple(
            PlacedOrder(one.number, one.key, one.payment, one.lifecycle, one.total, one.currency)
            for one in orders
        ),
        forgotten_at=row.forgotten_at,
    )
