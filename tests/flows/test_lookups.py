"""What a template reads is checked against what exists, including fields and items of lists."""

import pytest

from flows.templates.expressions import TemplateLanguage
from flows.templates.lookups import NoSuchField, follow

LANGUAGE = TemplateLanguage({})
SAMPLE = {"cart": {"lines": [{"name": "x", "price": 1}], "total": 1}, "shop": {"products": []}, "word": ""}


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("{{ cart.total }}", {("cart", "total")}),
        (
            "{% for l in cart.lines %}{{ l.name }}{% endfor %}",
            {("cart", "lines"), ("cart", "lines", "*", "name")},
        ),
        ("{% for l in cart.lines[:2] %}{{ loop.index }}{% endfor %}", {("cart", "lines")}),
        ("{{ cart.lines[0].price }}", {("cart", "lines", "*", "price")}),
        (
            "{{ 'a' if cart.total > word else shop['name'] }}",
            {("cart", "total"), ("word",), ("shop", "name")},
        ),
        ("{% set t = cart.total %}{{ t }}", {("cart", "total")}),
        ("{{ cart.lines | first }}", {("cart", "lines")}),
    ],
)
def test_reads(source: str, reads: set[tuple[str, ...]]) -> None:
    assert LANGUAGE.template(source).reads == reads


@pytest.mark.parametrize(
    "read",
    [
        ("cart", "total"),
        ("cart", "lines", "*", "name"),
        ("shop", "products", "*", "any"),
        ("event", "x", "y"),
        ("word",),
    ],
)
def test_what_is_there_and_what_nobody_knows_may_be_read(read: tuple[str, ...]) -> None:
    follow(read, SAMPLE)


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (("cart", "totl"), "'cart' has no 'totl'"),
        (("cart", "lines", "*", "nme"), "'cart.lines[…]' has no 'nme'"),
        (("cart", "lines", "name"), "'cart.lines' has no 'name'"),
        (("word", "length"), "'word' has no 'length'"),
    ],
)
def test_what_is_not_there_is_named(read: tuple[str, ...], message: str) -> None:
    with pytest.raises(NoSuchField) as raised:
        follow(read, SAMPLE)
    assert str(raised.value) == message
