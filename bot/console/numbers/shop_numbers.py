"""All numbers of the page, read from one snapshot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from bot.console.numbers.period import chosen
from flows.engine.model import Flow
from payments.shop.catalogue import Shop
from payments.shop.local_time import local_date
from storage.database.records import Records
from storage.reports.numbers import (
    DayMoney,
    DayReplies,
    Days,
    Failure,
    Paid,
    Seller,
    StateNumbers,
    best_sellers,
    failures,
    money,
    paid,
    replies,
    states,
    waiting,
)

_LATE: Final = 5 * 60_000
"""Milliseconds after which a step should have been counted: that happens each minute."""


@dataclass(frozen=True, slots=True)
class ShopNumbers:
    """The numbers of some days."""

    days: Days
    money: Sequence[DayMoney]
    paid: Sequence[Paid]
    states: Sequence[StateNumbers]
    sellers: Sequence[Seller]
    replies: Sequence[DayReplies]
    failures: Sequence[Failure]
    today: date
    timezone: ZoneInfo
    late: int | None
    """Since when steps wait to be counted, in milliseconds since 1970, UTC; None if none waits too long."""
    names: Mapping[str, str]
    """What products are called, by sku. Those that are sold no more have no name."""

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        return any((self.money, self.paid, self.states, self.sellers, self.replies, self.failures))

    @property
    def revenue(self) -> int:
        """What came in, less what went back, in paise."""
        return sum(one.revenue for one in self.money)

    @property
    def sold(self) -> int:
        """Orders that were placed on these days, and whose goods are due or were delivered."""
        return sum(one.sold for one in self.money)

    @property
    def average(self) -> int:
        """What such an order costs on average, in paise; 0 without any."""
        return sum(one.sales for one in self.money) // self.sold if self.sold else 0

    @property
    def failed(self) -> int:
        """Payments that failed."""
        return sum(one.payments for one in self.failures)


async def read(records: Records, flow: Flow, asked: tuple[str, str], language: str, now: int) -> ShopNumbers:
    """Return the numbers of the days from `asked[0]` to `asked[1]`, as `period.chosen` reads them.

    Products are called as in `language`. Raises StorageError.
    """
    shop: Shop = flow.sections["shop"]
    today, tx = local_date(shop.timezone, now), records.reads
    days, since = chosen(*asked, today), await waiting(tx)
    return ShopNumbers(
        days=days,
        today=today,
        timezone=shop.timezone,
        money=await money(tx, days),
        paid=await paid(tx, days),
        states=await states(tx, days),
        sellers=await best_sellers(tx, days),
        replies=await replies(tx, days),
        failures=await failures(tx, days),
        late=since if since is not None and now - since > _LATE else None,
        names={sku: one.name_in(language, flow.languages[0]) for sku, one in shop.articles.items()},
    )
