"""What an order costs: goods, coupon, delivery, and the GST inside. All in whole paise, all integers.

The total is the goods less the discount plus the delivery fee. GST lies inside and never changes it.
A discount and a delivery fee are divided among the lines to the paisa, so that every part of an order has a
worth, and the parts add up to the whole.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BeforeValidator

USUAL_RATES: Final = frozenset({0, 25, 300, 500, 1800, 4000})
"""The rates of GST that goods have since 22 September 2025, in basis points."""
_MAX_RATE: Final = 10_000


def basis_points(percent: Any) -> int:
    """Return the hundredths of a percent of a rate of GST (`18`, `0.25`, `"0.25"`).

    Raises ValueError if it is not a rate from 0 to 100 with at most two decimals.
    """
    if isinstance(percent, bool) or not isinstance(percent, (int, str, Decimal)):
        raise ValueError(f"{percent!r} is not a rate of GST: write the percent, for example 5 or 0.25")  # noqa: TRY004
    try:
        rate = Decimal(percent) * 100
    except ArithmeticError:
        raise ValueError(
            f"'{percent}' is not a rate of GST: write for example 5 or 0.25, without %"
        ) from None
    if not rate.is_finite() or rate != rate.to_integral_value() or not 0 <= rate <= _MAX_RATE:
        raise ValueError(f"{percent} is not a rate of GST: it is 0 to 100, with at most two decimals")
    return int(rate)


GstRate: TypeAlias = Annotated[int, BeforeValidator(basis_points)]
"""A rate of GST: written in percent in the flow file, stored in basis points (18 % is 1800)."""


@dataclass(frozen=True, slots=True)
class Goods:
    """One line of a cart: `quantity` pieces at `unit` paise. A coupon counts only `eligible` lines."""

    quantity: int
    unit: int
    eligible: bool = True

    @property
    def amount(self) -> int:
        """Paise of the line, before any discount."""
        return self.quantity * self.unit


@dataclass(frozen=True, slots=True)
class PercentOff:
    """A discount of `percent` (1 to 100) of the eligible goods, of at most `up_to` paise."""

    percent: int
    up_to: int | None = None


@dataclass(frozen=True, slots=True)
class AmountOff:
    """A discount of `amount` paise."""

    amount: int


Discount: TypeAlias = PercentOff | AmountOff


@dataclass(frozen=True, slots=True)
class Price:
    """What an order costs, in paise. The tuples have one part for each line, in the order of the lines."""

    goods: int
    """Before the discount."""
    discount: int
    delivery: int
    total: int
    """`goods - discount + delivery`."""
    discounts: tuple[int, ...]
    """Each line's part of `discount`."""
    deliveries: tuple[int, ...]
    """Each line's part of `delivery`."""
    nets: tuple[int, ...]
    """What is paid for the pieces of each line: its goods less its part of the discount."""


@dataclass(frozen=True, slots=True)
class Taxable:
    """What is paid for one line of an order, GST included: for its pieces, and its part of the delivery."""

    net: int
    """Paise."""
    delivery: int
    """Paise."""
    rate: int
    """Basis points."""


@dataclass(frozen=True, slots=True)
class TaxRow:
    """One row of a bill, in paise: `amount` is paid; `taxable`, `cgst`, `sgst`, `igst` add up to it."""

    amount: int
    rate: int
    """Basis points."""
    cgst: int
    sgst: int
    igst: int

    @property
    def tax(self) -> int:
        """Paise of GST in `amount`."""
        return self.cgst + self.sgst + self.igst

    @property
    def taxable(self) -> int:
        """Paise of `amount` without its GST."""
        return self.amount - self.tax

    def less(self, other: "TaxRow") -> "TaxRow":
        """Return what the row, of the same rate, has above `other`."""
        return TaxRow(
            self.amount - other.amount,
            self.rate,
            cgst=self.cgst - other.cgst,
            sgst=self.sgst - other.sgst,
            igst=self.igst - other.igst,
        )


