"""The tax rows of an order, each under the date on which it counts: what was sold and what was taken back.

Pure. Goods are sold when they become due. A later amendment, or the end of an order, takes back in its own
month, whatever was exported before.
"""

from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from payments.ledger import bill_rows
from payments.ledger.bill_rows import BillRow, is_untaxed, place_of_supply
from payments.ledger.exports import Cells, local, rupees
from payments.ledger.state import OrderState


def sold(state: OrderState, at: int, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield what was sold when the goods became due, at `at` (milliseconds)."""
    if is_untaxed(state):
        return
    for row in bill_rows.rows(state, ()):
        yield _cells(state, local(zone, at), "sale", row, 1)


def taken_back(state: OrderState, amendment: str, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield what the amendment with this key takes back."""
    for count, one in enumerate(state.amendments):
        if one.key == amendment:
            before = bill_rows.rows(state, state.amendments[:count])
            after = bill_rows.rows(state, state.amendments[: count + 1])
            yield from _credits(state, before, after, local(zone, one.at))


def ended(state: OrderState, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield what the end of an order takes back: all that is left of it, but a delivery that is kept back."""
    before = bill_rows.rows(state, state.amendments)
    yield from _credits(state, before, bill_rows.rows_left(state), local(zone, state.stage_at))


def _credits(
    state: OrderState, before: Sequence[BillRow], after: Sequence[BillRow], at: str
) -> Iterator[Cells]:
    """Yield the credit of each row."""
    if is_untaxed(state):
        return
    for row in bill_rows.taken_back(before, after):
        if row.tax.amount:
            yield _cells(state, at, "credit", row, -1)


def _cells(state: OrderState, at: str, kind: str, row: BillRow, sign: int) -> Cells:
    tax = row.tax
    amounts = (rupees(sign * one) for one in (tax.amount, tax.taxable, tax.cgst, tax.sgst, tax.igst))
    seller, place = state.order.terms.seller.gst, place_of_supply(state)
    return (state.order.number, at, kind, seller, place, row.name, row.hsn, rupees(tax.rate), *amounts)
