"""The tax rows of a period: what was sold in it, then what amendments and what ended orders take back.

Each is read by its own date and index, so that an order has rows in every month in which something of it
counts.
"""

from collections.abc import Iterator
from typing import Final
from zoneinfo import ZoneInfo

from payments.ledger import gst_rows
from payments.ledger.exports import Cells
from payments.ledger.state import OrderState
from payments.shop.business_day import Period
from storage.database.transaction import Row, Transaction
from storage.inbox.day_figures import states
from storage.reports.place import Place


async def page(
    tx: Transaction, period: Period, after: Place | None, zone: ZoneInfo, limit: int
) -> tuple[list[Cells], Place | None]:
    """Return the rows of the page after `after`, and after what the next one begins; None after the last."""
    start = after or Place(period.start, "0:")
    part, _, mark = start.key.partition(":")
    found = await tx.fetch(_PARTS[int(part)], start.at, mark, period.end, limit)
    orders = list({(row["conversation_id"], row["key"]): row for row in found}.values())
    by_key = {state.key: state for state in await states(tx, orders)}
    rows = [cells for row in found for cells in _cells(int(part), by_key[row["key"]], row, zone)]
    if len(found) == limit:
        return rows, Place(found[-1]["at"], f"{part}:{found[-1]['mark']}")
    return rows, Place(period.start, f"{int(part) + 1}:") if int(part) + 1 < len(_PARTS) else None


def _cells(part: int, state: OrderState, row: Row, zone: ZoneInfo) -> Iterator[Cells]:
    match part:
        case 0:
            return gst_rows.sold(state, row["at"], zone)
        case 1:
            return gst_rows.taken_back(state, row["mark"], zone)
        case _:
            return gst_rows.ended(state, zone)


# The first conditions are those of the partial indexes, word for word.
_SOLD: Final = """
SELECT conversation_id, key, key AS mark, due_at AS at FROM orders
WHERE due_at IS NOT NULL AND (due_at, key) > ($1, $2) AND due_at < $3 ORDER BY due_at, key LIMIT $4"""
_TAKEN_BACK: Final = """
SELECT conversation_id, order_key AS key, key AS mark, created_at AS at FROM amendment
WHERE (created_at, key) > ($1, $2) AND created_at < $3 ORDER BY created_at, key LIMIT $4"""
_ENDED: Final = """
SELECT conversation_id, key, key AS mark, stage_at AS at FROM orders
WHERE stage IN ('cancelled', 'refused', 'returned') AND due_at IS NOT NULL
    AND (stage_at, key) > ($1, $2) AND stage_at < $3 ORDER BY stage_at, key LIMIT $4"""
_PARTS: Final = (_SOLD, _TAKEN_BACK, _ENDED)
