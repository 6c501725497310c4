"""What a batch of work adds to the shop's numbers, in one row that waits for the count.

So no two processes wait for each other's rows of figures; see `storage.operations.numbers`.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from payments.ledger.numbers import Kind, time_bound
from storage.database.encoding import dumps
from storage.database.transaction import Transaction


async def add_moves(tx: Transaction, moves: Sequence[str], now: int) -> None:
    """Add the steps of a batch that led to another state: `<before>><after>` each."""
    await _add(tx, [[str(Kind.MOVED), move, count, 0] for move, count in Counter(moves).items()], now)


async def add_replies(tx: Transaction, heard: Sequence[int], now: int) -> None:
    """Add the answers that were accepted now, each by when its customer's message arrived (milliseconds)."""
    times = [max(0, now - at) for at in heard]
    sums = Counter[int]()
    for time in times:
        sums[time_bound(time)] += time
    counts = Counter(map(time_bound, times))
    await _add(tx, [[str(Kind.REPLIED), str(to), count, sums[to]] for to, count in counts.items()], now)


async def _add(tx: Transaction, rows: Sequence[Sequence[Any]], now: int) -> None:
    if rows:
        await tx.fetch(_TALLY, now, dumps(rows))


_TALLY: Final = "INSERT INTO tally (at, numbers) VALUES ($1, $2)"
