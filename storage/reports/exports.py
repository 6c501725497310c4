"""The rows of exported tables, read page by page. Memory does not grow with the shop."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from zoneinfo import ZoneInfo

from payments.ledger.exports import Cells, Export, Person, invoice_cells, local, rows_of, rupees
from payments.shop.business_day import Period
from payments.shop.consent import Hears
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction
from storage.inbox import product_switch, staff, stock
from storage.inbox.customers import Naming
from storage.inbox.order_rows import load_orders, order_state
from storage.reports import gst_export, invoices
from storage.reports.place import Place

PAGE: Final = 50
"""Orders, or customers, of one page."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of a table."""

    rows: list[Cells]
    last: Place | None
    """After which the next page begins; None after the last page."""


async def page(
    tx: Transaction,
    what: Export,
    period: Period,
    after: Place | None,
    zone: ZoneInfo,
    naming: Naming,
    limit: int = PAGE,
) -> Page:
    """Return the page of the table `what` after `after`; without it, the first.

    Orders are those placed in `period`, customers those who came in it; of tax, what counts in it; invoices
    are those issued in it. The catalogue is no table of the database: see `counts`.
    """  # fmt: skip
    if what is Export.CUSTOMERS:
        return await _customers(tx, period, after, zone, naming, limit)
    if what is Export.GST:
        return Page(*await gst_export.page(tx, period, after, zone, limit))
    if what is Export.INVOICES:
        found, last = await invoices.page(tx, period, after, limit)
        return Page([invoice_cells(one) for one in found], last)
    start = after or Place(period.start, "")
    rows = await tx.fetch(_ORDERS, start.at, start.key, period.end, limit)
    loaded = await load_orders(tx, [(row["conversation_id"], row["key"]) for row in rows])
    states = [order_state(tx.installation, one) for orders in loaded.values() for one in orders]
    states.sort(key=lambda one: (one.order.placed_at, one.key))
    people = await _people(tx, sorted(loaded), naming)
    cells = [
        row
        for state in states
        for row in rows_of(what, state, people.get(state.order.conversation, Person()), zone)
    ]
    full = len(rows) == limit
    return Page(cells, Place(rows[-1]["placed_at"], rows[-1]["key"]) if full else None)


async def counts(tx: Transaction) -> tuple[Mapping[str, int], Collection[str]]:
    """Return the pieces left of each counted article, and the skus that are switched off."""
    return await stock.left(tx), await product_switch.off(tx)


async def _people(tx: Transaction, ids: Sequence[int], naming: Naming) -> dict[str, Person]:
    rows = await tx.fetch(_NAMES, list(ids)) if ids else []
    phones = await staff.phones(tx, ids, naming) if ids else {}
    return {
        f"{tx.installation}-{row['id']}": Person(_customer(row).get("name") or "", phones.get(row["id"], ""))
        for row in rows
    }


async def _customers(
    tx: Transaction, period: Period, after: Place | None, zone: ZoneInfo, naming: Naming, limit: int
) -> Page:
    start = after or Place(period.start, "0")
    found = await tx.fetch(_CUSTOMERS, start.at, int(start.key), period.end, limit)
    ids = [row["id"] for row in found]
    phones = await staff.phones(tx, ids, naming) if ids else {}
    members = {row["phone"] for row in await tx.fetch(_STAFF)}
    ordered = {row["conversation_id"]: row for row in await tx.fetch(_BOUGHT, ids)} if ids else {}
    rows: list[Cells] = []
    for row in found:
        orders, phone = ordered.get(row["id"]), phones.get(row["id"], "")
        if phone in members or (orders is None and row["last_inbound_at"] is None):
            continue  # one of the staff, or somebody who neither wrote nor ordered
        data = loads(row["snapshot"]).get("data") or {}
        times = (local(zone, row["created_at"]), local(zone, row["last_inbound_at"]))
        who = (f"{tx.installation}-{row['id']}", str(_customer(row).get("name") or ""), phone)
        sums = (int(orders["due"]), rupees(int(orders["paid"]))) if orders else (0, rupees(0))
        rows.append((*who, *times, str(data.get("hears") or Hears.ORDERS), *sums))
    full = len(found) == limit
    return Page(rows, Place(found[-1]["created_at"], str(found[-1]["id"])) if full else None)


def _customer(row: Row) -> Mapping[str, Any]:
    customer: Mapping[str, Any] = loads(row["snapshot"]).get("customer") or {}
    return customer


_ORDERS: Final = """
SELECT conversation_id, key, placed_at FROM orders
WHERE (placed_at, key) > ($1, $2) AND placed_at < $3 ORDER BY placed_at, key LIMIT $4"""
_NAMES: Final = """
SELECT id, snapshot FROM conversation WHERE id = ANY($1::bigint[]) AND forgotten_at IS NULL"""
_CUSTOMERS: Final = """
SELECT id, snapshot, created_at, last_inbound_at FROM conversation
WHERE (created_at, id) > ($1, $2) AND created_at < $3 AND forgotten_at IS NULL AND merged_into IS NULL
ORDER BY created_at, id LIMIT $4"""
_STAFF: Final = "SELECT phone FROM staff"
_BOUGHT: Final = """
SELECT conversation_id, SUM(CASE WHEN lifecycle IN ('promised', 'fulfilled') THEN 1 ELSE 0 END) AS due,
    SUM(CASE WHEN lifecycle IN ('promised', 'fulfilled') THEN fulfilled ELSE 0 END) AS paid
FROM orders WHERE conversation_id = ANY($1::bigint[]) GROUP BY conversation_id"""
