"""Cost of an event in a shop with many customers and their history, compared with a shop with few.

Two shops are served in turn. In each round 200 customers write, what they wrote is stepped, the answers
are sent, and WhatsApp acknowledges each three times.
"""

import os
import random
import sys
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final, TypeVar

import uvloop

from bench.figures import Figure
from bot.whatsapp.channel import WHATSAPP
from storage import Store
from storage.database.order_models import Order
from storage.database.records import Records, reading
from storage.reports.timeline import story, subjects

T = TypeVar("T")

_FEW: Final = 1_000
_MANY: Final = 20_000
"""Default of MUNSHI_CUSTOMERS. To make a hundred thousand takes some minutes, and 3 GB of disk."""
_WRITING: Final = 200
_ROUNDS: Final = 25
_QUESTIONS: Final = 20
_GOAL: Final = 1.2


@dataclass(slots=True)
class _Grown:
    """A shop, its customers and the time that its work took."""

    shop: Any
    url: str
    customers: int
    dice: random.Random = field(default_factory=lambda: random.Random(0))
    laps: list[dict[str, float]] = field(default_factory=list)
    """For each round: microseconds by part of the work."""

    async def timed(self, part: str, work: Awaitable[T], count: int = 1) -> T:
        """Await `work`, and note the time that each of its `count` parts took."""
        start = perf_counter()
        done = await work
        self.laps[-1][part] = (perf_counter() - start) / count * 1e6
        return done


def growth() -> Figure:
    """Measure microseconds for one event with all its effects. The parts go to standard error."""
    many = int(os.environ.get("MUNSHI_CUSTOMERS", _MANY))
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        rounds = uvloop.run(_rounds(Path(directory), many))
    return Figure(f"an event behind {many:,} for {_FEW:,}", "µs", rounds, goal=_GOAL, at_most=True)


async def _rounds(directory: Path, customers: int) -> list[tuple[float, float]]:
    async with _grown(directory / "many.db", customers) as many, _grown(directory / "few.db", _FEW) as few:
        await _round(many)
        await _round(few)
        many.laps.clear()
        few.laps.clear()
        for _ in range(_ROUNDS):
            await _round(many)
            await _round(few)
        rounds = [(sum(a.values()), sum(b.values())) for a, b in zip(many.laps, few.laps, strict=True)]
        _print("µs for an event:", many, few)
        for grown in (many, few):
            grown.laps.clear()
            await _ask(grown)
        _print("µs for a question:", many, few)
    return rounds


@asynccontextmanager
async def _grown(database: Path, customers: int) -> AsyncIterator[_Grown]:
    # Imported here because the tests are not installed.
    from tests.storage.past_purchases import with_past

    url = f"sqlite://{database}"
    await Store.migrate(url)
    store = await Store.open(url, WHATSAPP)
    try:
        yield _Grown(await with_past(store, customers), url, customers)
    finally:
        await store.close()


async def _round(grown: _Grown) -> None:
    """Let 200 customers write, and answer them."""
    shop, now = grown.shop, grown.shop.now
    writing = grown.dice.sample(range(grown.customers), _WRITING)
    grown.laps.append({})
    await grown.timed("arrive", shop.write(writing, "hi"), _WRITING)
    await grown.timed("step", shop.step(), _WRITING)
    sent = await grown.timed("deliver", shop.deliver(), _WRITING)
    for status in ("sent", "delivered", "read"):
        await grown.timed(f"acknowledge as {status}", shop.acknowledge(sent, status), _WRITING)
    for part, work in (("due", shop.store.due(now)), ("counts", shop.store.counts(now))):
        await grown.timed(part, work, _WRITING)


async def _ask(grown: _Grown) -> None:
    """Time what operators ask now and then, and what is asked at start."""
    async with reading(grown.url) as records:
        for _ in range(_QUESTIONS):
            grown.laps.append({})
            customer = grown.dice.randint(1, grown.customers)
            order = await Order.filter(conversation_id=customer).using_db(records.client).get()
            await grown.timed("why", _why(records, f"#{order.number}"))
            await grown.shop.store.declare({})
            await grown.timed("stock at start", grown.shop.store.declare({"kulhad-6": 12}))


async def _why(records: Records, order: str) -> None:
    [subject] = await subjects(records, order, [])
    await story(records, subject)


def _print(title: str, many: _Grown, few: _Grown) -> None:
    parts = (
        (part, *(median(lap[part] for lap in grown.laps) for grown in (many, few))) for part in many.laps[0]
    )
    print(title, *(f"{part} {a:.0f} for {b:.0f},"[:-1] for part, a, b in parts), sep="\n  ", file=sys.stderr)
