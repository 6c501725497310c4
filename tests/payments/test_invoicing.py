"""What invoices and credit notes say: sums that are the order's, whatever was changed before and after."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import reduce
from itertools import accumulate, chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.ledger.gst_rows import ended, sold, taken_back
from payments.ledger.invoicing import Issuing, issued
from payments.ledger.state import OrderState
from payments.processing.actions import SHOP as SECTIONS
from payments.shop.amendments import Amendment, AmendmentKind, key_of
from payments.shop.fulfilment import Stage
from payments.shop.invoice import (
    Buyer,
    Invoice,
    InvoiceKind,
    InvoiceLine,
    from_json,
    sums,
    to_json,
    year_name,
    year_start,
)
from payments.shop.local_time import INDIA
from payments.shop.order_terms import Destination, Seller, Terms
from payments.shop.orders import Lifecycle, Line
from payments.shop.pricing import worth_of_last
from tests.builders import order, order_state
from tests.payments.tiffin_shop import LUNCH, TEXT, bought_in, told

SHOP = Seller("Annapurna Foods", "12 FC Road, Pune", "27ABCDE1234F1Z0", "regular")
NOON = int(datetime(2026, 11, 29, 6, 30, tzinfo=UTC).timestamp() * 1000)
AT = Issuing(NOON, INDIA, "AN", "Asha")
WORKED = (
    Line("kaju", "Kaju katli", 1, 26_000, 500, "2106", 2603, 2540),
    Line("box", "Gift box", 1, 14_950, 1800, "4819", 1497, 1460),
)
"""The worked example of 1 × ₹260 and 1 × ₹149.50 with ₹41 off and ₹40 for the delivery."""


def due(
    lines: tuple[Line, ...] = WORKED, seller: Seller = SHOP, stage: Stage = Stage.PLACED, state: str = ""
) -> OrderState:
    total = sum(line.charged + line.delivery for line in lines)
    to = Destination(name="Asha", address="4 MG Road", pincode="411001", state=state)
    placed = replace(order(lines=lines), total=total, terms=Terms(seller=seller), to=to)
    return order_state(order=placed, lifecycle=Lifecycle.FULFILLED, stage=stage)


def must(before: OrderState, after: OrderState, at: Issuing = AT) -> Invoice:
    found = issued(before, after, at)
    assert found is not None
    return found


def left(state: OrderState, stage: Stage = Stage.OUT) -> OrderState:
    return replace(state, stage=stage)


def less(state: OrderState, sku: str, pieces: int) -> OrderState:
    line = next(line for line in state.order.lines if line.sku == sku)
    gone = sum(one.pieces for one in state.amendments if one.sku == sku)
    worth = worth_of_last(line.charged, line.quantity, gone, pieces)
    return amended(state, AmendmentKind.LESS, min(worth, state.owed), sku, pieces)


def amended(
    state: OrderState, kind: AmendmentKind, amount: int, sku: str = "", pieces: int = 0
) -> OrderState:
    key = key_of(state.key, len(state.amendments) + 1)
    return state.amended(Amendment(key, state.key, kind, "Meena", NOON, amount, sku, pieces))


def test_a_tax_invoice_of_the_worked_example() -> None:
    found = must(due(), left(due()))
    assert found.kind is InvoiceKind.TAX_INVOICE
    assert [(x.name, x.quantity, x.amount, x.cgst, x.sgst, x.igst) for x in found.lines] == [
        ("Kaju katli", 1, 23_397, 557, 557, 0),
        ("Gift box", 1, 13_453, 1026, 1026, 0),
        ("Delivery", 0, 2540, 60, 60, 0),
        ("Delivery", 0, 1460, 111, 111, 0),
    ]
    assert sums(found) == {"taxable": 37_342, "cgst": 1754, "sgst": 1754, "igst": 0, "total": 40_850}
    assert (found.series, found.state, found.dated) == ("AN", "27", date(2026, 11, 29))
    assert (found.buyer.name, found.buyer.address) == ("Asha", "4 MG Road 411001")


def test_another_state_pays_igst() -> None:
    found = must(due(state="29"), left(due(state="29")))
    assert (found.state, sums(found)["cgst"], sums(found)["igst"]) == ("29", 0, 3510)


@pytest.mark.parametrize(
    ("seller", "kind"),
    [
        (replace(SHOP, scheme="composition"), InvoiceKind.BILL_OF_SUPPLY),
        (replace(SHOP, gst="", scheme=""), InvoiceKind.BILL),
    ],
)
def test_who_may_show_no_tax_shows_none(seller: Seller, kind: InvoiceKind) -> None:
    state = due(seller=seller)
    found = must(state, left(state))
    assert (found.kind, found.series, found.taxed) == (kind, "ANB", False)
    assert sums(found) == {"taxable": 40_850, "cgst": 0, "sgst": 0, "igst": 0, "total": 40_850}
    assert {line.rate for line in found.lines} == {0}


def test_a_seller_without_a_name_issues_none() -> None:
    state = due(seller=Seller())
    assert issued(state, left(state), AT) is None


def test_the_goods_leave_once() -> None:
    state = due()
    assert issued(state, left(state, Stage.READY), AT) is None
    assert must(state, left(state, Stage.DELIVERED)).kind is InvoiceKind.TAX_INVOICE, "delivered before out"
    assert issued(left(state), left(state, Stage.DELIVERED), AT) is None
    over = replace(state, stage=Stage.CANCELLED, lifecycle=Lifecycle.RETURNED)
    assert issued(state, over, AT) is None, "the goods never left"


def bare(invoice: Invoice) -> tuple[InvoiceLine, ...]:
    """Its rows as a credit note has them: what was paid, without what was taken off before."""
    return tuple(replace(line, discount=0) for line in invoice.lines)


@pytest.mark.parametrize("seller", [SHOP, replace(SHOP, scheme="composition"), replace(SHOP, gst="")])
def test_a_discount_is_recorded_beside_what_is_paid(seller: Seller) -> None:
    state = due(seller=seller)
    placed = replace(state.order, terms=replace(state.order.terms, coupon="FIRST10"))
    state = replace(state, order=placed)
    found = must(state, left(state))
    assert [(x.price, x.discount) for x in found.lines if not x.is_delivery] == [
        (26_000, 2603),
        (14_950, 1497),
    ]
    assert not any(x.discount for x in found.lines if x.is_delivery)
    assert (found.coupon, found.discount, found.total) == ("FIRST10", 4100, 40_850)
    assert from_json(to_json(found), found.buyer) == found


def test_an_allowance_before_the_goods_leave_is_a_discount() -> None:
    state = amended(due(), AmendmentKind.ALLOWANCE, 1000)
    found = must(state, left(state))
    assert (found.discount, found.total) == (5100, 39_850)
    assert [x.price for x in found.lines] == [26_000, 14_950, 2540, 1460]


def test_what_the_coupon_makes_free_is_on_the_invoice() -> None:
    state = due((replace(WORKED[0], discount=26_000), WORKED[1]))
    found = must(state, left(state))
    free = found.lines[0]
    assert (free.name, free.quantity, free.price, free.amount) == ("Kaju katli", 1, 26_000, 0)


def test_an_invoice_that_was_stored_without_discounts_is_read() -> None:
    stored = to_json(must(due(), left(due())))
    del stored["coupon"]
    for line in stored["lines"]:
        del line["discount"]
    read = from_json(stored, Buyer())
    assert (read.coupon, read.discount, read.total) == ("", 0, 40_850)


def test_what_was_missing_before_is_not_on_the_invoice() -> None:
    state = less(due(), "box", 1)
    found = must(state, left(state))
    assert [(x.name, x.quantity, x.amount) for x in found.lines] == [
        ("Kaju katli", 1, 23_397),
        ("Delivery", 0, 2540),
        ("Delivery", 0, 1460),
    ]


def test_the_end_of_an_order_on_its_way_takes_all_back() -> None:
    state = left(due())
    over = replace(state, stage=Stage.REFUSED, lifecycle=Lifecycle.RETURNED)
    found = must(state, over)
    assert (found.kind, found.series, found.total) == (InvoiceKind.CREDIT_NOTE, "ANC", 40_850)
    assert found.lines == bare(must(due(), state)), "the rows of the invoice, the delivery too"


def test_pieces_that_come_back_one_by_one_give_back_the_tax_that_was_charged() -> None:
    state = left(due((Line("a", "x", 30, 3330, 1800, "", 0, 0),)))
    charged, back = sums(must(due(state.order.lines), state))["cgst"], 0
    for _ in range(30):
        after = less(state, "a", 1)
        back += sums(must(state, after))["cgst"]
        state = after
    assert back == charged == 7619


def test_a_kept_delivery_is_what_the_note_leaves() -> None:
    state = left(due())
    over = replace(state, stage=Stage.REFUSED, lifecycle=Lifecycle.RETURNED)
    note = must(state, amended(over, AmendmentKind.REFUSED, state.owed - 4000))
    assert note.lines == tuple(replace(x, quantity=0) for x in bare(must(due(), state)) if not x.is_delivery)


def test_a_kept_delivery_is_taken_back_when_it_goes_back() -> None:
    state = left(due())
    over = replace(state, stage=Stage.REFUSED, lifecycle=Lifecycle.RETURNED)
    over = amended(over, AmendmentKind.REFUSED, state.owed - 4000)
    assert must(state, over).total == 36_850
    assert issued(over, amended(over, AmendmentKind.KEPT, 0), AT) is None
    assert must(over, amended(over, AmendmentKind.ALLOWANCE, 4000)).total == 4000


LINES = st.lists(
    st.builds(
        lambda n, quantity, price, rate, off, fee: Line(
            f"s{n}", "x", quantity, price, rate, "", quantity * price * off // 100, fee
        ),
        st.just(0), st.integers(1, 9), st.integers(1, 10**6), st.sampled_from([0, 25, 500, 1800, 4000]),
        st.integers(0, 100), st.integers(0, 9999),
    ), min_size=1, max_size=5,
).map(lambda lines: tuple(replace(line, sku=f"s{n}") for n, line in enumerate(lines)))  # fmt: skip


def change(state: OrderState, of: tuple[int, int]) -> OrderState:
    """Take pieces away, or allow a part of the price."""
    which, much = of
    sizes = {line.sku: line.quantity for line in state.lines}
    if which < len(state.order.lines) and (there := sizes.get(f"s{which}")):
        return less(state, f"s{which}", 1 + much % there)
    return amended(state, AmendmentKind.ALLOWANCE, much * state.owed // 1000) if state.owed else state


CHANGES = st.lists(st.tuples(st.integers(0, 7), st.integers(0, 1000)), max_size=5)


@given(
    LINES,
    CHANGES,
    CHANGES,
    st.sampled_from(["whole", "delivery kept", ""]),
    st.sampled_from(["", "27", "29"]),
)
def test_invoice_less_credit_notes_is_what_is_owed(
    lines: tuple[Line, ...], first: Sequence[tuple[int, int]], later: Sequence[tuple[int, int]], end: str,
    place: str,
) -> None:  # fmt: skip
    """So it is with each tax, at each moment: no more is given back than was charged, and in the end all."""
    before = reduce(change, first, due(lines, state=place))
    state = left(before)
    remains = _sums(issued(before, state, AT))
    assert remains["total"] == state.owed
    states = list(accumulate(later, change, initial=state))
    if end:
        over = replace(states[-1], stage=Stage.REFUSED, lifecycle=Lifecycle.RETURNED)
        fee = min(over.owed, sum(line.delivery for line in lines)) if end != "whole" else 0
        states.append(amended(over, AmendmentKind.REFUSED, over.owed - fee) if fee else over)
    for known, after in pairwise(states):
        remains.subtract(_sums(issued(known, after, AT)))
        assert min(remains.values()) >= 0
        assert remains == _exported(after), "the export says what the documents say"
        state = after
    assert remains["total"] == (state.owed if state.goods_due or state.delivery_kept_back else 0)
    assert remains["total"] or not any(remains.values())


def _sums(found: Invoice | None) -> Counter[str]:
    _adds_up(found)
    return Counter(sums(found) if found else dict.fromkeys(_NAMES, 0))


_NAMES = ("total", "taxable", "cgst", "sgst", "igst")


def _exported(state: OrderState) -> Counter[str]:
    """Return the sums of all rows of the tax export."""
    back = (taken_back(state, one.key, INDIA) for one in state.amendments)
    rows = [*sold(state, NOON, INDIA), *chain.from_iterable(back), *ended(state, INDIA)]
    names = ("total", "taxable", "cgst", "sgst", "igst")
    return Counter(
        {name: sum(int(Decimal(row[n - 5]) * 100) for row in rows) for n, name in enumerate(names)}
    )


def _adds_up(found: Invoice | None) -> None:
    if found is None:
        return
    assert all(line.price > 0 and line.amount >= 0 and line.discount >= 0 for line in found.lines)
    assert all(line.taxable >= (-1 if line.amount == 1 else 0) for line in found.lines)
    assert all(line.cgst == line.sgst and not (line.cgst and line.igst) for line in found.lines)
    all_of_it = sums(found)
    assert all_of_it.pop("total") == found.total == sum(all_of_it.values())
    assert from_json(to_json(found), found.buyer) == found


@pytest.mark.parametrize(
    ("day", "name"),
    [
        (date(2026, 4, 1), "26-27"), (date(2027, 3, 31), "26-27"), (date(2027, 4, 1), "27-28"),
        (date(2099, 12, 1), "99-00"),
    ],
)  # fmt: skip
def test_the_financial_year_begins_in_april(day: date, name: str) -> None:
    assert year_name(day) == name
    assert year_start(day) <= day < date(year_start(day).year + 1, 4, 1)


def test_credit_note_after_april() -> None:
    """In Indian time the year has changed while it is still March in UTC."""
    midnight = int(datetime(2027, 3, 31, 18, 30, tzinfo=UTC).timestamp() * 1000)
    state = left(due())
    for now, year in ((midnight - 1, "26-27"), (midnight, "27-28")):
        note = must(state, less(state, "box", 1), replace(AT, now=now))
        assert year_name(note.dated) == year
    assert note.year_began_at == midnight


def test_a_shops_day_issues_an_invoice_and_a_credit_note() -> None:
    legal = "  legal: {name: Annapurna Foods, address: 12 FC Road}\n  gst:"
    shop = load(TEXT.replace("  gst:", legal, 1), "flows.yaml", SECTIONS, limits=LIMITS)
    simulator = bought_in(shop, "Thali", LUNCH, "Pay now")
    simulator.pay()
    assert not simulator.store.invoices
    for said in ("#10001 out", "#10001 delivered", "#10001 allowance 30 late"):
        told(simulator, "Meena", said)
    found = [(one.value.kind, one.value.total) for one in simulator.store.invoices]
    assert found == [(InvoiceKind.TAX_INVOICE, 16_000), (InvoiceKind.CREDIT_NOTE, 3000)]


@pytest.mark.parametrize("address", ["4 MG Road, Pune 411 001", "4 MG Road, Pune 411001", "4 MG Road ४११००१"])
def test_a_pincode_that_the_address_has_is_not_written_twice(address: str) -> None:
    placed = due()
    there = replace(
        placed, order=replace(placed.order, to=Destination(name="Asha", address=address, pincode="411001"))
    )
    assert must(there, left(there)).buyer.address == address
