"""The shop's numbers over some days: money, orders, where customers rest, products, replies, failures.

All of it is read from the table `figure`, which `storage.operations.numbers` keeps up to date to a minute.
Money is in paise, times are in milliseconds.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from payments.ledger.numbers import Kind, Outcome, Sum, date_of, number_of
from storage.database.transaction import Row, Transaction

PRODUCTS: Final = 50
"""The most products that are listed."""


@dataclass(frozen=True, slots=True)
class Days:
    """Days of the shop, both included."""

    first: date
    last: date

    def bounds(self) -> tuple[int, int]:
        """Return the numbers of both days."""
        return number_of(self.first), number_of(self.last)


ALWAYS: Final = Days(date.min, date.max)
"""All days."""


@dataclass(frozen=True, slots=True)
class DayMoney:
    """The money and the orders of one day."""

    day: date
    paid: int
    """Paid on the day, online and by hand."""
    payments: int
    refunded: int
    """Went back on the day."""
    placed: int
    """Orders placed on the day, whatever became of them."""
    sold: int
    """Those whose goods are due, or were delivered."""
    sales: int
    """What these cost, after their amendments."""
    unpaid: int
    """Orders placed on the day that still wait for their money."""

    @property
    def revenue(self) -> int:
        """What came in on the day, less what went back; negative if more went back."""
        return self.paid - self.refunded


@dataclass(frozen=True, slots=True)
class Paid:
    """How customers paid."""

    by_hand: bool
    """Whether a person took it."""
    method: str
    """The provider's word for it (`upi`, `card`), or `cash`; `unknown` if nobody said."""
    payments: int
    amount: int


@dataclass(frozen=True, slots=True)
class StateNumbers:
    """One state of the flow, over some days."""

    state: str
    resting: int
    """Customers who stand there now, and last wrote on one of the days, without a recent order."""
    amount: int
    """The money that stands there with them: open orders, or else what is in their carts."""
    bought: int
    """Customers who stand there now, last wrote on one of the days, and have ordered lately."""
    entered: int
    """How often customers came there from another state."""
    left_to: Mapping[str, int]
    """How often they went on from there, by the next state."""

    @property
    def left(self) -> int:
        """How often customers went on from there."""
        return sum(self.left_to.values())


@dataclass(frozen=True, slots=True)
class Seller:
    """One sku, in the orders that were placed on these days and are sold."""

    sku: str
    pieces: int
    amount: int
    """What is paid for them, after coupons and without delivery."""


@dataclass(frozen=True, slots=True)
class DayReplies:
    """The answers of one day: from a customer's message to the first answer that the channel accepted."""

    day: date
    answers: int
    mean: int
    p50: int
    """Half of the answers came within this time. It is a tenth too long at most; so is `p90`."""
    p90: int


@dataclass(frozen=True, slots=True)
class Failure:
    """Payments that failed for one reason."""

    reason: str
    """The provider's word (`payment_cancelled`); `unknown` if it gave none."""
    payments: int
    amount: int


async def money(tx: Transaction, days: Days) -> list[DayMoney]:
    """Return the money of each of `days` on which there was any order or money, the oldest first."""
    parts: defaultdict[int, list[Row]] = defaultdict(list)
    for row in await tx.fetch(_BY_DAY, _MONEY, *days.bounds()):
        parts[row["day"]].append(row)
    return [_day_money(day, parts[day]) for day in sorted(parts)]


def _day_money(day: int, rows: Sequence[Row]) -> DayMoney:
    def found(kind: Kind, *names: str) -> Sum:
        chosen = [row for row in rows if row["kind"] == kind and row["name"] in (names or (row["name"],))]
        return Sum(sum(row["count"] for row in chosen), sum(row["amount"] for row in chosen))

    paid, sold = found(Kind.PAID), found(Kind.PLACED, Outcome.SOLD)
    return DayMoney(
        day=date_of(day),
        paid=paid.amount,
        payments=paid.counted,
        refunded=found(Kind.REFUNDED).amount,
        placed=found(Kind.PLACED).counted,
        sold=sold.counted,
        sales=sold.amount,
        unpaid=found(Kind.PLACED, Outcome.UNPAID).counted,
    )


async def paid(tx: Transaction, days: Days) -> list[Paid]:
    """Return how customers paid on `days`, the way that brought most first."""
    rows = await tx.fetch(_BY_NAME, Kind.PAID, *days.bounds())
    found = [(*row["name"].partition("/"), _sum(row)) for row in rows]
    ways = [Paid(who == "hand", method, one.counted, one.amount) for who, _, method, one in found]
    return sorted(ways, key=lambda way: (-way.amount, way.method, way.by_hand))


