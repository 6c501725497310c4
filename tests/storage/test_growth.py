"""The cost of an event does not grow with the number of earlier customers.

Cost is counted in instructions of SQLite's virtual machine. Only the statements and the rows that they visit
decide it: there is no clock, and no noise.
"""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import pytest

from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.read_only import ReadOnlyClient
from storage.database.records import reading
from storage.database.transaction import Units
from storage.reports.timeline import story, subjects
from storage.store import opened
from tests.databases import made
from tests.storage.past_purchases import come_often, with_past
from tests.storage.recorded_statements import RecordedUnits, Statements, record
from tests.storage.test_plans import READ_ALL, shape
from tests.storage.workload import serve

_FEW: Final = 100
_MANY: Final = 2_000
_VISITS: Final = 1_000
_GROWTH: Final = 1.2

Costs = dict[str, int]
"""Instructions by statement."""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Costs:
    return asyncio.run(_costs(tmp_path_factory.mktemp("growth"), _FEW))


def test_an_event_costs_the_same_behind_many_customers(fresh: Costs, tmp_path: Path) -> None:
    _no_dearer(asyncio.run(_costs(tmp_path, _MANY)), fresh)


def test_an_event_costs_the_same_of_a_customer_who_came_often(fresh: Costs, tmp_path: Path) -> None:
    _no_dearer(asyncio.run(_costs(tmp_path, _FEW, visits=_VISITS)), fresh)


def _no_dearer(grown: Costs, fresh: Costs) -> None:
    assert grown.keys() == fresh.keys()
    assert sum(grown.values()) <= _GROWTH * sum(fresh.values())
    assert {sql: (cost, fresh[sql]) for sql, cost in grown.items() if cost > _GROWTH * fresh[sql]} == {}


async def _costs(directory: Path, customers: int, visits: int = 0) -> Costs:
    """The cost of serving a shop with so many earlier customers, one of whom came `visits` times."""
    url = f"sqlite://{directory}/munshi.db"
    await made(url)
    units = await opened(url)
    try:
        shop = await with_past(Store(units, WHATSAPP), customers)
        await come_often(shop.store, visits)
        statements = Statements(await _instructions(units))
        shop.store = Store(RecordedUnits(units, statements), WHATSAPP)
        await serve(shop, units)
        told = await _tell(url, [*shop.razorpay.links.values()][-1].key)
    finally:
        await units.close()
    total: Counter[str] = Counter()
    for sql, cost in (*statements.cost.items(), *told.cost.items()):
        if shape(sql) not in READ_ALL:
            total[shape(sql)] += cost
    return total


async def _instructions(units: Units) -> Callable[[], int]:
    """Return a counter of the instructions that the connection of `units` runs from now on."""
    count = itertools.count()

    async def install(tx: Any) -> None:
        tx._connection.set_progress_handler(lambda: next(count) < 0, 1)

    await units.read(install)
    # To ask takes one from the count as well, and another the next time.
    return lambda: next(count)


async def _tell(url: str, order: str) -> Statements:
    """The cost of `munshi why` about one order and one customer: it reads all that they did, and no more."""
    async with reading(url) as records:
        count, client = itertools.count(), records.client
        assert isinstance(client, ReadOnlyClient)
        assert client._connection is not None
        await client._connection.set_progress_handler(lambda: next(count) < 0, 1)
        told = Statements(lambda: next(count))
        record(records, told)
        for words in (order, "+919801000000"):
            [one, *_] = await subjects(records, words, [words.removeprefix("+")])
            await story(records, one)
    return told
