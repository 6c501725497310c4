"""Which invoice or credit note a change of an order issues, and what it says. Pure.

An invoice is issued when the goods first leave, with all earlier amendments inside it. What is taken back
afterwards is a credit note: one for each event, whatever it took back.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from zoneinfo import ZoneInfo

from payments.ledger.gst_rows import credited, is_in_state, is_untaxed, place_of_supply
from payments.ledger.state import OrderState
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.invoice import Buyer, Invoice, InvoiceKind, InvoiceLine, year_start
from payments.shop.local_time import instant, local_date
from payments.shop.order_terms import Seller
from payments.shop.orders import Line
from payments.shop.pincodes import pincode_of
from payments.shop.pricing import Taxable, allocate, tax_rows

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


@dataclass(frozen=True, slots=True)
class _Part:
    """What is left of a line after amendments, in paise."""

    net: int
    delivery: int

    @property
    def both(self) -> int:
        return self.net + self.delivery


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
    rows = tuple(line for line in lines if line.amount)
    if not rows:
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
    )


def _sold(state: OrderState) -> Iterator[InvoiceLine]:
    """Yield what is left of each line, then the delivery at each rate, as `tax_rows` has them."""
    lines = state.order.lines
    parts = _remaining(lines, state.amendments)
    left = {line.sku: line.quantity for line in state.lines}
    rates = [0 if is_untaxed(state) else line.rate for line in lines]
    rows = tax_rows(
        [Taxable(p.net, p.delivery, r) for p, r in zip(parts, rates, strict=True)], _in_state(state)
    )
    named = [(line.name, line.hsn, left.get(line.sku, 0)) for line in lines]
    named += [("Delivery", "", 0)] * (len(rows) - len(lines))
    for n, (row, (name, hsn, quantity)) in enumerate(zip(rows, named, strict=True)):
        taxes = (row.cgst, row.sgst, row.igst)
        yield InvoiceLine(name, hsn, quantity, row.rate, row.amount, *taxes, is_delivery=n >= len(lines))


def _taken_back(before: OrderState, after: OrderState) -> Iterator[InvoiceLine]:
    """Yield what new amendments, or the end of the order, take back of each line."""
    lines, known = after.order.lines, len(before.amendments)
    then = [part.both for part in _remaining(lines, before.amendments)]
    now = [part.both for part in _remaining(lines, after.amendments)]
    ends = before.goods_due and not after.goods_due
    if ends:
        goes = allocate(sum(now) - after.delivery_kept_back, now)
        now = [left - amount for left, amount in zip(now, goes, strict=True)]
    pieces = {one.sku: 0 for one in after.amendments[known:]}
    for one in after.amendments[known:]:
        pieces[one.sku] += one.pieces
    if ends and not after.delivery_kept_back:
        pieces |= {line.sku: line.quantity for line in before.lines}
    for line, was, left in zip(lines, then, now, strict=True):
        rate = 0 if is_untaxed(after) else line.rate
        [row] = tax_rows([Taxable(was - left, 0, rate)], _in_state(after))
        gone = pieces.get(line.sku, 0)
        yield InvoiceLine(line.name, line.hsn, gone, row.rate, row.amount, row.cgst, row.sgst, row.igst)


def _in_state(state: OrderState) -> bool:
    return is_untaxed(state) or is_in_state(state)


def _remaining(lines: Sequence[Line], amendments: Sequence[Amendment]) -> list[_Part]:
    """Return what the amendments leave of each line: of the price of its pieces, and of its delivery.

    Missing pieces lower their price; what lowers all the order lowers both in proportion.
    """
    parts = [_Part(line.charged, line.delivery) for line in lines]
    for one in amendments:
        amounts = credited(one, lines, [part.both for part in parts])
        parts = [
            _less(part, amount, one.kind is AmendmentKind.LESS and line.sku == one.sku)
            for part, amount, line in zip(parts, amounts, lines, strict=True)
        ]
    return parts


def _less(part: _Part, amount: int, of_pieces: bool) -> _Part:
    if of_pieces:
        net = max(0, part.net - amount)
        return _Part(net, part.both - amount - net)
    from_net, from_delivery = allocate(amount, (part.net, part.delivery))
    return _Part(part.net - from_net, part.delivery - from_delivery)
