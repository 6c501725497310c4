"""The cart as a value."""

from hypothesis import given
from hypothesis import strategies as st

from payments.shop import cart
from payments.shop.cart import Cart
from payments.shop.catalogue import Shop

SHOP = Shop.model_validate(
    {
        "name": "S",
        "products": [{"sku": "a", "name": "A", "price": 1}, {"sku": "b", "name": "B", "price": "2.50"}],
    }
)
_SKUS = st.sampled_from(["a", "b", "c"])
_CARTS = st.dictionaries(_SKUS, st.integers(1, 99)).map(lambda held: tuple(held.items()))


@given(_CARTS, _SKUS, st.integers(-5, 99))
def test_a_quantity_is_what_was_set_and_the_rest_stays(held: Cart, sku: str, quantity: int) -> None:
    changed = cart.with_quantity(held, sku, quantity)
    assert cart.quantity_of(changed, sku) == max(quantity, 0)
    assert [line for line in changed if line[0] != sku] == [line for line in held if line[0] != sku]
    assert all(pieces > 0 for _, pieces in changed)
    assert len({line[0] for line in changed}) == len(changed)


@given(_CARTS)
def test_survives_the_conversation(held: Cart) -> None:
    assert cart.from_json(cart.to_json(held)) == held
    assert cart.from_json(()) == ()


@given(_CARTS, st.dictionaries(_SKUS, st.integers(0, 120)))
def test_what_was_bought_is_taken_out(held: Cart, bought: dict[str, int]) -> None:
    left = cart.without(held, bought)
    for sku, quantity in held:
        assert cart.quantity_of(left, sku) == max(quantity - bought.get(sku, 0), 0)


@given(_CARTS)
def test_lines_have_todays_prices_and_only_what_is_sold(held: Cart) -> None:
    lines = cart.lines(held, SHOP, {"a": "A", "b": "B"})
    assert [line.sku for line in lines] == [sku for sku, _ in held if sku != "c"]
    assert all(line.price == {"a": 100, "b": 250}[line.sku] for line in lines)
    assert sum(line.total for line in lines) == sum(line.price * line.quantity for line in lines)
