"""The cart as a value."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.shop import cart
from payments.shop.cart import Cart
from payments.shop.catalogue import Shop
from tests.builders import cart_of

SHOP = Shop.model_validate(
    {
        "name": "S",
        "products": [{"sku": "a", "name": "A", "price": 1}, {"sku": "b", "name": "B", "price": "2.50"}],
    }
)
_SKUS = st.sampled_from(["a", "b", "c"])
_CARTS = st.dictionaries(_SKUS, st.integers(1, 99)).map(lambda held: cart_of(*held.items()))


@given(_CARTS, _SKUS, st.integers(-5, 99))
def test_a_quantity_is_what_was_set_and_the_rest_stays(held: Cart, sku: str, quantity: int) -> None:
    changed = cart.with_quantity(held, sku, quantity)
    assert cart.quantity_of(changed, sku) == max(quantity, 0)
    assert [item for item in changed if item.sku != sku] == [item for item in held if item.sku != sku]
    assert all(item.quantity > 0 for item in changed)
    assert len({item.sku for item in changed}) == len(changed)


@given(_CARTS)
def test_survives_the_conversation(held: Cart) -> None:
    assert cart.from_json(cart.to_json(held)) == held
    assert cart.from_json(()) == ()


@given(_CARTS)
def test_what_is_asked_for_survives_an_event_and_is_plain_in_it(held: Cart) -> None:
    written = cart.items_to_json(held)
    assert written == [{"sku": item.sku, "quantity": item.quantity} for item in held]
    assert cart.items_from_json(orjson.loads(orjson.dumps(written))) == held


@pytest.mark.parametrize("odd", [[{"sku": "a"}], [["a", 1]], ["a"], 7])
def test_what_is_no_list_of_items_is_refused(odd: Any) -> None:
    with pytest.raises((KeyError, TypeError)):
        cart.items_from_json(odd)


@given(_CARTS, st.dictionaries(_SKUS, st.integers(0, 120)))
def test_what_was_bought_is_taken_out(held: Cart, bought: dict[str, int]) -> None:
    left = cart.without(held, bought)
    for item in held:
        assert cart.quantity_of(left, item.sku) == max(item.quantity - bought.get(item.sku, 0), 0)


@given(_CARTS)
def test_known_is_what_is_sold_at_todays_prices(held: Cart) -> None:
    prices = {"a": 100, "b": 250}
    sold = [(item.sku, prices[item.sku], item.quantity) for item in held if item.sku != "c"]
    assert [(article.sku, article.price, quantity) for article, quantity in cart.known(held, SHOP)] == sold
