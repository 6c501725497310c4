"""An order costs the same however it is divided, and its parts always add up, to the paisa."""

import random
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from payments.shop.pricing import (
    AmountOff,
    Discount,
    Goods,
    PercentOff,
    Price,
    Taxable,
    TaxRow,
    allocate,
    basis_points,
    discount_of,
    price,
    tax_rows,
    worth_of_last,
)

RATES = st.one_of(st.sampled_from([0, 25, 300, 500, 1800, 4000]), st.integers(0, 10_000))
UNITS = st.one_of(st.integers(1, 200_000), st.integers(1, 400).map(lambda rupees: rupees * 100))
GOODS = st.builds(Goods, st.integers(1, 99), UNITS, st.booleans())
CARTS = st.lists(GOODS, min_size=1, max_size=12)
PERCENTS = st.builds(PercentOff, st.integers(1, 100), st.none() | st.integers(1, 50_000))
DISCOUNTS = st.none() | PERCENTS | st.builds(AmountOff, st.integers(1, 500_000))
FEES = st.sampled_from([0, 1, 4000]) | st.integers(0, 50_000)


def eligible_of(goods: Sequence[Goods]) -> int:
    return sum(line.amount for line in goods if line.eligible)


@given(CARTS, DISCOUNTS, FEES)
def test_the_parts_add_up_to_the_whole(goods: list[Goods], discount: Discount | None, fee: int) -> None:
    costs = price(goods, discount, fee)
    assert costs.goods == sum(line.quantity * line.unit for line in goods)
    assert sum(costs.discounts) == costs.discount
    assert sum(costs.deliveries) == costs.delivery == fee
    assert sum(costs.nets) + fee == costs.total == costs.goods - costs.discount + costs.delivery
    for line, part, net in zip(goods, costs.discounts, costs.nets, strict=True):
        assert 0 <= part <= line.amount
        assert part == 0 or line.eligible
        assert net == line.amount - part
    assert min(costs.deliveries) >= 0


@given(CARTS, DISCOUNTS, FEES, st.randoms(use_true_random=False))
def test_the_order_of_the_lines_does_not_change_the_total(
    goods: list[Goods], discount: Discount | None, fee: int, shuffled: random.Random
) -> None:
    total = price(goods, discount, fee).total
    shuffled.shuffle(goods)
    assert price(goods, discount, fee).total == total


@given(CARTS, DISCOUNTS, FEES)
def test_a_coupon_never_makes_an_order_dearer(
    goods: list[Goods], discount: Discount | None, fee: int
) -> None:
    assert fee <= price(goods, discount, fee).total <= price(goods, None, fee).total


@given(st.integers(0, 10**9), st.integers(1, 100))
def test_a_percentage_is_rounded_up_to_the_next_rupee(eligible: int, percent: int) -> None:
    taken = discount_of(PercentOff(percent), eligible)
    assert taken == eligible or (percent * eligible <= 100 * taken < percent * eligible + 10_000)
    assert taken % 100 == 0 or taken == eligible


@given(st.integers(0, 10**9), PERCENTS, st.integers(1, 10**9))
def test_a_discount_stays_below_its_cap_and_the_goods(
    eligible: int, percent: PercentOff, amount: int
) -> None:
    taken = discount_of(percent, eligible)
    free = discount_of(PercentOff(percent.percent), eligible)
    assert taken == (free if percent.up_to is None else min(free, percent.up_to))
    assert discount_of(AmountOff(amount), eligible) == min(amount, eligible)


@given(st.lists(st.builds(Goods, st.integers(1, 99), st.integers(1, 400).map(lambda r: 100 * r))), PERCENTS)
def test_whole_rupees_stay_whole_rupees(goods: list[Goods], discount: PercentOff) -> None:
    assume(discount.up_to is None or discount.up_to % 100 == 0)
    assert price(goods, discount, 4000).total % 100 == 0


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**7), max_size=12))
def test_a_part_is_within_a_paisa_of_its_proportion(amount: int, weights: list[int]) -> None:
    parts = allocate(amount, weights)
    whole = sum(weights)
    if whole == 0:
        assert parts == (0,) * len(weights)
        return
    assert sum(parts) == amount
    exact = [Fraction(amount * weight, whole) for weight in weights]
    assert all(abs(part - share) < 1 for part, share in zip(parts, exact, strict=True))
    rounded_up = [(share % 1, -i) for i, share in enumerate(exact) if parts[i] > share]
    others = [(share % 1, -i) for i, share in enumerate(exact) if parts[i] <= share and share % 1]
    assert not rounded_up or not others or min(rounded_up) > max(others)


