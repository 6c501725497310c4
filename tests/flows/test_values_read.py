"""A rule that was passed over says which values its guard has read."""

from decimal import Decimal
from typing import Any

import pytest

from flows.templates.expressions import language_of
from flows.templates.lookups import LookupTable
from flows.templates.values_read import values_read

CONTEXT: dict[str, Any] = {
    "order": {
        "status": "unpaid",
        "link": "",
        "making": False,
        "due": 0,
        "none": None,
        "sum": Decimal("1.5"),
    },
    "cart": {"lines": [1, 2, 3], "gone": []},
    "event": {"text": "x" * 41},
    "shop": {"product": LookupTable({"a": {"price": 5}}, {"price": 0})},
}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("order.status == 'paid'", "order.status is 'unpaid'"),
        ("order.link and order.making", "order.link is '', order.making is false"),
        ("order.due > 5 or order.sum > 2", "order.due is 0, order.sum is 1.5"),
        ("order.none", "order.none is nothing"),
        ("cart.gone", "cart.gone is empty"),
        ("(cart.lines | length) > 3", "cart.lines is a list of 3"),
        ("event.text == 'y'", f"event.text is '{'x' * 39}…'"),
        ("event.missing is defined", "event.missing is nothing"),
        ("shop.product[event.text].price", f"event.text is '{'x' * 39}…'"),
        ("1 > 2", ""),
    ],
)
def test_the_values_in_words(source: str, words: str) -> None:
    assert values_read(language_of({}).expression(source), CONTEXT) == words
