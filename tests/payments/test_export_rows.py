"""The rows of exported tables: sums that add up, and text that no spreadsheet runs."""

import csv
import io
from dataclasses import replace
from decimal import Decimal
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.exports import text
from payments.ledger.exports import COLUMNS, Export, Person, rows_of, rupees
from payments.ledger.gst_rows import ended, sold, taken_back
from payments.ledger.order_sums import sums
from payments.ledger.state import OrderState
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.catalogue_table import catalogue_rows
from payments.shop.fulfilment import Stage
from payments.shop.local_time import INDIA
from payments.shop.orders import Lifecycle
from tests.payments.tiffin_shop import LUNCH, bought, flow, told

_SIGNS = "=+-@\t\r\n＝＋－＠"
ASHA = Person("Asha", "919800000001")


def placed(*taps: str) -> OrderState:
    [state] = bought(*taps).store.orders.values()
    return state


def table(what: Export, state: OrderState) -> list[dict[str, object]]:
    return [dict(zip(COLUMNS[what], row, strict=True)) for row in rows_of(what, state, ASHA, INDIA)]


def taxed(state: OrderState) -> list[dict[str, object]]:
    """All tax rows of an order, whenever they count."""
    back = (taken_back(state, key, INDIA) for key in dict.fromkeys(one.key for one in state.amendments))
    rows = [*sold(state, 1, INDIA), *chain.from_iterable(back), *ended(state, INDIA)]
    return [dict(zip(COLUMNS[Export.GST], row, strict=True)) for row in rows]


