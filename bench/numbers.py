"""The shop's numbers of a year, read behind many customers, and the cost of counting them.

The rows of two real customers, one who bought and one who left a full cart, are copied over the days of a
year. Then the production code counts them, and each report is read.
"""

import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import process_time
from typing import Any, Final

import uvloop

from bench.figures import Figure
from bench.shop import flow
from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database import models, order_models
from storage.database.records import reading
from storage.database.table_model import TableModel
from storage.database.transaction import Transaction
from storage.reports.numbers import Days, best_sellers, failures, money, paid, replies, states

_MANY: Final = 20_000
"""Default of MUNSHI_CUSTOMERS. A million takes some minutes, and 2 GB of disk."""
_ROUNDS: Final = 9
_BATCH: Final = 100
_DAY: Final = 86_400_000
_YEAR: Final = 365
_PRODUCTS: Final = 200
_LIMIT: Final = 1_000.0
"""Milliseconds for which somebody waits without asking why."""
_NOW: Final = 1_790_000_000_000
"""2026-09-21, in milliseconds since 1970, UTC."""
_COPIED: Final[tuple[type[TableModel], ...]] = (order_models.Order, order_models.Fact, models.Conversation)
_DAYS: Final = Days(date(2025, 9, 1), date(2026, 9, 30))
_REPORTS: Final[dict[str, Callable[[Transaction, Days], Awaitable[object]]]] = {
    "money by day": money,
    "ways to pay": paid,
    "states": states,
    "best sellers": best_sellers,
    "replies by day": replies,
    "failures": failures,
}


def numbers() -> Figure:
    """Measure milliseconds of processor time for all reports on a year. The parts go to standard error."""
    many = int(os.environ.get("MUNSHI_CUSTOMERS", _MANY))
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        rounds = uvloop.run(_rounds(Path(directory), many))
    return Figure(f"a year's numbers behind {many:,}", "ms", rounds, goal=1, at_most=True)


async def _rounds(directory: Path, customers: int) -> list[tuple[float, float]]:
    url = await _grown(directory / "munshi.db", customers)
    laps = [await _read(url) for _ in range(_ROUNDS)]
    print("ms for a year's numbers:", file=sys.stderr)
    for part in _REPORTS:
        print(f"  {part} {median(lap[part] for lap in laps):.1f}", file=sys.stderr)
    return [(sum(lap.values()), _LIMIT) for lap in laps]


async def _read(url: str) -> dict[str, float]:
    lap: dict[str, float] = {}
    async with reading(url) as records:
        for part, report in _REPORTS.items():
            start = process_time()
            assert await report(records.reads, _DAYS)
            lap[part] = (process_time() - start) * 1e3
    return lap


async def _grown(database: Path, customers: int) -> str:
    async with _shop(database) as shop:
        await shop.store._units.run(_asking(_FAILED))
        for model in _COPIED:
            await shop.store._units.run(_asking(_copies(model, customers)))
        await shop.store._units.run(_asking(_TALLIES))
        counted, start = 0, process_time()
        while found := await shop.store.numbers.count(flow().sections["shop"], shop.now, _BATCH):
            counted += found
        seconds = process_time() - start
        each = seconds / counted * 1e6
        print(f"counted {counted:,} in {seconds:.1f} s, {each:.0f} µs for each", file=sys.stderr)
    return f"sqlite://{database}"


@asynccontextmanager
async def _shop(database: Path) -> AsyncIterator[Any]:
    # Imported here because the tests are not installed.
    from tests.storage.purchases import Shop

    url = f"sqlite://{database}"
    await Store.migrate(url)
    store = await Store.open(url, WHATSAPP)
    shop = Shop(store, _NOW)
    await shop.order([0])
    await shop.pay()
    await shop.write([1], "hi")
    await shop.step()
    await shop.write([1], "1")
    await shop.step()
    await shop.deliver()
    try:
        yield shop
    finally:
        await store.close()


def _asking(sql: str) -> Callable[[Transaction], Any]:
    return lambda tx: tx.fetch(sql)


def _copies(model: type[TableModel], customers: int) -> str:
    """Return the statement that copies the rows of customer 1 or 2 for `customers` more, over a year.

    Each third has bought.
    """
    table = model._meta.db_table
    owner = "id" if table == "conversation" else "conversation_id"
    columns = dict(_columns(model, owner))
    return (
        f"WITH RECURSIVE many(n) AS (SELECT 3 UNION ALL SELECT n + 1 FROM many WHERE n < {customers})"
        f" INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns.values())}"
        f" FROM {table} CROSS JOIN many WHERE {owner} = CASE WHEN n % 3 = 0 THEN 1 ELSE 2 END"
    )


def _columns(model: type[TableModel], owner: str) -> Iterator[tuple[str, str]]:
    """Yield each column, with the SQL of its value for customer n. Products, reasons and days vary."""
    for name, kind in model._meta.fields_map.items():
        column = kind.source_field or name
        if column == owner:
            yield column, "n"
        elif column in ("key", "order_key", "entity_id", "number", "reference_id"):
            yield column, f"{column} || '/' || CAST(n AS TEXT)"
        elif column.endswith("_at"):
            yield column, f"{column} - (n % {_YEAR}) * {_DAY}"
        elif column == "at":
            yield column, f"{_NOW // 1000} - (n % {_YEAR}) * {_DAY // 1000}"
        elif column == "lines":
            yield column, f"REPLACE(lines, 'masala-250', 'sku-' || CAST(n / 3 % {_PRODUCTS} AS TEXT))"
        elif column != "id":
            yield column, column


_FAILED: Final = """
INSERT INTO fact (conversation_id, order_key, entity, entity_id, state, amount, currency, at, detail,
    learned_at, learned_from)
SELECT conversation_id, order_key, 'payment', 'pay_failed', 'failed', amount, currency, at,
    '{"error_reason": "payment_cancelled"}', learned_at, learned_from
FROM fact WHERE entity = 'payment' AND state = 'captured'"""
_TALLIES: Final = f"""
WITH RECURSIVE many(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM many WHERE n < {_YEAR - 1})
INSERT INTO tally (at, numbers) SELECT at - n * {_DAY}, numbers FROM tally CROSS JOIN many"""
