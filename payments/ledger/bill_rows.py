"""The rows of a bill at any moment of an order: what its lines and its delivery cost after amendments. Pure.

Documents and the tax export both take what was given back from here: the rows before less the rows after. So
all that is credited adds up to what was charged, tax and all, whatever was given back in how many parts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from payments.ledger.state import OrderState
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.orders import Line
from payments.shop.pricing import Taxable, TaxRow, allocate, tax_rows


@dataclass(frozen=True, slots=True)
class Part:
    """What is left of a line, in paise: of the price of its pieces, and of its part of the delivery."""

    net: int
    delivery: int

    @property
    def both(self) -> int:
        """Paise of pieces and delivery."""
        return self.net + self.delivery


@dataclass(frozen=True, slots=True)
class BillRow:
    """One row: of a line's pieces, or of the delivery at one rate."""

    line: Line | None
    """None of the delivery."""
    tax: TaxRow

    @property
    def name(self) -> str:
        """What the row is of."""
        return self.line.name if self.line else "Delivery"

    @property
    def hsn(self) -> str:
        """The code of the goods; empty of the delivery, which has that of what it brings."""
        return self.line.hsn if self.line else ""

    @property
    def key(self) -> tuple[str, int]:
        """Tells the rows of an order apart."""
        return (self.line.sku if self.line else "", self.tax.rate)


def is_untaxed(state: OrderState) -> bool:
    """Return whether the seller charges no GST that a buyer could see."""
    seller = state.order.terms.seller
    return not seller.gst or seller.scheme == "composition"


def is_in_state(state: OrderState) -> bool:
    """Return whether the goods go to the seller's own state, so that their tax is CGST and SGST."""
    return place_of_supply(state) == state.order.terms.seller.gst[:2]


def place_of_supply(state: OrderState) -> str:
    """Return the place of supply: the state of the address; the seller's own if the order names none."""
    return state.order.to.state or state.order.terms.seller.gst[:2]


def rows(state: OrderState, amendments: Sequence[Amendment]) -> tuple[BillRow, ...]:
    """Return the rows of the order after `amendments`: one for each line, then the delivery at each rate."""
    lines = state.order.lines
    rates = [0 if is_untaxed(state) else line.rate for line in lines]
    taxable = [
        Taxable(part.net, part.delivery, rate)
        for part, rate in zip(_remaining(lines, amendments), rates, strict=True)
    ]
    found = tax_rows(taxable, is_untaxed(state) or is_in_state(state))
    of = [*lines, *[None] * (len(found) - len(lines))]
    return tuple(BillRow(line, row) for line, row in zip(of, found, strict=True))


def rows_left(state: OrderState) -> tuple[BillRow, ...]:
    """Return the rows of what the order costs now: after its end, at most a delivery that is kept back."""
    over = not state.goods_due and not state.delivery_kept_back
    return () if over else rows(state, state.amendments)


def taken_back(before: Sequence[BillRow], after: Sequence[BillRow]) -> Iterator[BillRow]:
    """Yield what each of the rows `before` has lost in `after`.

    CGST and SGST fall by a paisa each, so a row of one paisa may give back two of tax.
    """
    left = {row.key: row.tax for row in after}
    for row in before:
        yield BillRow(row.line, row.tax.less(left[row.key]) if row.key in left else row.tax)


def _remaining(lines: Sequence[Line], amendments: Sequence[Amendment]) -> list[Part]:
    """Return what the amendments leave of each line.

    Missing pieces lower their price, and goods that were refused at the door theirs before any delivery; what
    lowers all the order lowers both in proportion.
    """
    parts = [Part(line.charged, line.delivery) for line in lines]
    for one in amendments:
        parts = _after(one, lines, parts)
    return parts


def _after(amendment: Amendment, lines: Sequence[Line], parts: Sequence[Part]) -> list[Part]:
    """Return what an amendment leaves of `parts`.

    What is of the goods alone lowers them first. The rest lowers all in proportion to what remains.
    """
    own = _of_goods(amendment, lines, parts)
    parts = [_goods_less(part, amount) for part, amount in zip(parts, own, strict=True)]
    shared = allocate(amendment.amount - sum(own), [part.both for part in parts])
    return [_less(part, amount) for part, amount in zip(parts, shared, strict=True)]


def _of_goods(amendment: Amendment, lines: Sequence[Line], parts: Sequence[Part]) -> Sequence[int]:
    """Return what an amendment takes of each line for its goods, and only then for its delivery."""
    match amendment.kind:
        case AmendmentKind.LESS:
            own = [amendment.amount if line.sku == amendment.sku else 0 for line in lines]
            return [min(amount, part.both) for amount, part in zip(own, parts, strict=True)]
        case AmendmentKind.REFUSED:
            nets = [part.net for part in parts]
            return allocate(min(amendment.amount, sum(nets)), nets)
        case _:
            return [0] * len(lines)


def _goods_less(part: Part, amount: int) -> Part:
    net = max(0, part.net - amount)
    return Part(net, part.both - amount - net)


def _less(part: Part, amount: int) -> Part:
    from_net, from_delivery = allocate(amount, (part.net, part.delivery))
    return Part(part.net - from_net, part.delivery - from_delivery)
