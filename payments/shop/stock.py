"""Stock: what is left of each product, and how orders change it. Pure.

Only products with a `stock` in the flow file are counted. Of all others there is always enough.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from payments.shop.orders import Line

COUNTED_THERE: Final = -1
"""Stands for the number of a product that the shop's other system counts. None is left until it is read."""


@dataclass(frozen=True, slots=True)
class StockMove:
    """A change of one product's counts. The pieces left are `declared - reserved - sold`."""

    sku: str
    reserved: int
    sold: int

    @property
    def taken(self) -> int:
        """Pieces taken from what is left; negative if pieces come back."""
        return self.reserved + self.sold


@dataclass(frozen=True, slots=True)
class Count:
    """What is left of one product, and the numbers that are no new count of it."""

    left: int
    in_file: int
    """The number in the flow file that was served last."""
    in_served: int | None
    """The number in what is served: another than `in_file` after a rollback. None if that sells the product
    uncounted: then the count rests, and goes on when a version that counts it is served."""

    @property
    def is_counted(self) -> bool:
        """Return whether it is counted now: the count does not rest."""
        return self.in_served is not None

    def is_of(self, number: int) -> bool:
        """Return whether `number`, in a flow file, stands for this count. Any other is a new one."""
        return number in (self.in_file, self.in_served)


def enough(left: Mapping[str, int], lines: Iterable[Line]) -> bool:
    """Return whether enough is left for all `lines`."""
    return all(line.quantity <= left.get(line.sku, line.quantity) for line in lines)


def reserve(left: Mapping[str, int], lines: Iterable[Line]) -> tuple[StockMove, ...]:
    """Return the moves that reserve an order's goods, when it is placed or reopened."""
    return tuple(StockMove(line.sku, line.quantity, 0) for line in lines if line.sku in left)


def release(left: Mapping[str, int], lines: Iterable[Line]) -> tuple[StockMove, ...]:
    """Return the moves that free an order's reserved goods, when it ended unpaid."""
    return tuple(StockMove(line.sku, -line.quantity, 0) for line in lines if line.sku in left)


def sell_reserved(left: Mapping[str, int], lines: Iterable[Line]) -> tuple[StockMove, ...]:
    """Return the moves that sell an order's reserved goods, when it is paid."""
    return tuple(StockMove(line.sku, -line.quantity, line.quantity) for line in lines if line.sku in left)


def reserve_sold(left: Mapping[str, int], lines: Iterable[Line]) -> tuple[StockMove, ...]:
    """Return the moves that reserve an order's sold goods again, when it turns out not to be paid."""
    return tuple(StockMove(line.sku, line.quantity, -line.quantity) for line in lines if line.sku in left)


def sell(left: Mapping[str, int], lines: Iterable[Line]) -> tuple[StockMove, ...]:
    """Return the moves that sell an order's goods, when it is paid after they were freed."""
    return tuple(StockMove(line.sku, 0, line.quantity) for line in lines if line.sku in left)


def give_back(
    left: Mapping[str, int], lines: Iterable[Line], *, reserved: bool, shelf: bool
) -> tuple[StockMove, ...]:
    """Return the moves for goods that a due order does not need: `reserved` for it, or sold already.

    `shelf`: whether they can be sold again. If not, they are gone.
    """
    if not reserved and not shelf:
        return ()
    counted = [line for line in lines if line.sku in left]
    if not reserved:
        return tuple(StockMove(line.sku, 0, -line.quantity) for line in counted)
    gone = 0 if shelf else 1
    return tuple(StockMove(line.sku, -line.quantity, gone * line.quantity) for line in counted)


def after(left: Mapping[str, int], moves: Iterable[StockMove]) -> dict[str, int]:
    """Return the pieces left after `moves`."""
    changed = dict(left)
    for move in moves:
        changed[move.sku] -= move.taken
    return changed
