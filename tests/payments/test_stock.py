"""Pieces left, as orders are placed, sold and ended."""

from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from payments.shop import stock
from payments.shop.orders import Line
from payments.shop.stock import StockMove

LINES: Final = (Line("a", "A", 2, 100), Line("free", "Free", 9, 100))


def test_only_what_is_counted_moves() -> None:
    left = {"a": 5, "b": 5}
    assert stock.reserve(left, LINES) == (StockMove("a", 2, 0),)
    assert stock.release(left, LINES) == (StockMove("a", -2, 0),)
    assert stock.sell_reserved(left, LINES) == (StockMove("a", -2, 2),)
    assert stock.sell(left, LINES) == (StockMove("a", 0, 2),)


def test_there_is_enough_if_there_is_of_each() -> None:
    assert stock.enough({"a": 2}, LINES)
    assert stock.enough({}, LINES)
    assert not stock.enough({"a": 1}, LINES)
    assert not stock.enough({"a": 2, "free": 8}, LINES)


def test_what_is_left_after() -> None:
    left = {"a": 5, "b": 1}
    assert stock.after(left, stock.reserve(left, LINES)) == {"a": 3, "b": 1}
    assert left == {"a": 5, "b": 1}


@given(
    st.lists(st.sampled_from(["sold", "ended", "sold late", "lives again"]), max_size=6), st.integers(2, 9)
)
def test_nothing_gets_lost_whatever_becomes_of_an_order(course: list[str], declared: int) -> None:
    """An order holds its goods, lets go of them or sells them: never two of these."""
    left: dict[str, int] = {"a": declared}
    moves = list(stock.reserve(left, LINES))
    stands = "open"
    for step in course:
        if stands == "open" and step in ("sold", "ended"):
            moves += (stock.sell_reserved if step == "sold" else stock.release)(left, LINES)
            stands = "sold" if step == "sold" else "ended"
        elif stands == "ended" and step in ("sold late", "lives again"):
            moves += (stock.sell if step == "sold late" else stock.reserve)(left, LINES)
            stands = "sold" if step == "sold late" else "open"
    assert sum(move.reserved for move in moves) == (2 if stands == "open" else 0)
    assert sum(move.sold for move in moves) == (2 if stands == "sold" else 0)
    assert stock.after(left, moves) == {"a": declared - (0 if stands == "ended" else 2)}
