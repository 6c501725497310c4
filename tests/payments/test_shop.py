"""The actions of a shop, one by one, as the engine calls them."""

from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine.effects import Act
from flows.engine.events import Happened
from flows.engine.vocabulary import Result, Scene
from payments.shop.actions import ASK, CANCEL, CREATE, END, PLACE, REOPEN, SHOP
from payments.shop.catalogue import Shop, view

NOW: Final = 1_800_000_000_000
PRODUCTS: Final = [
    {"sku": "a", "name": {"en": "A", "hi": "अ"}, "price": 180},
    {"sku": "b", "name": "B", "price": "249.50", "stock": 3},
    {"sku": "gone", "name": "Gone", "price": 5, "stock": 0},
    {"sku": "dust", "name": "Dust", "price": "0.99"},
]
THE_SHOP: Final = Shop.model_validate({"name": "S", "max_quantity": 5, "products": PRODUCTS})


def run(
    action: str,
    data: dict[str, Any],
    event: dict[str, Any] | None = None,
    left: dict[str, int] | None = None,
    **args: Any,
) -> Result:
    known = SHOP.actions[action]
    outside = {"left": THE_SHOP.counted if left is None else left}
    scene = Scene("c-1", "hi", data, {"shop": THE_SHOP}, event or {}, NOW, 2345, outside)
    result = known.run(scene, known.args.model_validate(args))
    told = (*result.raised, *([result.instead] if result.instead else []))
    assert {happened.name for happened in told} <= set(known.raises)
    return result


def order(**changes: Any) -> dict[str, Any]:
    lines = [{"sku": "a", "name": "A", "quantity": 2, "price": 18_000, "total": 36_000}]
    return {
        "key": "c-1-1", "number": "12345", "lines": lines, "total": 36_000, "currency": "INR", "attempts": 1,
        "status": "unpaid", "link": {"reference": "c-1-1.1", "expires_at": NOW + 600_000, "url": "https://x"},
    } | changes  # fmt: skip


def limited(limit: int) -> Happened:
    return Happened("cart.refused", {"reason": "limit", "limit": limit})


EMPTIED: Final = Happened("cart.emptied")
SOLD_OUT: Final = Happened("cart.refused", {"reason": "sold out", "limit": 0})
UNKNOWN: Final = Happened("cart.refused", {"reason": "unknown", "limit": 0})


@pytest.mark.parametrize(
    ("action", "held", "args", "cart", "instead"),
    [
        ("cart.add", [], {"sku": "a"}, [["a", 1]], None),
        ("cart.add", [["a", 1]], {"sku": "a", "quantity": "2"}, [["a", 3]], None),
        ("cart.add", [["a", 1]], {"sku": "a", "quantity": -7}, [["a", 2]], None),
        ("cart.add", [["a", 5]], {"sku": "a"}, [["a", 5]], limited(5)),
        ("cart.add", [["b", 3]], {"sku": "b"}, [["b", 3]], limited(3)),
        ("cart.add", [], {"sku": "gone"}, [], SOLD_OUT),
        ("cart.add", [["gone", 2]], {"sku": "gone"}, [], SOLD_OUT),
        ("cart.add", [["a", 1]], {"sku": "zzz"}, [["a", 1]], UNKNOWN),
        ("cart.set", [["a", 1]], {"sku": "a", "quantity": 4}, [["a", 4]], None),
        ("cart.set", [["a", 1]], {"sku": "a", "quantity": 99}, [["a", 5]], limited(5)),
        ("cart.set", [["a", 1]], {"sku": "a", "quantity": 0}, [], EMPTIED),
        ("cart.set", [["a", 1], ["b", 1]], {"sku": "a", "quantity": 0}, [["b", 1]], None),
        ("cart.set", [], {"sku": "a", "quantity": 0}, [], None),
        ("cart.remove", [["a", 1]], {"sku": "a"}, [], EMPTIED),
        ("cart.remove", [["a", 1], ["b", 2]], {"sku": "a"}, [["b", 2]], None),
        ("cart.remove", [["a", 1]], {"sku": "zzz"}, [["a", 1]], None),
        ("cart.remove", [], {"sku": "a"}, [], None),
        ("cart.empty", [["a", 1]], {}, [], None),
    ],
)
def test_cart(action: str, held: Any, args: dict[str, Any], cart: Any, instead: Happened | None) -> None:
    result = run(action, {"cart": held, "other": 1}, **args)
    assert result.data == {"cart": cart, "other": 1}
    assert result.instead == instead
    assert (result.acts, result.raised) == ((), ())


