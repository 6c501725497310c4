"""The tax rows of an order, each under the date on which it counts: what was sold and what was taken back.

Pure. Goods are sold when they become due. A later amendment, or the end of an order, takes back in its own
month, whatever was exported before.
"""

from collections.abc import Iterator, Sequence
from typing import Final
from zoneinfo import ZoneInfo

from payments.ledger.exports import Cells, local, rupees
from payments.ledger.state import OrderState
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.orders import Line
from payments.shop.pricing import Taxable, TaxRow, allocate, tax_rows

_DELIVERY: Final = ("Delivery", "")


def sold(state: OrderState, at: int, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield what was sold when the goods became due, at `at` (milliseconds)."""
    if untaxed(state):
        return
    lines = state.order.lines
    named = [(line.name, line.hsn) for line in lines]
    taxed = [Taxable(line.charged, line.delivery, line.rate) for line in lines]
    rows = tax_rows(taxed, in_state(state))
    for row, (name, hsn) in zip(rows, [*named, *[_DELIVERY] * len(rows)], strict=False):
        yield _cells(state, local(zone, at), "sale", name, hsn, row, 1)


def taken_back(state: OrderState, amendment: str, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield what the amendment with this key takes back."""
    remaining = [line.charged + line.delivery for line in state.order.lines]
    for one in state.amendments:
        credited = _credited(one, state.order.lines, remaining)
        if one.key == amendment:
            yield from _credits(state, credited, local(zone, one.at))
        remaining = [left - amount for left, amount in zip(remaining, credited, strict=True)]


def ended(state: OrderState, zone: ZoneInfo) -> Iterator[Cells]:
    """Yield what the end of an order takes back: all that is left of it, but a delivery that is kept back."""
    if state.goods_due:
        return
    remaining = [line.charged + line.delivery for line in state.order.lines]
    for one in state.amendments:
        credited = _credited(one, state.order.lines, remaining)
        remaining = [left - amount for left, amount in zip(remaining, credited, strict=True)]
    goes = allocate(sum(remaining) - state.delivery_kept_back, remaining)
    yield from _credits(state, goes, local(zone, state.stage_at))


def untaxed(state: OrderState) -> bool:
    """Return whether the shop may show no GST on this order: it is not registered, or under composition."""
    seller = state.order.terms.seller
    return not seller.gst or seller.scheme == "composition"


def in_state(state: OrderState) -> bool:
    """Return whether the goods go to the seller's own state."""
    return _place(state) == state.order.terms.seller.gst[:2]


def _place(state: OrderState) -> str:
    """Return the place of supply: the state of the address; the seller's own if the order names none."""
    return state.order.to.state or state.order.terms.seller.gst[:2]


def _credits(state: OrderState, amounts: Sequence[int], at: str) -> Iterator[Cells]:
    """Yield the credit of each line."""
    if untaxed(state):
        return
    for line, amount in zip(state.order.lines, amounts, strict=True):
        if amount:
            [row] = tax_rows([Taxable(amount, 0, line.rate)], in_state(state))
            yield _cells(state, at, "credit", line.name, line.hsn, row, -1)


def _credited(amendment: Amendment, lines: Sequence[Line], remaining: Sequence[int]) -> list[int]:
    """Return what an amendment takes off each line, of which `remaining` paise were not credited before.

    Pieces lower their own line, and the others only if an allowance has lowered it before. An allowance
    lowers all in proportion to what remains.
    """
    pieces = amendment.kind is AmendmentKind.LESS
    own = [amendment.amount if pieces and line.sku == amendment.sku else 0 for line in lines]
    own = [min(amount, left) for amount, left in zip(own, remaining, strict=True)]
    after = [left - amount for amount, left in zip(own, remaining, strict=True)]
    shared = allocate(amendment.amount - sum(own), after)
    return [amount + part for amount, part in zip(own, shared, strict=True)]


def _cells(state: OrderState, at: str, kind: str, name: str, hsn: str, row: TaxRow, sign: int) -> Cells:
    sums = (row.amount, row.taxable, row.cgst, row.sgst, row.igst)
    amounts = (rupees(sign * amount) for amount in sums)
    seller = state.order.terms.seller.gst
    return (state.order.number, at, kind, seller, _place(state), name, hsn, rupees(row.rate), *amounts)