async def states(tx: Transaction, days: Days) -> list[StateNumbers]:
    """Return what happened on `days` in each state of the flow, the one that was entered most first.

    `ALWAYS` gives all customers as they stand now. States that the flow has no longer are named as long as
    anybody came there, or stands there.
    """
    resting = {row["name"]: _sum(row) for row in await tx.fetch(_BY_NAME, Kind.RESTS, *days.bounds())}
    bought = {row["name"]: _sum(row) for row in await tx.fetch(_BY_NAME, Kind.BOUGHT, *days.bounds())}
    left: defaultdict[str, dict[str, int]] = defaultdict(dict)
    entered = defaultdict[str, int](int)
    for row in await tx.fetch(_BY_NAME, Kind.MOVED, *days.bounds()):
        before, _, after = row["name"].partition(">")
        left[before][after] = int(row["count"])
        entered[after] += int(row["count"])
    nothing = Sum(0, 0)
    found = [
        StateNumbers(
            name,
            resting.get(name, nothing).counted,
            resting.get(name, nothing).amount + bought.get(name, nothing).amount,
            bought.get(name, nothing).counted,
            entered[name],
            left.get(name, {}),
        )
        for name in {*resting, *bought, *entered, *left} - {""}
    ]
    return sorted(found, key=lambda one: (-one.entered, one.state))


def drop_offs(found: list[StateNumbers]) -> list[StateNumbers]:
    """Return those of `found` in which customers rest who have not ordered lately, most of them first."""
    return sorted((one for one in found if one.resting), key=lambda one: (-one.resting, one.state))


async def best_sellers(tx: Transaction, days: Days, limit: int = PRODUCTS) -> list[Seller]:
    """Return the skus of which most pieces were sold on `days`, at most `limit`, the best first."""
    rows = await tx.fetch(_BEST, Kind.SOLD, *days.bounds(), limit)
    return [Seller(row["name"], *_sum(row)) for row in rows]


async def replies(tx: Transaction, days: Days) -> list[DayReplies]:
    """Return how fast customers were answered on each of `days` with an answer, the oldest first."""
    rows = await tx.fetch(_REPLIES, Kind.REPLIED, *days.bounds())
    return [_day_replies(row["day"], _sum(row), row["p50"], row["p90"]) for row in rows]


def _day_replies(day: int, found: Sum, p50: int, p90: int) -> DayReplies:
    return DayReplies(date_of(day), found.counted, found.amount // found.counted, p50, p90)


async def failures(tx: Transaction, days: Days) -> list[Failure]:
    """Return why payments failed on `days`, the most frequent reason first."""
    rows = await tx.fetch(_BY_NAME, Kind.FAILED, *days.bounds())
    found = [Failure(row["name"], *_sum(row)) for row in rows]
    return sorted(found, key=lambda one: (-one.payments, one.reason))


async def waiting(tx: Transaction) -> int | None:
    """Return since when the oldest step or answer waits to be counted (milliseconds since 1970, UTC).

    None if none waits. A time that is minutes ago means that the server does not run, or cannot keep up.
    """
    rows = await tx.fetch(_OLDEST, 0)
    return int(rows[0]["at"]) if rows else None


def _sum(row: Row) -> Sum:
    """PostgreSQL adds up to decimal numbers."""
    return Sum(int(row["count"]), int(row["amount"]))


_MONEY: Final = [Kind.PLACED, Kind.PAID, Kind.REFUNDED]

_OLDEST: Final = "SELECT at FROM tally WHERE id > $1 ORDER BY id LIMIT 1"
_BY_DAY: Final = """
SELECT day, kind, name, count, amount FROM figure
WHERE kind = ANY($1::text[]) AND day BETWEEN $2 AND $3 AND (count <> 0 OR amount <> 0)"""
_BY_NAME: Final = """
SELECT name, SUM(count) AS count, SUM(amount) AS amount FROM figure
WHERE kind = $1 AND day BETWEEN $2 AND $3 GROUP BY name HAVING SUM(count) <> 0 OR SUM(amount) <> 0"""
# The names are times. A percentile is the shortest within which so many of the day's answers came.
_REPLIES: Final = """
WITH timed AS (
    SELECT day, CAST(name AS BIGINT) AS time, count, amount FROM figure
    WHERE kind = $1 AND day BETWEEN $2 AND $3 AND count > 0
), reached AS (
    SELECT day, time, count, amount, SUM(count) OVER (PARTITION BY day ORDER BY time) AS within,
        SUM(count) OVER (PARTITION BY day) AS answers FROM timed
)
SELECT day, SUM(count) AS count, SUM(amount) AS amount,
    MIN(CASE WHEN within * 2 >= answers THEN time END) AS p50,
    MIN(CASE WHEN within * 10 >= answers * 9 THEN time END) AS p90
FROM reached GROUP BY day ORDER BY day"""
_BEST: Final = """
SELECT name, SUM(count) AS count, SUM(amount) AS amount FROM figure
WHERE kind = $1 AND day BETWEEN $2 AND $3 GROUP BY name HAVING SUM(count) > 0
ORDER BY SUM(count) DESC, name LIMIT $4"""