@pytest.mark.parametrize(
    ("items", "cart"),
    [
        (None, [["a", 1]]),
        ([], [["a", 1]]),
        ([{"sku": "b", "quantity": 2}, {"sku": "b", "quantity": 9}], [["b", 3]]),
        ([{"sku": "a", "quantity": 2}, {"sku": "gone", "quantity": 1}], [["a", 2]]),
        ([{"sku": "a", "quantity": 2}, {"sku": "zzz", "quantity": 1}], [["a", 1]]),
        ([{"sku": "zzz", "quantity": 1}], [["a", 1]]),
        ([{"sku": "gone", "quantity": 1}, {"sku": "zzz", "quantity": 1}], [["a", 1]]),
        ([{"sku": "a", "quantity": -2}], []),
    ],
)  # fmt: skip
def test_fill(items: Any, cart: Any) -> None:
    assert run("cart.fill", {"cart": [["a", 1]]}, {"items": items}).data["cart"] == cart


@pytest.mark.parametrize(
    "event",
    [
        {"items": [{"sku": "a", "quantity": 2}, {"sku": "zzz", "quantity": 1}]},
        {"items": [{"sku": "zzz", "quantity": 1}]},
        {"kind": "order", "items": None},
        {"kind": "order"},
    ],
)
def test_fill_refuses_as_a_whole_what_the_shop_lacks_or_nobody_could_read(event: dict[str, Any]) -> None:
    result = run("cart.fill", {"cart": [["b", 1]]}, event)
    assert result.instead == Happened("order.refused", {"reason": "unknown"})
    assert result.data == {"cart": [["b", 1]]}


def test_settle_takes_out_what_was_bought() -> None:
    assert run("cart.settle", {"cart": [["a", 3], ["b", 1]], "order": order()}).data["cart"] == [
        ["a", 1],
        ["b", 1],
    ]
    assert run("cart.settle", {"cart": [["a", 1]]}).data["cart"] == [["a", 1]]


def test_place_freezes_the_cart_at_todays_prices_in_the_customers_language() -> None:
    result = run("order.place", {"cart": [["a", 2], ["b", 1]], "orders": 6})
    (placed,) = result.acts
    assert placed == Act(PLACE, result.data["order"])
    assert result.data["orders"] == 7
    assert {key: placed.payload[key] for key in ("key", "number", "total", "currency", "attempts",
    "status")} == {
        "key": "c-1-7", "number": "12345", "total": 60_950, "currency": "INR", "attempts": 0,
        "status": "unpaid",
    }  # fmt: skip
    assert [(line["name"], line["quantity"], line["total"]) for line in placed.payload["lines"]] == [
        ("अ", 2, 36_000), ("B", 1, 24_950),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("cart", "reason"),
    [([], "empty"), ([["zzz", 1]], "empty"), ([["dust", 1]], "too small")],
)
def test_place_refuses_what_razorpay_would(cart: Any, reason: str) -> None:
    data = {"cart": cart, "order": order()}
    result = run("order.place", data)
    assert result == Result(data, instead=Happened("order.refused", {"reason": reason, "limit": 100}))


def test_place_cancels_the_open_link_of_the_order_before_it_and_ends_it() -> None:
    acts = run("order.place", {"cart": [["a", 1]], "order": order(), "orders": 1}).acts
    assert [act.kind for act in acts] == [CANCEL, END, PLACE]
    assert acts[0].payload == {"reference_id": "c-1-1.1"}
    assert acts[1].payload == {"key": "c-1-1"}
    acts = run("order.place", {"cart": [["a", 1]], "order": order(link=None), "orders": 1}).acts
    assert [act.kind for act in acts] == [END, PLACE]
    for earlier in (order(status="paid"), order(status="held"), order(link=None, lapsed=True)):
        acts = run("order.place", {"cart": [["a", 1]], "order": earlier, "orders": 1}).acts
        assert [act.kind for act in acts] == [PLACE]


def test_request_asks_for_one_link_and_offers_it_while_it_lasts() -> None:
    result = run("payment.request", {"order": order(attempts=0, link=None)})
    (asked,) = result.acts
    assert asked == Act(CREATE, {
        "reference_id": "c-1-1.1", "order_key": "c-1-1", "ordinal": 1, "amount": 36_000,
        "expires_at": NOW + 1_200_000,
    })  # fmt: skip
    assert result.data["order"]["link"] == {"reference": "c-1-1.1", "expires_at": NOW + 1_200_000, "url": ""}
    again = run("payment.request", dict(result.data))
    assert (again.acts, again.raised, again.data) == ((), (), result.data)
    known = run("payment.request", {"order": order()})
    assert known.raised == (Happened("payment_link.created", {"short_url": "https://x"}),)
    assert known.acts == ()


def test_request_replaces_a_link_that_is_about_to_end() -> None:
    ending = {"reference": "c-1-1.1", "id": "plink_1", "expires_at": NOW + 120_000, "url": "https://x"}
    result = run("payment.request", {"order": order(link=ending)})
    (asked,) = result.acts
    assert (asked.kind, asked.payload["reference_id"]) == (CREATE, "c-1-1.2")
    assert result.data["order"]["attempts"] == 2


@pytest.mark.parametrize("data", [{}, {"order": order(status="paid")}, {"order": order(status="held")}])
def test_request_refuses_when_nothing_is_to_be_paid(data: dict[str, Any]) -> None:
    refused = Happened("order.refused", {"reason": "nothing to pay"})
    assert run("payment.request", data) == Result(data, instead=refused)


