"""The shop's numbers: counts and sums by day, and what one order adds to them. Pure.

They name products, states and reasons, and no person.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from enum import StrEnum
from typing import Any, Final, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from payments.ledger.day import CALLED_OFF, given_back
from payments.ledger.facts import EntityType, FactState
from payments.ledger.state import OrderState
from payments.shop.local_time import local_date
from payments.shop.orders import CURRENCY, is_by_hand

UNKNOWN: Final = "unknown"
"""The name of a reason or a method of payment that nobody told."""
_NAME: Final = 100
"""The longest name, in characters."""
_FIRST_BOUND: Final = 10
"""Milliseconds of the shortest time that is told apart."""
_STEP: Final = 1.1
"""Each bound of a time is so much longer than the one before: a median is wrong by a tenth at most."""


class Kind(StrEnum):
    """What is counted. The comment says what the name, the count and the amount are."""

    PLACED = "placed"
    """By the day on which they were placed: an `Outcome`; orders; what they cost now, in paise."""
    SOLD = "sold"
    """Of the orders that are sold, by the day on which they were placed: the sku; pieces; paise."""
    PAID = "paid"
    """By the day on which it was paid: `online/<method>` or `hand/<method>`; payments; paise."""
    REFUNDED = "refunded"
    """By the day on which it went back: no name; refunds; paise."""
    FAILED = "failed"
    """Payments that failed, by their day: the provider's reason; payments; paise."""
    RESTS = "rests"
    """Customers by the day of their last message, without a recent order: their state; customers; paise."""
    BOUGHT = "bought"
    """The same of those who have ordered lately."""
    MOVED = "moved"
    """By the day of the step: `<state before>><state after>`; steps that led from one to the other; 0."""
    REPLIED = "replied"
    """By the day of the answer: a time within which it was accepted, in milliseconds; answers; the sum of
    their milliseconds."""


class Outcome(StrEnum):
    """What became of an order."""

    SOLD = "sold"
    """Its goods are due, or were delivered."""
    UNPAID = "unpaid"
    """It waits for its money."""
    CALLED_OFF = "called_off"
    """It was called off, refused at the door or returned, after its goods were due."""
    LAPSED = "lapsed"
    """It ended before its goods were due."""


class Place(NamedTuple):
    """Where something is counted."""

    kind: str
    day: int
    """The day of the shop, as 20260921."""
    name: str


class Sum(NamedTuple):
    """What is counted there."""

    counted: int
    amount: int
    """Paise; of `Kind.REPLIED` milliseconds."""


Numbers: TypeAlias = Mapping[Place, Sum]


def day_number(zone: ZoneInfo, milliseconds: int) -> int:
    """Return the day of the shop in `zone` at a time: 20260921."""
    return number_of(local_date(zone, milliseconds))


def number_of(day: date) -> int:
    """Return the number of a day: 20260921. Later days have higher ones."""
    return day.year * 10_000 + day.month * 100 + day.day


def date_of(number: int) -> date:
    """Return the day with this number. Inverse of `number_of`."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def total(parts: Iterable[Numbers], less: Iterable[Numbers] = ()) -> dict[Place, Sum]:
    """Return the sum of `parts` without that of `less`. What comes to nothing is left out."""
    counts, amounts = defaultdict[Place, int](int), defaultdict[Place, int](int)
    for sign, several in ((1, parts), (-1, less)):
        for numbers in several:
            for place, one in numbers.items():
                counts[place] += sign * one.counted
                amounts[place] += sign * one.amount
    return {place: Sum(n, amounts[place]) for place, n in counts.items() if n or amounts[place]}


def to_json(numbers: Numbers) -> list[list[Any]]:
    """Return `[[kind, day, name, count, amount], …]`, sorted. Inverse of `from_json`."""
    return [[*place, *one] for place, one in sorted(numbers.items())]


def from_json(rows: Iterable[Sequence[Any]]) -> dict[Place, Sum]:
    """Return the numbers that `to_json` wrote."""
    return {Place(kind, day, name): Sum(count, amount) for kind, day, name, count, amount in rows}


def of_order(state: OrderState, zone: ZoneInfo) -> Numbers:
    """Return what an order adds to the numbers: once, as it is now. Other currencies are left out."""
    if state.order.currency != CURRENCY:
        return {}
    return total([_as_placed(state, zone), *_money(state, zone)])


def _as_placed(state: OrderState, zone: ZoneInfo) -> Numbers:
    day, outcome = day_number(zone, state.order.placed_at), _outcome(state)
    found = {Place(Kind.PLACED, day, outcome): Sum(1, state.owed)}
    if outcome is Outcome.SOLD:
        lines = [{Place(Kind.SOLD, day, one.sku): Sum(one.quantity, one.charged)} for one in state.lines]
        return total([found, *lines])
    return found


def _outcome(state: OrderState) -> Outcome:
    if state.stage in CALLED_OFF:
        return Outcome.CALLED_OFF
    if state.goods_due:
        return Outcome.SOLD
    return Outcome.UNPAID if state.reserves else Outcome.LAPSED


def _money(state: OrderState, zone: ZoneInfo) -> Iterable[Numbers]:
    for payment in state.balance.payments:
        if payment.currency == CURRENCY:
            how = f"{'hand' if is_by_hand(payment.id) else 'online'}/{payment.method or UNKNOWN}"
            yield {_on(zone, payment.at, Kind.PAID, how): Sum(1, payment.amount)}
    for at, amount in given_back(state).values():
        yield {_on(zone, at, Kind.REFUNDED): Sum(1, amount)}
    for fact in state.facts:
        if fact.reports(EntityType.PAYMENT, FactState.FAILED) and fact.currency == CURRENCY:
            reason = fact.detail.error_reason or UNKNOWN
            yield {_on(zone, fact.at, Kind.FAILED, reason): Sum(1, fact.amount)}


def _on(zone: ZoneInfo, seconds: int, kind: Kind, name: str = "") -> Place:
    return Place(kind, day_number(zone, seconds * 1000), name[:_NAME])


def time_bound(milliseconds: int) -> int:
    """Return the bound, in milliseconds, below which a time is counted: at most a tenth above it."""
    steps = math.ceil(math.log(max(milliseconds, _FIRST_BOUND) / _FIRST_BOUND, _STEP))
    return math.ceil(_FIRST_BOUND * _STEP**steps)
