"""How many orders and payment links one customer may ask for within an hour. Pure."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from flows.document.shape import Count
from payments.shop.local_time import TimeZone, local_time, show_time

HOUR: Final = 3_600_000
"""Milliseconds for which an order or a link counts."""
TOO_MANY: Final = "too many"
"""Reason why a customer gets no further order or link for a while."""

Limit = Annotated[Count, Field(ge=1, le=1000)]


class Budgets(BaseModel):
    """`budgets: {orders: 12, links: 12}`: how much one customer may ask for within an hour."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    orders: Limit = 12
    """Orders that a customer may place in any hour, in the chat and over the API: 1 to 1000."""
    links: Limit = 12
    """Payment links and cards that a customer may ask for in any hour: 1 to 1000."""


class Spent(NamedTuple):
    """What a customer has asked for lately, as times in milliseconds since 1970, UTC; oldest first."""

    orders: tuple[int, ...] = ()
    links: tuple[int, ...] = ()
    told: int = 0
    """When operators were last told that this customer was refused; 0 if never."""

    def ordering(self, now: int) -> "Spent":
        """Return what is spent after an order at `now`."""
        return self._replace(orders=(*recent(self.orders, now), now))

    def linking(self, now: int) -> "Spent":
        """Return what is spent after a link at `now`."""
        return self._replace(links=(*recent(self.links, now), now))

    def joined(self, other: "Spent") -> "Spent":
        """Return what is spent by two customers that turned out to be one."""
        orders = sorted((*self.orders, *other.orders))
        links = sorted((*self.links, *other.links))
        return Spent(tuple(orders), tuple(links), max(self.told, other.told))


def recent(times: Iterable[int], now: int) -> tuple[int, ...]:
    """Return those of `times` that still count at `now`. Those ahead do not: the clock was set."""
    return tuple(time for time in times if now - HOUR < time <= now)


def possible_at(times: Iterable[int], limit: int, now: int) -> int:
    """Return when one more is possible, after those at `times`: `now`, or a time within the next hour."""
    counted = sorted(recent(times, now))
    return now if len(counted) < limit else counted[-limit] + HOUR


def refusal(zone: TimeZone, at: int, now: int) -> dict[str, Any]:
    """Return the fields of the event that refuses until `at`: the time of day, and the seconds until then."""
    minute = -(-at // 60_000) * 60_000
    again = show_time(local_time(zone, minute)[1])
    return {"reason": TOO_MANY, "again": again, "wait": -(-(at - now) // 1000)}


def to_json(spent: Spent, now: int) -> dict[str, list[int]]:
    """Return what still counts at `now`, JSON-ready. What is empty is left out."""
    lists = {"orders": spent.orders, "links": spent.links, "told": (spent.told,)}
    kept = {name: list(recent(times, now)) for name, times in lists.items()}
    return {name: times for name, times in kept.items() if times}


def from_json(value: Mapping[str, Any]) -> Spent:
    """Return what `to_json` wrote."""
    orders, links, told = (tuple(value.get(name, ())) for name in ("orders", "links", "told"))
    return Spent(orders, links, max(told, default=0))