@pytest.mark.parametrize(
    ("amount", "weights", "parts"),
    [
        (100, [1, 1, 1], (34, 33, 33)), (101, [1, 1, 1], (34, 34, 33)), (1, [1, 1], (1, 0)), (7, [], ()),
        (5, [0, 3, 0], (0, 5, 0)), (9, [0, 0], (0, 0)), (0, [2, 3], (0, 0)),
        (4100, [26000, 14950], (2603, 1497)),
        (10, [1, 3, 1, 1], (2, 5, 2, 1)),
    ],
)  # fmt: skip
def test_allocate(amount: int, weights: list[int], parts: tuple[int, ...]) -> None:
    assert allocate(amount, weights) == parts


@pytest.mark.parametrize(("amount", "weights"), [(-1, [1]), (1, [1, -1]), (1, [2, -1])])
def test_nothing_negative_is_divided(amount: int, weights: list[int]) -> None:
    with pytest.raises(ValueError, match="negative"):
        allocate(amount, weights)


@pytest.mark.parametrize(
    ("goods", "discount", "fee", "costs"),
    [
        # 10 % of ₹409.50 is ₹40.95: ₹41 off.
        ([Goods(1, 26000), Goods(1, 14950)], PercentOff(10), 4000,
         Price(40950, 4100, 4000, 40850, (2603, 1497), (2540, 1460), (23397, 13453))),
        ([Goods(2, 12000)], None, 4000, Price(24000, 0, 4000, 28000, (0,), (4000,), (24000,))),
        ([Goods(2, 12000)], PercentOff(10, 2000), 0, Price(24000, 2000, 0, 22000, (2000,), (0,), (22000,))),
        ([Goods(3, 100)], PercentOff(1), 0, Price(300, 100, 0, 200, (100,), (0,), (200,))),
        # Only the second line is eligible, and the discount is worth more than it costs.
        ([Goods(1, 10000, False), Goods(1, 3000)], AmountOff(5000), 4000,
         Price(13000, 3000, 4000, 14000, (0, 3000), (4000, 0), (10000, 0))),
        # Everything is free: the first line bears the fee.
        ([Goods(1, 5000), Goods(1, 5000)], PercentOff(100), 4000,
         Price(10000, 10000, 4000, 4000, (5000, 5000), (4000, 0), (0, 0))),
        ([Goods(1, 5000)], AmountOff(5000), 0, Price(5000, 5000, 0, 0, (5000,), (0,), (0,))),
        ([Goods(1, 10000, False)], PercentOff(50), 0, Price(10000, 0, 0, 10000, (0,), (0,), (10000,))),
        # A rupee cannot be divided by three: the earlier line gets the paisa.
        ([Goods(1, 1000), Goods(1, 1000), Goods(1, 1000)], AmountOff(100), 100,
         Price(3000, 100, 100, 3000, (34, 33, 33), (33, 34, 33), (966, 967, 967))),
        # Prices in paise: the discount may not exceed ₹0.99.
        ([Goods(1, 99)], PercentOff(50), 0, Price(99, 99, 0, 0, (99,), (0,), (0,))),
        ([], PercentOff(50), 4000, Price(0, 0, 0, 0, (), (), ())),
    ],
)  # fmt: skip
def test_worked_examples(goods: list[Goods], discount: Discount | None, fee: int, costs: Price) -> None:
    assert price(goods, discount, fee) == costs


def test_the_rows_of_the_bill_of_the_first_example() -> None:
    rows = tax_rows([Taxable(23397, 2540, 500), Taxable(13453, 1460, 1800)], in_state=True)
    assert rows == (
        TaxRow(23397, 500, 557, 557, 0),
        TaxRow(13453, 1800, 1026, 1026, 0),
        TaxRow(2540, 500, 60, 60, 0),
        TaxRow(1460, 1800, 111, 111, 0),
    )
    assert sum(row.amount for row in rows) == 40850
    assert [row.taxable for row in rows] == [22283, 11401, 2420, 1238]


