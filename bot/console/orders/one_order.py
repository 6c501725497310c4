"""What the page of one order shows, as values. Pure but for `read`."""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import itemgetter
from typing import Final

from bot.moment_words import in_words
from bot.order_events import happened
from bot.whatsapp.channel import WHATSAPP
from payments.ledger.order_sums import sums
from payments.shop import amendments
from payments.shop.fulfilment import Stage
from storage.database.records import Records
from storage.reports import order_queries
from storage.reports.desk import DeskOrder
from storage.reports.timeline import EFFECTS, Story, story, subjects

MOMENTS: Final = 300
"""The most events of the order's time that are read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of goods of the order."""

    sku: str
    name: str
    quantity: int
    gone: int
    total: int


@dataclass(frozen=True, slots=True)
class Sent:
    """A message of the order's time, and why it was sent."""

    at: int
    said: str
    why: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OneOrder:
    """An order with all that is known of it."""

    order: DeskOrder
    rows: tuple[Row, ...]
    sums: tuple[tuple[str, int], ...]
    """(key of the text, paise), as they stand below each other."""
    happened: tuple[tuple[int, str], ...]
    """(milliseconds since 1970, what), oldest first."""
    sent: tuple[Sent, ...]

    @property
    def can_be_changed(self) -> bool:
        """Whether the goods are still to come."""
        return self.order.state.running

    @property
    def is_with_customer(self) -> bool:
        """Whether the goods left the shop."""
        return self.order.state.stage in (Stage.OUT, Stage.DELIVERED, Stage.REFUSED)


async def read(records: Records, key: str) -> OneOrder:
    """Return the order `key`. Raises LookupError if there is none, Unreadable, StorageError."""
    found = await order_queries.detailed(records.reads, key, WHATSAPP.naming)
    order = next((one for one in found if one.state.key == key), None)
    subject = next((one for one in await subjects(records, key, ()) if one.order == key), None)
    if order is None or subject is None:
        raise LookupError(f"there is no order {key}")
    told_of = await story(records, subject, MOMENTS)
    return OneOrder(
        order=order,
        rows=tuple(_rows(order)),
        sums=tuple(_sums(order)),
        happened=tuple(sorted(happened(order), key=itemgetter(0))),
        sent=tuple(_sent(told_of)),
    )


def _rows(order: DeskOrder) -> Iterator[Row]:
    gone = amendments.missing(order.state.amendments)
    for line in order.state.order.lines:
        yield Row(line.sku, line.name, line.quantity, gone[line.sku], line.total)


def _sums(order: DeskOrder) -> Iterator[tuple[str, int]]:
    found = sums(order.state)
    yield from (("coupon", -found["discount"]),) if found["discount"] else ()
    yield from (("fee", found["delivery"]),) if found["delivery"] else ()
    yield "total", found["total"]
    yield from (("owed", found["owed"]),) if found["owed"] != found["total"] else ()
    for key, name in (("paid", "paid"), ("refunded", "went_back"), ("due", "due")):
        if found[key]:
            yield name, found[key]


def _sent(told_of: Story) -> Iterator[Sent]:
    """Yield the messages, each with what came and what was decided before it."""
    causes = {one.cause: one for one in told_of.moments if one.what not in EFFECTS}
    for one in told_of.moments:
        if one.what == "message":
            cause = causes.get(one.cause)
            yield Sent(one.at, in_words(one)[0], tuple(in_words(cause)) if cause is not None else ())
