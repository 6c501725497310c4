"""Which invoice or credit note a change of an order issues, and what it says. Pure.

An invoice is issued when the goods first leave, with all earlier amendments inside it. What is taken back
afterwards is a credit note: one for each event, whatever it took back.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from zoneinfo import ZoneInfo

from payments.ledger.bill_rows import BillRow, place_of_supply, rows, rows_left, taken_back
from payments.ledger.state import OrderState
from payments.shop.amendments import missing
from payments.shop.fulfilment import Stage
from payments.shop.invoice import Buyer, Invoice, InvoiceKind, InvoiceLine, year_start
from payments.shop.local_time import instant, local_date
from payments.shop.order_terms import Seller
from payments.shop.pincodes import pincode_of

_LEFT: Final = frozenset({Stage.OUT, Stage.DELIVERED, Stage.REFUSED, Stage.RETURNED})
"""Stages of goods that have left the shop."""


@dataclass(frozen=True, slots=True)
class Issuing:
    """What a document takes from its time and its shop, and not from the order."""

    now: int
    """Milliseconds since 1970, UTC."""
    zone: ZoneInfo
    prefix: str
    customer: str = ""
    """The customer's name; empty if none is known."""


def issued(before: OrderState | None, after: OrderState, at: Issuing) -> Invoice | None:
    """Return the document that the change from `before` to `after` issues; None if it issues none.

    A seller whose name is not known issues none.
    """
    if not after.order.terms.seller.name or after.stage is None:
        return None
    if before is None or before.stage not in _LEFT:
        leaves = after.stage in (Stage.OUT, Stage.DELIVERED)
        return _document(after, _kind(after.order.terms.seller), _sold(after), at) if leaves else None
    return _document(after, InvoiceKind.CREDIT_NOTE, _taken_back(before, after), at)


def has_invoice(state: OrderState) -> bool:
    """Return whether the order's goods have left with an invoice."""
    return bool(state.order.terms.seller.name) and state.stage in _LEFT


def _kind(seller: Seller) -> InvoiceKind:
    if not seller.gst:
        return InvoiceKind.BILL
    composition = seller.scheme == "composition"
    return InvoiceKind.BILL_OF_SUPPLY if composition else InvoiceKind.TAX_INVOICE


def _document(
    state: OrderState, kind: InvoiceKind, lines: Iterator[InvoiceLine], at: Issuing
) -> Invoice | None:
    rows = tuple(line for line in lines if line.price)
    if not any(line.amount for line in rows):
        return None
    order, to = state.order, state.to
    dated = local_date(at.zone, at.now)
    ends = to.pincode if pincode_of(to.address) != to.pincode else ""
    where = " ".join(filter(None, (to.address, ends)))
    return Invoice(
        order_key=order.key,
        order_number=order.number,
        kind=kind,
        prefix=at.prefix,
        dated=dated,
        issued_at=at.now,
        year_began_at=instant(at.zone, year_start(dated), 0),
        seller=order.terms.seller,
        state=place_of_supply(state) if order.terms.seller.gst else "",
        language=order.terms.language,
        lines=rows,
        buyer=Buyer(to.name or at.customer, where),
        coupon="" if kind is InvoiceKind.CREDIT_NOTE else order.terms.coupon,
    )


def _sold(state: OrderState) -> Iterator[InvoiceLine]:
    """Yield what is left of each line, then the delivery at each rate: with what was taken off its price."""
    left = {line.sku: line.quantity for line in state.lines}
    fees = {row.key: row.tax.amount for row in rows(state, ()) if row.line is None}
    for row in rows(state, state.amendments):
        price = row.line.price * left.get(row.line.sku, 0) if row.line else fees[row.key]
        yield replace(_line(row, left), discount=price - row.tax.amount)


def _taken_back(before: OrderState, after: OrderState) -> Iterator[InvoiceLine]:
    """Yield what new amendments, or the end of the order, take back of each line and of the delivery."""
    pieces = missing(after.amendments[len(before.amendments) :])
    if before.goods_due and not after.goods_due and not after.delivery_kept_back:
        pieces = Counter({line.sku: line.quantity for line in before.lines})
    for row in taken_back(rows_left(before), rows_left(after)):
        yield _line(row, pieces)


def _line(row: BillRow, pieces: Mapping[str, int]) -> InvoiceLine:
    tax, line = row.tax, row.line
    taxes = (tax.cgst, tax.sgst, tax.igst)
    count = pieces.get(line.sku, 0) if line else 0
    return InvoiceLine(row.name, row.hsn, count, tax.rate, tax.amount, *taxes, is_delivery=line is None)
