"""What the books say of the shop's health, as values."""

from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Final

from bot.checks.books import held_money, why
from bot.checks.finding import Finding
from bot.console.health.lights import Light, of_books
from bot.console.shop_now import ShopNow
from bot.console.words import Words
from bot.log import mask
from flows.document.errors import FlowInvalid
from storage.database.records import Records
from storage.inbox import versions
from storage.reports import backlog, queries
from storage.reports.traffic import traffic

MOST: Final = 20
"""Notices that are shown, and events: the oldest."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A notice that nobody has seen to, or an event that could not be handled."""

    number: int
    about: str
    said: str
    at: int | None = None
    """Milliseconds since 1970, UTC; None if it is not known."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The health of the books at one instant."""

    lights: tuple[Light, ...]
    parked: tuple[Waiting, ...]
    notices: tuple[Waiting, ...]
    more_parked: int
    """Events that are parked beside those that are named."""
    more_notices: int
    money: Finding
    serving: str
    """The version of the flow that was served last; empty for none."""
    zone: tzinfo
    """The shop's time zone; UTC if no flow can be read."""

    def time(self, at: int) -> str:
        """Return an instant in the shop's time zone: `Mon 30 Nov, 14:05`."""
        return f"{datetime.fromtimestamp(at / 1000, self.zone):%a %d %b, %H:%M}"

    @property
    def waits(self) -> bool:
        """Return whether anything waits for a person."""
        return bool(self.parked or self.notices or not self.money.well)


async def read(records: Records, shop: ShopNow, words: Words, now: int) -> Standing:
    """Return the health of the books at `now`, milliseconds since 1970. Raises StorageError."""
    counts, served = await queries.counts(records.reads, now), await versions.newest(records.reads)
    parked, notices = await backlog.parked(records), await backlog.notices(records)
    return Standing(
        lights=of_books(words, counts, await traffic(records.reads), now),
        parked=tuple(
            Waiting(one.number, f"{one.kind} {one.conversation or ''}".strip(), why(one))
            for one in parked[:MOST]
        ),
        notices=tuple(
            Waiting(one.number, f"{one.kind} {mask(one.subject)}", mask(one.said), one.created_at)
            for one in notices[:MOST]
        ),
        more_parked=max(len(parked) - MOST, 0),
        more_notices=max(len(notices) - MOST, 0),
        money=held_money(await backlog.held(records)),
        serving=served.version if served else "",
        zone=await _zone(records, shop),
    )


async def _zone(records: Records, shop: ShopNow) -> tzinfo:
    try:
        return (await shop.shop(records)).timezone
    except (LookupError, FlowInvalid):
        return UTC