@pytest.mark.parametrize(
    ("amount", "rate", "half", "igst"),
    [
        (10500, 500, 250, 500), (11800, 1800, 900, 1800), (10000, 0, 0, 0), (0, 1800, 0, 0), (1, 500, 0, 0),
        (2, 10000, 1, 1), (21, 500, 1, 1), (10025, 25, 13, 25), (14000, 4000, 2000, 4000),
        (99999, 1800, 7627, 15254),
    ],
)  # fmt: skip
def test_the_tax_is_inside(amount: int, rate: int, half: int, igst: int) -> None:
    (row,) = tax_rows([Taxable(amount, 0, rate)], in_state=True)
    assert (row.cgst, row.sgst, row.igst, row.taxable) == (half, half, 0, amount - 2 * half)
    (row,) = tax_rows([Taxable(amount, 0, rate)], in_state=False)
    assert (row.cgst, row.sgst, row.igst, row.taxable) == (0, 0, igst, amount - igst)


@given(st.integers(0, 10**9), RATES)
def test_the_tax_is_the_nearest_paisa_and_no_more_than_the_amount(amount: int, rate: int) -> None:
    (here,) = tax_rows([Taxable(amount, 0, rate)], in_state=True)
    (there,) = tax_rows([Taxable(amount, 0, rate)], in_state=False)
    exact = Fraction(amount * rate, 10_000 + rate)
    assert here.cgst == here.sgst
    assert -Fraction(1, 2) < here.cgst - exact / 2 <= Fraction(1, 2)  # half a paisa is rounded up
    assert -Fraction(1, 2) < there.igst - exact <= Fraction(1, 2)
    assert abs(here.tax - there.tax) <= 1
    assert 0 <= here.taxable <= amount
    assert 0 <= there.taxable <= amount


@given(st.lists(st.tuples(GOODS, RATES), min_size=1, max_size=12), DISCOUNTS, FEES, st.booleans())
def test_the_rows_add_up_to_the_total(
    cart: list[tuple[Goods, int]], discount: Discount | None, fee: int, in_state: bool
) -> None:
    costs = price([goods for goods, _ in cart], discount, fee)
    rates = [rate for _, rate in cart]
    rows = tax_rows(list(map(Taxable, costs.nets, costs.deliveries, rates)), in_state)
    assert sum(row.amount for row in rows) == costs.total
    assert sum(row.taxable + row.cgst + row.sgst + row.igst for row in rows) == costs.total
    assert [(row.amount, row.rate) for row in rows[: len(cart)]] == list(zip(costs.nets, rates, strict=True))
    delivery = rows[len(cart) :]
    assert len({row.rate for row in delivery}) == len(delivery)
    for row in delivery:
        assert row.amount == sum(
            f for f, rate in zip(costs.deliveries, rates, strict=True) if rate == row.rate
        )
        assert row.amount > 0


@given(st.integers(0, 10**9), st.integers(1, 99), st.data())
def test_pieces_add_up_to_the_line_in_whatever_steps_they_go_back(
    net: int, quantity: int, data: st.DataObject
) -> None:
    worths = [worth_of_last(net, quantity, quantity - n, 1) for n in range(1, quantity + 1)]
    assert len(worths) == quantity
    assert sum(worths) == net
    assert max(worths) - min(worths) <= 1
    gone = given_back = 0
    while gone < quantity:
        count = data.draw(st.integers(1, quantity - gone))
        worth = worth_of_last(net, quantity, gone, count)
        assert worth == sum(worths[quantity - gone - count : quantity - gone])
        gone, given_back = gone + count, given_back + worth
    assert given_back == net


@pytest.mark.parametrize(("gone", "count"), [(0, 4), (3, 1), (2, 2), (0, 0), (1, -1), (-1, 1)])
def test_no_more_pieces_go_back_than_are_left(gone: int, count: int) -> None:
    with pytest.raises(ValueError, match="pieces"):
        worth_of_last(1000, 3, gone, count)


@pytest.mark.parametrize(
    ("percent", "rate"),
    [(18, 1800), (Decimal("0.25"), 25), ("0.25", 25), (0, 0), (100, 10_000), (Decimal("12.5"), 1250)],
)
def test_a_rate_is_written_in_percent(percent: Any, rate: int) -> None:
    assert basis_points(percent) == rate


@pytest.mark.parametrize(
    "percent", [-1, 101, "0.005", "18%", "", None, True, 5.0, "NaN", "Infinity", [], "1e999999"]
)
def test_other_rates_are_refused(percent: Any) -> None:
    with pytest.raises(ValueError, match="rate of GST"):
        basis_points(percent)