def test_cancel_withdraws_the_link_once() -> None:
    result = run("payment.cancel", {"order": order()})
    assert [act.kind for act in result.acts] == [CANCEL]
    assert (result.data["order"]["link"], result.data["order"]["lapsed"]) == (None, False)
    again = run("payment.cancel", dict(result.data))
    assert again.acts == (Act(END, {"key": "c-1-1"}),)
    assert again.data["order"]["lapsed"] is True
    assert run("payment.cancel", dict(again.data)) == Result(again.data)
    for data in ({}, {"order": order(status="paid")}):
        assert run("payment.cancel", data) == Result(data)


B_LINE: Final = [{"sku": "b", "name": "B", "quantity": 2, "price": 24_950, "total": 49_900}]


@pytest.mark.parametrize(
    ("action", "args"), [("cart.set", {"sku": "b", "quantity": 3}), ("cart.fill", {}), ("order.place", {})]
)
def test_what_the_customers_own_order_holds_is_left_for_the_next(action: str, args: dict[str, Any]) -> None:
    event = {"items": [{"sku": "b", "quantity": 3}]}
    for held, cart in ((order(lines=B_LINE), 3), (order(lines=B_LINE, status="paid"), 1)):
        data = {"cart": [["b", 3 if action == "order.place" else 1]], "order": held, "orders": 1}
        assert run(action, data, event, left={"b": 1}, **args).data["cart"] == [["b", cart]]


def test_place_takes_no_more_than_is_left() -> None:
    data = {"cart": [["b", 3], ["a", 1]]}
    refused = run("order.place", data, left={"b": 2})
    assert refused.instead == Happened("order.refused", {"reason": "sold out"})
    assert (refused.data["cart"], refused.acts) == ([["b", 2], ["a", 1]], ())
    assert run("order.place", data, left={"b": 0}).data["cart"] == [["a", 1]]


def test_request_reopens_an_order_that_ended_while_its_goods_are_there() -> None:
    ended = {"order": order(link=None, lapsed=True, lines=B_LINE)}
    result = run("payment.request", ended, left={"b": 2})
    assert [act.kind for act in result.acts] == [REOPEN, CREATE]
    assert (result.acts[0].payload, result.data["order"]["lapsed"]) == ({"key": "c-1-1"}, False)
    refused = Happened("order.refused", {"reason": "order sold out"})
    assert run("payment.request", ended, left={"b": 1}) == Result(ended, instead=refused)


def test_check_has_razorpay_asked_but_not_all_the_time() -> None:
    assert run("payment.check", {}).instead == Happened("order.refused", {"reason": "nothing to pay"})
    result = run("payment.check", {"order": order()})
    assert result.acts == (Act(ASK, {"key": "c-1-1"}),)
    assert run("payment.check", dict(result.data)).instead == Happened("payment.asked_lately")
    long_ago = order(asked_at=NOW - 30_000)
    assert [act.kind for act in run("payment.check", {"order": long_ago}).acts] == [ASK]


def test_what_is_sold_out_is_not_in_stock() -> None:
    statics = {"shop": view(THE_SHOP, "hi", "en")}
    assert SHOP.refreshed is not None
    for left, stocked in (({"b": 1, "gone": 0}, True), ({"b": 0}, False), ({}, True)):
        shown = SHOP.refreshed(statics, {"left": left})["shop"]["products"]
        assert {p["sku"]: p["in_stock"] for p in shown}["b"] is stocked


def test_templates_see_cart_and_order() -> None:
    statics = {"shop": view(THE_SHOP, "hi", "en")}
    seen = SHOP.views({"cart": [["a", 2], ["zzz", 9]], "order": order()}, statics, "hi")
    assert (seen["cart"]["count"], seen["cart"]["total"]) == (2, 36_000)
    assert seen["cart"]["lines"][0]["name"] == "अ"
    assert (seen["order"]["count"], seen["order"]["link"]) == (2, "https://x")
    empty = SHOP.views({}, statics, "hi")
    assert empty["cart"] == {"lines": [], "count": 0, "total": 0}
    assert (empty["order"]["number"], empty["order"]["link"]) == ("", "")
    assert SHOP.views({"order": order(link=None)}, statics, "hi")["order"]["link"] == ""
    assert set(seen) == set(SHOP.view_names)


_ACTIONS = st.tuples(
    st.sampled_from(["cart.add", "cart.set"]), st.sampled_from(["a", "b", "gone", "zzz"]), st.integers(-9,
    10**9)
)  # fmt: skip


@given(st.lists(_ACTIONS, max_size=12))
def test_no_sequence_of_actions_gets_past_the_limits(actions: list[tuple[str, str, int]]) -> None:
    data: dict[str, Any] = {}
    for action, sku, quantity in actions:
        data = dict(run(action, data, sku=sku, quantity=quantity).data)
        limits = {"a": 5, "b": 3}
        assert all(1 <= pieces <= limits[held] for held, pieces in data.get("cart", ()))
