"""Each action of a shop, called as the engine calls it."""

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine.conversation import Conversation
from flows.engine.events import Happened
from flows.engine.vocabulary import Result, Scene
from payments.ledger.calls import CancelLink, CreateLink, FetchPayments
from payments.ledger.holds import Hold, HoldReason, Mismatch
from payments.ledger.state import OrderState
from payments.processing.actions import SHOP
from payments.processing.conversation_data import data, of_conversation
from payments.processing.shop_state import ShopState
from payments.processing.step_context import StepContext
from payments.shop.catalogue import Shop
from payments.shop.catalogue_view import view
from payments.shop.order_terms import Terms
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, Line, Order
from payments.shop.stock import StockMove
from tests.builders import KEY, attempt, captured, cart_of, order, order_state, unmade_attempt

NOW: Final = 1_800_000_000_000
PRODUCTS: Final = [
    {"sku": "a", "name": {"en": "A", "hi": "अ"}, "price": 180},
    {"sku": "b", "name": "B", "price": "249.50", "stock": 3},
    {"sku": "gone", "name": "Gone", "price": 5, "stock": 0},
    {"sku": "dust", "name": "Dust", "price": "0.99"},
]
THE_SHOP: Final = Shop.model_validate({"name": "S", "max_quantity": 5, "products": PRODUCTS})


AT: Final = StepContext(THE_SHOP, NOW, "c-1", 2345)
LINES: Final = (Line("a", "A", 2, 18_000),)
B_LINES: Final = (Line("b", "B", 2, 24_950),)
LINK: Final = attempt(amount=36_000, expires_at=NOW + 600_000)


def state(*held: tuple[str, int], left: dict[str, int] | None = None, **rest: Any) -> ShopState:
    return ShopState(AT, cart_of(*held), left=THE_SHOP.counted if left is None else left, **rest)


def about(order: OrderState, *held: tuple[str, int], **rest: Any) -> ShopState:
    """The state of a customer who has placed this one order."""
    return state(*held, placed=1, current=order.key, orders={order.key: order}, **rest)


def run(action: str, before: ShopState, event: dict[str, Any] | None = None, **args: Any) -> Result:
    known = SHOP.actions[action]
    scene = Scene("c-1", "hi", {"shop": THE_SHOP}, event or {}, NOW, 2345, before)
    result = known.run(scene, known.args.model_validate(args))
    told = (*result.raised, *([result.instead] if result.instead else []))
    assert {happened.name for happened in told} <= set(known.events)
    return result


def after(action: str, before: ShopState, event: dict[str, Any] | None = None, **args: Any) -> ShopState:
    found = run(action, before, event, **args).host
    assert isinstance(found, ShopState)
    return found


def unpaid(lines: tuple[Line, ...] = LINES, link: Attempt | None = LINK, **rest: Any) -> OrderState:
    """An order that is not paid, with a link if there is one."""
    placed = order(lines=lines, placed_at=NOW)
    return order_state(order=placed, attempts=(link,) if link else (), **rest)


def paid(lines: tuple[Line, ...] = LINES) -> OrderState:
    placed = order(lines=lines, placed_at=NOW)
    capture = captured(placed.total, link="plink_1")
    links = (replace(LINK, status=AttemptStatus.PAID),)
    money = {"lifecycle": Lifecycle.FULFILLED, "fulfilled": placed.total}
    return order_state(capture, order=placed, attempts=links, **money)


def held() -> OrderState:
    placed = order(lines=LINES, placed_at=NOW)
    foreign = captured(36_000, mismatch=Mismatch.ACCOUNT)
    money = {"held": 36_000, "held_for": Hold(HoldReason.MISMATCH, mismatch=Mismatch.ACCOUNT)}
    return order_state(foreign, order=placed, attempts=(LINK,), **money)


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
    before = state(*map(tuple, held), placed=7)
    result = run(action, before, **args)
    assert result.host == before.with_cart(cart_of(*cart))
    assert (result.instead, result.raised) == (instead, ())


@pytest.mark.parametrize(
    ("items", "cart"),
    [
        (None, [("a", 1)]),
        ([], [("a", 1)]),
        ([{"sku": "b", "quantity": 2}, {"sku": "b", "quantity": 9}], [("b", 3)]),
        ([{"sku": "a", "quantity": 2}, {"sku": "gone", "quantity": 1}], [("a", 2)]),
        ([{"sku": "a", "quantity": 2}, {"sku": "zzz", "quantity": 1}], [("a", 1)]),
        ([{"sku": "zzz", "quantity": 1}], [("a", 1)]),
        ([{"sku": "gone", "quantity": 1}, {"sku": "zzz", "quantity": 1}], [("a", 1)]),
        ([{"sku": "a", "quantity": -2}], []),
    ],
)
def test_fill(items: Any, cart: list[tuple[str, int]]) -> None:
    assert after("cart.fill", state(("a", 1)), {"items": items}).cart == cart_of(*cart)


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
    result = run("cart.fill", state(("b", 1)), event)
    assert result == Result(state(("b", 1)), instead=Happened("order.refused", {"reason": "unknown"}))


