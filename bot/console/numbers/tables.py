"""The numbers as tables: what is drawn, what is read out, and what is exported are the same. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

from bot.console.numbers.shop_numbers import ShopNumbers
from storage.reports.numbers import drop_offs


class Unit(StrEnum):
    """What the values of a column are."""

    TEXT = "text"
    KEY = "key"
    """A key of the page's texts."""
    DAY = "day"
    COUNT = "count"
    MONEY = "money"
    """Paise."""
    TIME = "time"
    """Milliseconds."""


class Name(StrEnum):
    """The tables, in the order in which they stand on the page."""

    REVENUE = "revenue"
    FUNNEL = "funnel"
    DROP_OFFS = "drop_offs"
    SELLERS = "sellers"
    WAYS = "ways"
    FAILURES = "failures"
    REPLIES = "replies"


Value: TypeAlias = str | int | date
Row: TypeAlias = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """One table. Its first column names the row."""

    name: Name
    columns: Mapping[str, Unit]
    """By the key of their heading."""
    drawn: tuple[str, ...]
    """The columns that are drawn: of a table by day, one and perhaps another behind it."""
    rows: tuple[Row, ...]

    @property
    def by_day(self) -> bool:
        """Whether each row is a day."""
        return next(iter(self.columns.values())) is Unit.DAY

    def values(self, column: str) -> list[int]:
        """Return the numbers of a column."""
        place = list(self.columns).index(column)
        return [value for row in self.rows if isinstance(value := row[place], int)]


def table(name: Name, numbers: ShopNumbers) -> Table:
    """Return one table of these numbers."""
    columns, drawn, rows = _TABLES[name]
    return Table(name, columns, drawn, tuple(rows(numbers)))


def _revenue(numbers: ShopNumbers) -> Iterable[Row]:
    for one in numbers.money:
        yield (one.day, one.revenue, one.paid, one.refunded, one.payments, one.placed, one.sold, one.sales,
            one.unpaid)  # fmt: skip


def _ways(numbers: ShopNumbers) -> Iterable[Row]:
    for one in numbers.paid:
        yield one.method, "by_hand" if one.by_hand else "online", one.amount, one.payments


def _funnel(numbers: ShopNumbers) -> Iterable[Row]:
    for one in numbers.states:
        yield one.state, one.entered, one.amount, one.resting, one.bought, one.left


def _drop_offs(numbers: ShopNumbers) -> Iterable[Row]:
    for one in drop_offs(list(numbers.states)):
        yield one.state, one.resting, one.amount


def _sellers(numbers: ShopNumbers) -> Iterable[Row]:
    for one in numbers.sellers:
        yield numbers.names.get(one.sku, one.sku), one.sku, one.pieces, one.amount


def _replies(numbers: ShopNumbers) -> Iterable[Row]:
    for one in numbers.replies:
        yield one.day, one.p50, one.p90, one.mean, one.answers


def _failures(numbers: ShopNumbers) -> Iterable[Row]:
    for one in numbers.failures:
        yield one.reason, one.payments, one.amount


_Shape: TypeAlias = tuple[Mapping[str, Unit], tuple[str, ...], Callable[[ShopNumbers], Iterable[Row]]]
_TABLES: Final[Mapping[Name, _Shape]] = {
    Name.REVENUE: (
        {
            "day": Unit.DAY, "net": Unit.MONEY, "paid": Unit.MONEY, "refunded": Unit.MONEY,
            "payments": Unit.COUNT, "placed": Unit.COUNT, "sold": Unit.COUNT, "sales": Unit.MONEY,
            "unpaid": Unit.COUNT,
        },
        ("net",),
        _revenue,
    ),
    Name.WAYS: (
        {"way": Unit.TEXT, "taken": Unit.KEY, "amount": Unit.MONEY, "payments": Unit.COUNT},
        ("amount",),
        _ways,
    ),
    Name.FUNNEL: (
        {
            "state": Unit.TEXT, "came": Unit.COUNT, "stands_money": Unit.MONEY, "stands": Unit.COUNT,
            "bought": Unit.COUNT, "went_on": Unit.COUNT,
        },
        ("came", "stands_money"),
        _funnel,
    ),
    Name.DROP_OFFS: (
        {"state": Unit.TEXT, "stands": Unit.COUNT, "stands_money": Unit.MONEY}, ("stands",), _drop_offs,
    ),
    Name.SELLERS: (
        {"product": Unit.TEXT, "sku": Unit.TEXT, "pieces": Unit.COUNT, "amount": Unit.MONEY}, ("pieces",),
        _sellers,
    ),
    Name.REPLIES: (
        {"day": Unit.DAY, "p50": Unit.TIME, "p90": Unit.TIME, "mean": Unit.TIME, "answers": Unit.COUNT},
        ("p50", "p90"),
        _replies,
    ),
    Name.FAILURES: (
        {"reason": Unit.TEXT, "payments": Unit.COUNT, "amount": Unit.MONEY}, ("payments",), _failures,
    ),
}  # fmt: skip