def test_an_order_as_a_row() -> None:
    [row] = table(Export.ORDERS, placed())
    expected = {
        "number": "10001", "placed_at": "2026-01-01 10:30", "customer": "Asha", "phone": "919800000001",
        "payment": "cash", "stage": "placed", "pincode": "411005", "total": Decimal(160), "due": Decimal(160),
        "paid": Decimal(0), "rating": "",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    [line] = table(Export.LINES, placed())
    assert (line["sku"], line["gst_percent"], line["ordered"], line["delivery"]) == ("thali", 5, 1, 40)


def _of_an_order(state: OrderState) -> tuple[object, ...]:
    [row] = table(Export.ORDERS, state)
    api = sums(state)
    names = ("goods", "discount", "delivery", "total", "paid", "refunded", "due")
    assert [row[name] for name in names] == [rupees(api[name]) for name in names], "as the API says"
    assert row["total_after_changes"] == rupees(api["owed"])
    assert "owed" not in row
    return row["total_after_changes"], row["paid"], row["refunded"], row["due"]


def test_nothing_is_due_of_an_order_that_is_over() -> None:
    state = placed()
    over = replace(state, lifecycle=Lifecycle.RETURNED, stage=Stage.CANCELLED)
    assert _of_an_order(over) == (160, 0, 0, 0)
    assert _of_an_order(replace(state, lifecycle=Lifecycle.LAPSED, stage=None)) == (160, 0, 0, 0)


def test_what_went_back_has_a_column() -> None:
    simulator = bought("Thali", LUNCH, "Pay now")
    simulator.pay()
    told(simulator, "Meena", "#10001 allowance 30 late")
    [state] = simulator.store.orders.values()
    assert _of_an_order(state) == (130, 160, 30, 0)


def test_a_rating_has_a_row_once_it_is_given() -> None:
    simulator = bought()
    assert table(Export.RATINGS, next(iter(simulator.store.orders.values()))) == []
    told(simulator, "Meena", "#10001 delivered cash")
    simulator.write("bad")
    [row] = table(Export.RATINGS, next(iter(simulator.store.orders.values())))
    assert (row["number"], row["rating"]) == ("10001", 1)


def test_tax_rows_add_up_to_what_is_owed() -> None:
    state = placed("Thali", LUNCH, "Kaju", LUNCH, "Cash")
    rows = taxed(state)
    assert [row["description"] for row in rows] == ["Veg thali", "Kaju katli", "Delivery", "Delivery"]
    assert sum(Decimal(str(row["amount"])) for row in rows) * 100 == state.order.total
    for row in rows:
        parts = (Decimal(str(row[name])) for name in ("taxable", "cgst", "sgst", "igst"))
        assert sum(parts) == row["amount"]
        assert (row["state"], row["igst"]) == ("27", 0)


@given(st.integers(1, 42_050))
def test_what_amendments_take_back_is_taken_off_the_tax(amount: int) -> None:
    state = placed("Thali", LUNCH, "Kaju", LUNCH, "Cash")
    less = Amendment("k", state.key, AmendmentKind.LESS, "x", 1, amount=12_000, sku="thali", pieces=1)
    allowance = Amendment("k", state.key, AmendmentKind.ALLOWANCE, "x", 1, amount=min(amount, 30_050))
    amended = state.amended(less).amended(allowance)
    rows = taxed(amended)
    assert sum(Decimal(str(row["amount"])) for row in rows) * 100 == amended.owed
    credits = [row for row in rows if row["kind"] == "credit"]
    assert credits[0]["description"] == "Veg thali"
    assert all(Decimal(str(row["amount"])) < 0 for row in credits)


_CHANGES = st.lists(
    st.sampled_from(["thali", "kaju"]) | st.integers(1, 42_050), min_size=1, max_size=5, unique=True
)


@given(_CHANGES)
def test_no_line_is_credited_with_more_than_it_cost(changes: list[str | int]) -> None:
    state = placed("Thali", LUNCH, "Kaju", LUNCH, "Cash")
    charged = {line.sku: line.charged for line in state.order.lines}
    for one in changes:
        kind, sku = (AmendmentKind.LESS, one) if isinstance(one, str) else (AmendmentKind.ALLOWANCE, "")
        amount = min(charged[sku] if isinstance(one, str) else one, state.owed)
        state = state.amended(
            Amendment("k", state.key, kind, "x", 1, amount=amount, sku=sku, pieces=len(sku[:1]))
        )
    rows = taxed(state)
    rates = {
        rate: sum(Decimal(str(r["amount"])) for r in rows if r["gst_percent"] == rate) for rate in (5, 18)
    }
    assert min(rates.values()) >= 0
    assert sum(rates.values()) * 100 == state.owed


def test_what_ends_takes_back_all_that_is_left_but_a_delivery_that_is_kept() -> None:
    state = placed("Thali", LUNCH, "Kaju", LUNCH, "Cash")
    allowance = Amendment("k", state.key, AmendmentKind.ALLOWANCE, "x", 1, amount=5_000)
    over = replace(state.amended(allowance), lifecycle=Lifecycle.RETURNED, stage=Stage.CANCELLED)
    assert sum(Decimal(str(row["amount"])) for row in taxed(over)) == 0
    refused = Amendment("r", state.key, AmendmentKind.REFUSED, "x", 1, amount=state.owed - 4_000)
    kept = replace(state.amended(refused), lifecycle=Lifecycle.RETURNED, stage=Stage.REFUSED)
    assert sum(Decimal(str(row["amount"])) for row in taxed(kept)) == 40


def test_no_tax_rows_of_a_shop_without_a_tax_number() -> None:
    state = placed()
    terms = replace(state.order.terms, seller=replace(state.order.terms.seller, gst=""))
    assert taxed(replace(state, order=replace(state.order, terms=terms))) == []


def test_the_catalogue_as_rows() -> None:
    shop = flow().sections["shop"]
    rows = [
        dict(zip(COLUMNS[Export.CATALOGUE], row, strict=True))
        for row in catalogue_rows(shop, {}, {"kaju"}, "en")
    ]
    assert [(row["sku"], row["price"], row["gst_percent"], row["available"]) for row in rows] == [
        ("thali", 120, 5, "yes"), ("kaju", Decimal("260.50"), 18, "no"),
    ]  # fmt: skip


@given(
    st.lists(
        st.tuples(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))), min_size=1
    )
)
def test_no_cell_is_a_formula_and_every_text_comes_back(rows: list[tuple[str]]) -> None:
    read = [row or [""] for row in csv.reader(io.StringIO(text(rows), newline=""))]
    for (given_text,), (cell,) in zip(rows, read, strict=True):
        assert not cell.startswith(tuple(_SIGNS))
        assert cell.removeprefix("'") == given_text.removeprefix("'")


@pytest.mark.parametrize("first", _SIGNS)
def test_a_text_that_a_spreadsheet_would_run_gets_an_apostrophe(first: str) -> None:
    [[cell]] = csv.reader(io.StringIO(text([(f"{first}1+1",)]), newline=""))
    assert cell == f"'{first}1+1"


def test_numbers_stay_numbers() -> None:
    assert text([("=1+1", Decimal("-12.50"), -3, 'a "b", c')]) == '\'=1+1,-12.50,-3,"a ""b"", c"\r\n'