def test_settle_takes_out_what_was_bought() -> None:
    assert after("cart.settle", about(unpaid(), ("a", 3), ("b", 1))).cart == cart_of(("a", 1), ("b", 1))
    assert after("cart.settle", state(("a", 1))).cart == cart_of(("a", 1))


def test_place_freezes_the_cart_at_todays_prices_in_the_customers_language() -> None:
    found = after("order.place", state(("a", 2), ("b", 1), placed=6, next_number=12_345))
    assert (found.placed, found.current, found.moves) == (7, "c-1-7", (StockMove("b", 1, 0),))
    assert (found.next_number, found.order) == (
        12_346,
        OrderState(
            Order(
                "c-1-7", "12345", "c-1", (Line("a", "अ", 2, 18_000), Line("b", "B", 1, 24_950)),
                60_950, "INR", NOW, 2345,
                terms=Terms(language="hi", repairs=THE_SHOP.repairs.model_dump()),
            )
        ),
    )  # fmt: skip
    assert found.cart == cart_of(("a", 2), ("b", 1)), "until it is paid"


@pytest.mark.parametrize(
    ("cart", "reason"),
    [([], "empty"), ([("dust", 1)], "too small")],
)
def test_place_refuses_what_razorpay_would(cart: list[tuple[str, int]], reason: str) -> None:
    before = about(unpaid(), *cart)
    result = run("order.place", before)
    assert result == Result(before, instead=Happened("order.refused", {"reason": reason, "limit": 100}))


def test_place_cancels_the_open_link_of_the_order_before_it_and_ends_it() -> None:
    found = after("order.place", about(unpaid(), ("a", 1)))
    assert found.calls == (CancelLink(f"{KEY}.1", "plink_1"),)
    assert found.orders[KEY].lapsed
    assert found.earlier_links == (f"{KEY}.1",)
    found = after("order.place", about(unpaid(link=None), ("a", 1)))
    assert (found.calls, found.orders[KEY].lapsed, found.earlier_links) == ((), True, ())
    for earlier in (paid(), held(), unpaid(link=None, lifecycle=Lifecycle.LAPSED)):
        found = after("order.place", about(earlier, ("a", 1)))
        assert (found.calls, found.orders[KEY]) == ((), earlier)
        assert found.current == "c-1-2"


def test_request_asks_for_one_link_and_offers_it_while_it_lasts() -> None:
    before = about(unpaid(link=None))
    found = after("payment.request", before)
    expires_at = NOW + 1_200_000
    assert found.calls == (CreateLink(f"{KEY}.1", KEY, 36_000, "INR", "Order #12345", expires_at),)
    assert found.order
    assert found.order.link == unmade_attempt(amount=36_000, expires_at=expires_at)
    assert run("payment.request", found) == Result(found)
    known = run("payment.request", about(unpaid()))
    offered = Happened("payment_link.created", {"short_url": "https://x"})
    assert known == Result(about(unpaid()), raised=(offered,))


def test_request_replaces_a_link_that_is_about_to_end() -> None:
    found = after("payment.request", about(unpaid(link=replace(LINK, expires_at=NOW + 120_000))))
    assert found.calls == (CancelLink(f"{KEY}.1", "plink_1"),), "the next is made once this one is over"
    assert found.order
    assert [(a.reference_id, str(a.status)) for a in found.order.attempts] == [
        (f"{KEY}.1", "withdrawing"),
        (f"{KEY}.2", "planned"),
    ]


@pytest.mark.parametrize("before", [state(), about(paid()), about(held())], ids=["none", "paid", "held"])
def test_request_refuses_when_nothing_is_to_be_paid(before: ShopState) -> None:
    refused = Happened("order.refused", {"reason": "nothing to pay"})
    assert run("payment.request", before) == Result(before, instead=refused)


def test_cancel_withdraws_the_link_once() -> None:
    found = after("payment.cancel", about(unpaid()))
    assert found.calls == (CancelLink(f"{KEY}.1", "plink_1"),)
    assert found.order
    assert (found.order.link, found.order.lapsed) == (None, False)
    again = after("payment.cancel", found)
    assert (again.calls, again.order and again.order.lapsed) == (found.calls, True)
    assert run("payment.cancel", again) == Result(again)
    for before in (state(), about(paid())):
        assert run("payment.cancel", before) == Result(before)


@pytest.mark.parametrize(
    ("action", "args"), [("cart.set", {"sku": "b", "quantity": 3}), ("cart.fill", {}), ("order.place", {})]
)
def test_what_the_customers_own_order_holds_is_left_for_the_next(action: str, args: dict[str, Any]) -> None:
    event = {"items": [{"sku": "b", "quantity": 3}]}
    for known, cart in ((unpaid(B_LINES), 3), (paid(B_LINES), 1)):
        before = about(known, ("b", 3 if action == "order.place" else 1), left={"b": 1})
        assert after(action, before, event, **args).cart == cart_of(("b", cart))


