"""Invoices and credit notes as they were issued: those of one order, and those of a period."""

from collections.abc import Sequence
from typing import Final

from payments.shop.business_day import Period
from payments.shop.invoice import Buyer, InvoiceKind, NumberedInvoice, from_json
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction
from storage.reports.place import Place


async def of_order(tx: Transaction, conversation: str, key: str) -> list[NumberedInvoice]:
    """Return the documents of the order with this key, oldest first. `conversation` is its public id."""
    rows = await tx.fetch(_OF_ORDER, int(conversation.rpartition("-")[2]), key)
    return _numbered(rows)


async def page(
    tx: Transaction, period: Period, after: Place | None, limit: int
) -> tuple[list[NumberedInvoice], Place | None]:
    """Return the documents of `period` after `after`, by their time; and after what the next page begins."""
    start = after or Place(period.start, "")
    rows = await tx.fetch(_ISSUED, start.at, start.key, period.end, limit)
    orders = sorted({(row["conversation_id"], row["order_key"]) for row in rows})
    ids, keys = [id for id, _ in orders], [key for _, key in orders]
    earlier = {row["number"]: row for row in await tx.fetch(_OF_ORDERS, ids, keys)} if orders else {}
    found = {one.number: one for one in _numbered([earlier[number] for number in earlier])}
    last = Place(rows[-1]["issued_at"], rows[-1]["number"]) if len(rows) == limit else None
    return [found[row["number"]] for row in rows], last


def _numbered(rows: Sequence[Row]) -> list[NumberedInvoice]:
    """Return the documents in `rows`, oldest first, each credit note with the document before it."""
    found: list[NumberedInvoice] = []
    billed: dict[str, NumberedInvoice] = {}
    for row in rows:
        invoice = from_json(loads(row["body"]), Buyer(**loads(row["buyer"])) if row["buyer"] else Buyer())
        of = billed.get(row["order_key"])
        if row["kind"] == InvoiceKind.CREDIT_NOTE and of is not None:
            one = NumberedInvoice(row["number"], invoice, of.number, of.invoice.dated, row["caused_by"])
        else:
            one = NumberedInvoice(row["number"], invoice, caused_by=row["caused_by"])
            billed[row["order_key"]] = one
        found.append(one)
    return found


_OF_ORDER: Final = """
SELECT * FROM invoice WHERE conversation_id = $1 AND order_key = $2 ORDER BY issued_at, caused_by, number"""
_OF_ORDERS: Final = """
SELECT * FROM invoice WHERE conversation_id = ANY($1::bigint[]) AND order_key = ANY($2::text[])
ORDER BY issued_at, caused_by, number"""
_ISSUED: Final = """
SELECT number, conversation_id, order_key, issued_at FROM invoice
WHERE (issued_at, number) > ($1, $2) AND issued_at < $3 ORDER BY issued_at, number LIMIT $4"""
