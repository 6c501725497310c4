"""Whatever is left, and whatever is switched off: what templates show is what can be ordered."""

from typing import Any, Final

from hypothesis import given
from hypothesis import strategies as st

from flows.engine.vocabulary import Result, Scene
from payments.processing.actions import SHOP
from payments.processing.shop_state import ShopState
from payments.processing.step_context import StepContext
from payments.shop.catalogue import Shop
from payments.shop.catalogue_view import view
from tests.builders import cart_of
from tests.payments.test_sweets import sweets

THE_SHOP: Final[Shop] = sweets().sections["shop"]
STATICS: Final = {"shop": view(THE_SHOP, "hi", "en"), "language": "hi"}
SKUS: Final = sorted({*THE_SHOP.skus, "barfi"})

_left = st.fixed_dictionaries({sku: st.integers(-1, 4) for sku in THE_SHOP.counted})
_off = st.frozensets(st.sampled_from(SKUS), max_size=3)
_carts = st.dictionaries(st.sampled_from(SKUS), st.integers(1, 6), max_size=4)


def state(left: dict[str, int], off: frozenset[str], cart: dict[str, int] | None = None) -> ShopState:
    at = StepContext(THE_SHOP, 1_800_000_000_000, "c-1", 1, "abcdefghij", off)
    return ShopState(at, cart_of(*(cart or {}).items()), left=left)


def run(action: str, before: ShopState, **args: Any) -> Result:
    known = SHOP.actions[action]
    scene = Scene("c-1", "hi", {"shop": THE_SHOP}, {}, 0, 1, before)
    return known.run(scene, known.args.model_validate(args))


@given(_left, _off)
def test_what_is_shown_in_stock_can_be_added_and_nothing_else(
    left: dict[str, int], off: frozenset[str]
) -> None:
    before = state(left, off)
    shop = SHOP.refreshed(STATICS, before)["shop"]
    orderable = {sku for sku in SKUS if run("cart.add", before, sku=sku).instead is None}
    for sku in SKUS:
        shown = shop["product"][sku]
        variants = {variant["sku"]: variant["in_stock"] for variant in shown["variants"]}
        assert shown["in_stock"] is (any(variants.values()) if variants else sku in orderable)
        assert {sku for sku, in_stock in variants.items() if in_stock} == orderable & variants.keys()
    assert [shop["product"][product["sku"]] for product in shop["products"]] == shop["products"]
    stocked = {product["category"] for product in shop["products"] if product["in_stock"]}
    assert {category["id"] for category in shop["categories"] if category["in_stock"]} == stocked
    assert all(shop["category"][category["id"]] == category for category in shop["categories"])


@given(_left, _off, _carts)
def test_what_is_ordered_is_what_the_cart_showed(
    left: dict[str, int], off: frozenset[str], cart: dict[str, int]
) -> None:
    before = state(left, off, cart)
    shown = SHOP.views(before, SHOP.refreshed(STATICS, before))["cart"]
    assert len(shown["lines"]) + shown["gone"] == len(cart)
    result = run("order.place", before)
    after = result.host
    if result.instead:
        assert result.instead.fields["reason"] in ("sold out", "empty")
        again = run("order.place", after)
        assert (again.instead is None) == bool(after.cart), "what the cart has now can be ordered"
        return
    lines = [(line.sku, line.name, line.quantity, line.price, line.total) for line in after.order.order.lines]
    assert lines == [
        (line["sku"], line["name"], line["quantity"], line["price"], line["total"]) for line in shown["lines"]
    ]
    assert after.order.order.total == shown["total"]
    assert shown["gone"] == 0


@given(_left, _off, _carts, _left, _off)
def test_what_is_repeated_is_what_there_is_and_the_rest_is_named(
    left: dict[str, int],
    off: frozenset[str],
    cart: dict[str, int],
    later: dict[str, int],
    gone: frozenset[str],
) -> None:
    after = run("order.place", state(left, off, cart)).host
    if after.order is None:
        return
    bought = {line.sku: line for line in after.order.order.lines}
    ended = after.end(after.current)
    again = ShopState(
        state(later, gone).at, left=later, orders=ended.orders, current=ended.current, placed=ended.placed
    )
    result = run("cart.repeat", again)
    held = {item.sku: item.quantity for item in result.host.cart}
    told = result.instead or (result.raised[0] if result.raised else None)
    missing = [line.name for sku, line in bought.items() if sku not in held]
    fewer = [line.name for sku, line in bought.items() if 0 < held.get(sku, 0) < line.quantity]
    assert all(held[sku] <= bought[sku].quantity for sku in held)
    assert (told is None) == (not missing and not fewer)
    if told:
        assert told.name == ("cart.incomplete" if held else "cart.refused")
        assert (told.fields["gone"], told.fields.get("less", [])) == (missing, fewer)
    if held:
        assert run("order.place", result.host).instead is None