def allocate(amount: int, weights: Sequence[int]) -> tuple[int, ...]:
    """Divide `amount` paise among the weights, in proportion, without losing a paisa.

    Each gets its part rounded down; the paise that remain go to the largest remainders, one each, the earlier
    at a tie. If all weights are 0, so are all parts. Raises ValueError if anything is negative.
    """
    if amount < 0 or any(weight < 0 for weight in weights):
        raise ValueError(f"cannot divide {amount} among {weights}: nothing may be negative")
    whole = sum(weights)
    if whole == 0:
        return (0,) * len(weights)
    parts = [amount * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -(amount * weights[index] % whole))
    for index in by_remainder[: amount - sum(parts)]:
        parts[index] += 1
    return tuple(parts)


def discount_of(discount: Discount, eligible: int) -> int:
    """Return the paise that `discount` takes off goods of `eligible` paise: never more than they cost.

    A percentage is rounded up to the next whole rupee, so that an order in rupees stays one.
    """
    if isinstance(discount, AmountOff):
        return min(discount.amount, eligible)
    rupees = -(-discount.percent * eligible // 10_000)
    up_to = eligible if discount.up_to is None else discount.up_to
    return min(100 * rupees, up_to, eligible)


def price(goods: Sequence[Goods], discount: Discount | None, fee: int) -> Price:
    """Return what `goods` cost with a discount and a delivery fee of `fee` paise.

    The discount is divided among the eligible lines by their amounts, the fee among all lines by what is paid
    for them; if nothing is, the first line bears it. Without goods everything is 0: nothing is delivered.
    """
    amounts = [line.amount for line in goods]
    nothing = (0,) * len(goods)
    taken, discounts = 0, nothing
    if discount:
        eligible = [line.amount if line.eligible else 0 for line in goods]
        taken = discount_of(discount, sum(eligible))
        discounts = allocate(taken, eligible)
    nets = tuple(amount - part for amount, part in zip(amounts, discounts, strict=True))
    delivery = fee if goods else 0
    weights = nets if any(nets) else [int(index == 0) for index in range(len(nets))]
    return Price(
        goods=sum(amounts),
        discount=taken,
        delivery=delivery,
        total=sum(nets) + delivery,
        discounts=discounts,
        deliveries=allocate(delivery, weights) if delivery else nothing,
        nets=nets,
    )


def tax_rows(lines: Sequence[Taxable], in_state: bool) -> tuple[TaxRow, ...]:
    """Return the rows of a bill: one for each line, in order, then one for the delivery at each rate.

    Delivery is taxed as the goods that it brings: each line's part of the fee at that line's rate (composite
    supply; source: CGST Act, s. 2(30) and 8). A rate without delivery has no such row. `in_state` says
    whether the goods go to the seller's own state, and so whether the tax is CGST and SGST, or IGST.
    """
    delivery: dict[int, int] = {}
    for line in lines:
        delivery[line.rate] = delivery.get(line.rate, 0) + line.delivery
    rows = [(line.net, line.rate) for line in lines]
    rows += [(amount, rate) for rate, amount in delivery.items() if amount]
    return tuple(_tax_row(amount, rate, in_state) for amount, rate in rows)


def _tax_row(amount: int, rate: int, in_state: bool) -> TaxRow:
    """Take the tax out of `amount`, rounded half up to the paisa. CGST and SGST are always equal."""
    whole = 10_000 + rate
    if in_state:
        half = (amount * rate + whole) // (2 * whole)
        return TaxRow(amount, rate, cgst=half, sgst=half, igst=0)
    return TaxRow(amount, rate, cgst=0, sgst=0, igst=(2 * amount * rate + whole) // (2 * whole))


def worth_of_last(net: int, quantity: int, gone: int, count: int) -> int:
    """Return the paise for the last `count` pieces of a line of which `gone` have been given back already.

    `net` paise are paid for all `quantity` pieces, and no two pieces differ by more than one paisa. Whatever
    the order of giving back, the parts add up to `net`. Raises ValueError if fewer pieces are left.
    """
    left = quantity - gone
    if gone < 0 or not 1 <= count <= left:
        raise ValueError(f"cannot give back {count} of {left} pieces")
    return net * left // quantity - net * (left - count) // quantity
