"""The tables that a shop exports: their columns, and the rows of one order. Pure.

Money is in rupees, times are in the shop's time zone.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from payments.ledger.order_sums import sums
from payments.ledger.state import OrderState
from payments.shop.invoice import InvoiceKind, NumberedInvoice
from payments.shop.invoice import sums as sums_of

Cell: TypeAlias = str | int | Decimal
Cells: TypeAlias = tuple[Cell, ...]


class Export(StrEnum):
    """What can be exported."""

    ORDERS = "orders"
    LINES = "lines"
    GST = "gst"
    INVOICES = "invoices"
    RATINGS = "ratings"
    CUSTOMERS = "customers"
    CATALOGUE = "catalogue"


COLUMNS: Final[Mapping[Export, tuple[str, ...]]] = {
    Export.ORDERS: (
        "number", "key", "placed_at", "customer", "phone", "payment", "stage", "stage_by", "stage_at", "how",
        "address", "pincode", "slot", "note", "coupon", "goods", "discount", "delivery", "total",
        "total_after_changes", "paid", "refunded", "due", "undone", "rating",
    ),
    Export.LINES: (
        "number", "placed_at", "stage", "sku", "name", "hsn", "gst_percent", "ordered", "left", "price",
        "discount", "charged", "delivery",
    ),
    Export.GST: (
        "number", "at", "kind", "seller_gst", "state", "description", "hsn", "gst_percent", "amount",
        "taxable", "cgst", "sgst", "igst",
    ),
    Export.INVOICES: (
        "number", "date", "order", "kind", "against", "seller_gst", "state", "taxable", "cgst", "sgst",
        "igst", "total",
    ),
    Export.RATINGS: ("number", "placed_at", "customer", "phone", "rating"),
    Export.CUSTOMERS: ("conversation", "name", "phone", "since", "last_wrote", "hears", "orders", "paid"),
    Export.CATALOGUE: (
        "sku", "product", "variant", "category", "price", "gst_percent", "hsn", "left", "available",
    ),
}  # fmt: skip
"""The first row of each table."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whose order it is, as far as we know."""

    name: str = ""
    phone: str = ""
    """Digits with the country code."""


def rupees(paise: int) -> Decimal:
    """Return `paise` in rupees, with two decimals."""
    return Decimal(paise).scaleb(-2)


def local(zone: ZoneInfo, milliseconds: int | None) -> str:
    """Return a time as clocks in `zone` show it; empty without one."""
    return f"{datetime.fromtimestamp(milliseconds / 1000, zone):%Y-%m-%d %H:%M}" if milliseconds else ""


def rows_of(what: Export, state: OrderState, person: Person, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield the rows of an order in the table `what`, which is one of orders."""
    match what:
        case Export.ORDERS:
            yield _order(state, person, zone)
        case Export.LINES:
            yield from _lines(state, zone)
        case Export.RATINGS:
            if state.rating is not None:
                placed = local(zone, state.order.placed_at)
                yield (state.order.number, placed, person.name, person.phone, state.rating)
        case _:
            raise ValueError(f"the table '{what}' has no rows of orders")


def invoice_cells(one: NumberedInvoice) -> Cells:
    """Return the row of an invoice, or of a credit note, whose amounts are negative."""
    invoice = one.invoice
    sign = -1 if invoice.kind is InvoiceKind.CREDIT_NOTE else 1
    about = (invoice.dated.isoformat(), invoice.order_number, str(invoice.kind), one.against)
    amounts = (rupees(sign * amount) for amount in sums_of(invoice).values())
    return (one.number, *about, invoice.seller.gst, invoice.state, *amounts)


def _order(state: OrderState, person: Person, zone: ZoneInfo) -> Cells:
    order, to = state.order, state.to
    who = (to.name or person.name, to.phone.removeprefix("+") or person.phone)
    stands = (str(state.status), str(state.stage or ""), state.stage_by, local(zone, state.stage_at))
    goes = (str(to.how), to.address, to.pincode, to.slot_name, to.note)
    found = {**sums(state), "undone": sum(slip.amount for slip in state.undone)}
    found["total_after_changes"] = found["owed"]  # read in a sheet, `owed` looks like a debt
    money = (rupees(found[name]) for name in COLUMNS[Export.ORDERS] if name in found)
    rating: Cell = "" if state.rating is None else state.rating
    first = (order.number, order.key, local(zone, order.placed_at))
    return (*first, *who, *stands, *goes, order.terms.coupon, *money, rating)


def _lines(state: OrderState, zone: ZoneInfo) -> Iterator[Cells]:
    left = {line.sku: line.quantity for line in state.lines}
    first = (state.order.number, local(zone, state.order.placed_at), str(state.stage or ""))
    for line in state.order.lines:
        goods = (line.sku, line.name, line.hsn, rupees(line.rate), line.quantity, left.get(line.sku, 0))
        sums = (line.price, line.discount, line.charged, line.delivery)
        yield (*first, *goods, *map(rupees, sums))
