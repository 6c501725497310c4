"""What each reload and each rollback makes of the count of a product, on both databases."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import pytest

from flows.engine.outline import Outline
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.shop.stock import Count, StockMove
from storage import Store
from storage.inbox import stock
from storage.inbox.arrival import Arrival
from storage.inbox.versions import FlowText
from tests.builders import change_set
from tests.storage.step_changes import order_of

Chat = Callable[..., Arrival]
SELL: Final = "sell"
"""One piece is sold."""
OPEN: Final = "open"
"""One piece is reserved by an open order."""


def text(name: str) -> FlowText:
    return FlowText(name, {"flows.yaml": name}, Outline(name, "cart", {}))


def file(number: int | None) -> Mapping[str, int | None]:
    """A reload of a file with this number."""
    return {"file": number}


def back(number: int | None) -> Mapping[str, int | None]:
    """A rollback to a version with this number."""
    return {"back": number}


GONE: Final = {"back": -1}
"""A rollback to a version that does not sell the product."""


def moved(move: StockMove, given: StepInput) -> ChangeSet:
    """Whoever steps takes pieces of what is counted alone."""
    return change_set(given, moves=(move,) if move.sku in given.left else ())


async def left_after(store: Store, chat: Chat, course: list[Mapping[str, int | None] | str]) -> int | None:
    """The pieces that are left after each of these things happened; None if they are not counted."""
    for n, one in enumerate(course):
        if isinstance(one, str):
            move = StockMove("cup", int(one == OPEN), int(one == SELL))
            await store.arrive([chat(str(n))], now=n)
            await store.advance_due(partial(moved, move), now=n)
        elif "file" in one:
            counted = {} if one["file"] is None else {"cup": one["file"]}
            await store.versions.serve(text(str(n)), counted, "ravi", n)
        else:
            numbers = {} if one == GONE else {"cup": one["back"]}
            await store.versions.serve_earlier(text(str(n)), numbers, "ravi", n)
    told: dict[str, Count] = await store._units.read(stock.counts)
    left: dict[str, int] = await store._units.read(stock.left)
    # Whoever asks what a version would make of the count is told the same.
    assert left == {sku: count.left for sku, count in told.items() if count.is_counted}
    return left.get("cup")


@pytest.mark.parametrize(
    ("course", "left"),
    [
        pytest.param([file(12), SELL, file(24)], 24, id="another number is a new count"),
        pytest.param([file(12), SELL, file(12)], 11, id="the same number is none"),
        pytest.param([file(12), OPEN, file(24)], 23, id="open orders hold what they hold"),
        pytest.param([file(12), file(24), SELL, back(12)], 23, id="a rollback counts nothing"),
        pytest.param([file(12), file(24), SELL, back(12), SELL, file(24)], 22, id="nor the file again"),
        pytest.param(
            [file(12), file(24), SELL, back(12), file(12)], 23, id="nor the file of what is served"
        ),
        pytest.param(
            [file(12), file(24), SELL, back(12), file(12), SELL, file(24)],
            24,
            id="a file has said 12 meanwhile: its 24 is a new count",
        ),
        pytest.param([file(12), file(24), SELL, back(12), file(30)], 30, id="a third number is a new count"),
        pytest.param(
            [file(6), file(12), file(24), SELL, back(12), back(6), file(24)], 23, id="each step further back"
        ),
        pytest.param(
            [file(6), file(12), file(24), SELL, back(12), back(6), file(12)],
            12,
            id="a number that is neither the last file's nor what is served",
        ),
        pytest.param([file(None), file(9), SELL, back(None)], None, id="it was not counted before"),
        pytest.param([file(9), SELL, file(None), back(9)], 9, id="it is not counted any more"),
        pytest.param([file(None), file(9), SELL, back(None), file(9)], 8, id="its count rested"),
        pytest.param([file(9), SELL, back(None), SELL, file(9)], 8, id="what rests counts no sale"),
        pytest.param([file(9), SELL, back(None), back(9)], 8, id="it rested until the next rollback"),
        pytest.param([file(9), SELL, back(None), back(7), SELL], 7, id="whose number counts nothing"),
        pytest.param([file(9), SELL, back(None), GONE, file(9)], 8, id="it rested, and was not sold"),
        pytest.param([file(9), SELL, back(None), file(5)], 5, id="another number ends the rest"),
        pytest.param([file(9), SELL, back(None), file(None), file(9)], 9, id="a file ends the rest"),
        pytest.param([file(9), OPEN, back(None), file(9)], 8, id="an order that ended meanwhile was paid"),
        pytest.param([file(9), SELL, GONE, SELL, file(9)], 7, id="what is not sold is counted"),
        pytest.param([file(9), SELL, GONE, file(9)], 8, id="it was not sold before"),
        pytest.param([file(9), SELL, GONE, file(None)], None, id="the file sells it no longer"),
    ],
)  # fmt: skip
async def test_what_is_left(
    store: Store, chat: Chat, course: list[Mapping[str, int | None] | str], left: int | None
) -> None:
    assert await left_after(store, chat, course) == left


async def test_orders_that_are_open_when_a_count_goes_on_hold_what_they_hold(
    store: Store, chat: Chat
) -> None:
    await store.versions.serve(text("v2"), {"cup": 9}, "ravi", 1)
    await store.versions.serve_earlier(text("v1"), {"cup": None}, "ravi", 2)
    await store.arrive([chat("1")], now=3)
    await store.advance_due(lambda given: change_set(given, placed=[order_of(given)]), now=3)
    told = await store._units.read(stock.counts)
    await store.versions.serve(text("v2"), {"cup": 9}, "ravi", 4)
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT reserved, sold FROM stock"))
    assert (row, told["cup"].left) == ({"reserved": 1, "sold": 0}, 8)
