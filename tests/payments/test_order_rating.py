"""A customer rates a delivered order, once."""

from tests.payments.tiffin_shop import BUYS, bought, plays, told


def test_a_delivered_order_is_rated_once() -> None:
    plays(
        BUYS
        + """
- customer: 5
- shop: "No: not delivered"
- staff: "Meena writes #10001 delivered cash"
- customer: 6
- shop: "No: no rating"
- customer: 5
- shop: Thanks for 5
- customer: bad
- shop: "No: rated before"
"""
    )


def test_the_rating_is_kept_with_the_order() -> None:
    simulator = bought()
    told(simulator, "Meena", "#10001 delivered cash")
    simulator.write("bad")
    assert simulator.order is not None
    assert simulator.order.rating == 1
