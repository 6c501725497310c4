"""Orders written for Shopify: every amount as it was paid, and the parts add up to the total."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.state import OrderState
from payments.shop.order_terms import Destination, Fulfilment, Seller, Terms
from payments.shop.orders import Lifecycle, Line, Order
from payments.shop.pricing import Goods, PercentOff, price
from payments.shopify.requests import Buyer, Copying, decimal, order_create

SELLER = Seller("Annapurna", "Pune", "27ABCDE1234F1Z0", "regular")
LINES = (
    Line("thali", "Veg thali", 1, 26_000, 500, "2106", 2603, 2540),
    Line("box", "Box", 1, 14_950, 1800, "4819", 1497, 1460),
)
TO = Destination(
    Fulfilment.DELIVERY,
    "Ravi",
    "",
    "12 FC Road",
    "411004",
    "27",
    "2026-11-29.lunch",
    "Lunch",
    note="no onion",
)
PLACED = Order("c-1-1", "10001", "c-1", LINES, 40_850, "INR", 0, 1, TO, Terms("FIRST10", seller=SELLER))
PAID = Fact("c-1-1", EntityType.PAYMENT, "pay_1", FactState.CAPTURED, 40_850, "INR", 1, Detail(method="upi"))


def written(state: OrderState, **more: Any) -> dict[str, Any]:
    wanted: dict[str, Any] = order_create(Copying(state, **more))["order"]
    return wanted


def paise(money: dict[str, Any]) -> int:
    assert money["shopMoney"]["currencyCode"] == "INR"
    return int(Decimal(str(money["shopMoney"]["amount"])) * 100)


def total(wanted: dict[str, Any]) -> int:
    """What Shopify makes of an order whose prices include the tax."""
    goods = sum(line["quantity"] * paise(line["priceSet"]) for line in wanted["lineItems"])
    shipping = sum(paise(line["priceSet"]) for line in wanted.get("shippingLines", ()))
    code = wanted.get("discountCode")
    return int(goods) + shipping - (paise(code["itemFixedDiscountCode"]["amountSet"]) if code else 0)


def test_the_worked_order_is_written_to_the_paisa() -> None:
    state = OrderState(PLACED, facts=(PAID,), lifecycle=Lifecycle.FULFILLED, fulfilled=40_850)
    wanted = written(state, variants={"thali": "gid://shopify/ProductVariant/1"}, paid_through="Razorpay")
    thali, box = wanted["lineItems"]
    assert (thali["variantId"], paise(thali["priceSet"])) == ("gid://shopify/ProductVariant/1", 26_000)
    assert "variantId" not in box
    assert (box["title"], box["sku"]) == ("Box", "box")
    taxes = [(tax["title"], tax["rate"], paise(tax["priceSet"])) for tax in thali["taxLines"]]
    assert taxes == [("CGST", "0.025000", 557), ("SGST", "0.025000", 557)]
    [delivery] = wanted["shippingLines"]
    assert [paise(tax["priceSet"]) for tax in delivery["taxLines"]] == [60, 60, 111, 111]
    assert wanted["discountCode"]["itemFixedDiscountCode"]["code"] == "FIRST10"
    assert (wanted["taxesIncluded"], total(wanted)) == (True, 40_850)
    [payment] = wanted["transactions"]
    assert (payment["gateway"], payment["authorizationCode"]) == ("Razorpay", "pay_1")
    assert (paise(payment["amountSet"]), wanted["financialStatus"]) == (40_850, "PAID")
    assert (wanted["sourceIdentifier"], wanted["note"]) == ("c-1-1", "Order #10001: no onion")
    assert wanted["shippingAddress"]["zip"] == "411004"


def test_cash_to_come_is_pending_without_a_payment() -> None:
    wanted = written(OrderState(PLACED, lifecycle=Lifecycle.PROMISED))
    assert wanted["financialStatus"] == "PENDING"
    assert "transactions" not in wanted


def test_goods_are_taken_off_the_stock_and_nobody_gets_a_mail() -> None:
    options = order_create(Copying(OrderState(PLACED)))["options"]
    assert options["inventoryBehaviour"] == "DECREMENT_IGNORING_POLICY"
    assert options["sendReceipt"] is options["sendFulfillmentReceipt"] is False


def test_a_known_customer_is_associated_and_a_new_one_made() -> None:
    state = OrderState(PLACED)
    known = written(state, buyer=Buyer("Asha", "+919876543210", "gid://shopify/Customer/5"))
    assert known["customer"] == {"toAssociate": {"id": "gid://shopify/Customer/5"}}
    new = written(state, buyer=Buyer("Asha", "+919876543210"))
    assert new["customer"] == {"toUpsert": {"phone": "+919876543210", "firstName": "Asha"}}
    assert "customer" not in written(state, buyer=Buyer("Asha"))


def test_a_shop_without_gst_shows_none() -> None:
    wanted = written(OrderState(Order("c-1-1", "1", "c-1", LINES, 40_850, "INR", 0, 1)))
    assert [line["taxLines"] for line in wanted["lineItems"]] == [[], []]
    assert [line["taxable"] for line in wanted["lineItems"]] == [False, False]


def test_what_was_paid_beyond_the_total_is_not_shown() -> None:
    more = Fact("c-1-1", EntityType.PAYMENT, "pay_2", FactState.CAPTURED, 500, "INR", 2, Detail(method="upi"))
    state = OrderState(PLACED, facts=(PAID, more), lifecycle=Lifecycle.FULFILLED)
    assert [paise(one["amountSet"]) for one in written(state)["transactions"]] == [40_850]


carts = st.lists(
    st.tuples(st.integers(1, 9), st.integers(100, 10**6), st.sampled_from([0, 500, 1800])), min_size=1
)


@given(carts, st.integers(0, 100), st.integers(0, 20_000))
def test_the_total_at_shopify_is_ours(cart: list[tuple[int, int, int]], percent: int, fee: int) -> None:
    terms = price(
        [Goods(count, unit) for count, unit, _ in cart], PercentOff(percent) if percent else None, fee
    )
    lines = tuple(
        Line(str(n), str(n), count, unit, rate, "", terms.discounts[n], terms.deliveries[n])
        for n, (count, unit, rate) in enumerate(cart)
    )
    state = OrderState(
        Order("c-1-1", "1", "c-1", lines, terms.total, "INR", 0, 1, terms=Terms(seller=SELLER)),
        lifecycle=Lifecycle.FULFILLED,
    )
    wanted = written(state)
    assert total(wanted) == terms.total
    assert sum(paise(one["amountSet"]) for one in wanted["transactions"]) == terms.total


@given(st.integers(0, 10**12))
def test_an_amount_is_written_without_loss(amount: int) -> None:
    assert Decimal(decimal(amount)) * 100 == amount