def test_place_takes_no_more_than_is_left() -> None:
    before = state(("b", 3), ("a", 1), left={"b": 2})
    refused = run("order.place", before)
    assert refused.instead == Happened("order.refused", {"reason": "sold out"})
    assert refused.host == before.with_cart(cart_of(("b", 2), ("a", 1)))
    assert after("order.place", before._replace(left={"b": 0})).cart == cart_of(("a", 1))
    for sku, off in (("zzz", ()), ("b", ("b",))):
        before = state((sku, 1), ("a", 1))._replace(at=AT._replace(off=frozenset(off)))
        refused = run("order.place", before)
        assert refused.instead == Happened("order.refused", {"reason": "sold out"}), "no longer sold"
        assert refused.host == before.with_cart(cart_of(("a", 1)))


def test_request_reopens_an_order_that_ended_while_its_goods_are_there() -> None:
    ended = unpaid(B_LINES, link=None, lifecycle=Lifecycle.LAPSED)
    found = after("payment.request", about(ended, left={"b": 2}))
    assert found.order
    assert (found.order.lifecycle, found.moves) == (Lifecycle.OPEN, (StockMove("b", 2, 0),))
    assert [type(call) for call in found.calls] == [CreateLink]
    refused = Happened("order.refused", {"reason": "order sold out"})
    before = about(ended, left={"b": 1})
    assert run("payment.request", before) == Result(before, instead=refused)
    before = about(ended, left={"b": 2})._replace(at=AT._replace(off=frozenset({"b"})))
    assert run("payment.request", before) == Result(before, instead=refused)
    still_open = about(unpaid(B_LINES, link=None))._replace(at=before.at)
    assert [type(call) for call in after("payment.request", still_open).calls] == [CreateLink]


def test_check_has_razorpay_asked_but_not_all_the_time() -> None:
    assert run("payment.check", state()).instead == Happened("order.refused", {"reason": "nothing to pay"})
    assert run("payment.check", about(unpaid(link=None))).instead == Happened("payment.not_found")
    found = after("payment.check", about(unpaid()))
    assert found.calls == (FetchPayments(f"{KEY}.1", "plink_1", asked=True),)
    assert run("payment.check", found).instead == Happened("payment.asked_lately")
    long_ago = found._replace(asked_at=NOW - 30_000, calls=())
    assert after("payment.check", long_ago).calls == found.calls


def test_what_is_sold_out_is_not_in_stock() -> None:
    statics = {"shop": view(THE_SHOP, "hi", "en"), "language": "hi"}
    for left, stocked in (({"b": 1, "gone": 0}, True), ({"b": 0}, False), ({}, True)):
        shown = SHOP.refreshed(statics, state(left=left))["shop"]["products"]
        assert {p["sku"]: p["in_stock"] for p in shown}["b"] is stocked


def test_templates_see_cart_and_order() -> None:
    statics = {"shop": view(THE_SHOP, "hi", "en"), "language": "hi"}
    seen = SHOP.views(about(unpaid(), ("a", 2), ("zzz", 9)), statics)
    assert (seen["cart"]["count"], seen["cart"]["total"]) == (2, 36_000)
    assert seen["cart"]["lines"][0]["name"] == "अ"
    assert seen["cart"]["gone"] == 1
    assert (seen["order"]["count"], seen["order"]["link"]) == (2, "https://x")
    empty = SHOP.views(state(), statics)
    assert [empty["cart"][name] for name in ("lines", "count", "total", "gone")] == [[], 0, 0, 0]
    assert (empty["order"]["number"], empty["order"]["link"]) == ("", "")
    assert SHOP.views(about(unpaid(link=None)), statics)["order"]["link"] == ""
    assert set(seen) == set(SHOP.view_names)


def test_what_a_conversation_keeps_makes_the_same_state_again() -> None:
    before = about(unpaid(), ("a", 2))._replace(asked_at=NOW, earlier_links=("c-1-0.1",))
    conversation = Conversation("c-1", data=data(before))
    assert of_conversation(conversation, AT, before.orders, before.left, {}, 0) == before
    assert data(state()) == {}


def test_beside_the_chat_no_link_is_offered() -> None:
    before = about(unpaid())
    assert before.aside(KEY) == before, "what the chat is about"
    seen = before._replace(current="c-1-9").aside(KEY)
    assert (seen.order, seen.current, seen.may_have_paid) == (seen.known(KEY), KEY, True)
    assert seen.known(KEY).link is None
    assert seen.known(KEY).payable == before.known(KEY).without(before.known(KEY).attempts).payable


_ACTIONS = st.tuples(
    st.sampled_from(["cart.add", "cart.set"]), st.sampled_from(["a", "b", "gone", "zzz"]), st.integers(-9,
    10**9)
)  # fmt: skip


@given(st.lists(_ACTIONS, max_size=12))
def test_no_sequence_of_actions_gets_past_the_limits(actions: list[tuple[str, str, int]]) -> None:
    found = state()
    for action, sku, quantity in actions:
        found = after(action, found, sku=sku, quantity=quantity)
        limits = {"a": 5, "b": 3}
        assert all(1 <= item.quantity <= limits[item.sku] for item in found.cart)
