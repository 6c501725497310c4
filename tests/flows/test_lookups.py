"""What a template reads is checked against what exists, including fields and items of lists."""

import pytest

from flows.document.errors import StepFailed
from flows.templates.expressions import TemplateLanguage
from flows.templates.lookups import LookupTable, NoSuchField, follow

LANGUAGE = TemplateLanguage({})
JAR = {"name": "Mint", "sizes": [{"name": "small"}]}
SAMPLE = {
    "cart": {"lines": [{"name": "x", "price": 1}], "total": 1},
    "shop": {"products": []},
    "word": "",
    "jars": LookupTable({"mint": JAR}, {"name": "-", "sizes": []}),
    "empty": LookupTable({}, {}),
}


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
        ("{{ jars[word].name }}", {("jars", "*", "name"), ("word",)}),
        ("{{ jars[cart.lines[0].name]['name'] }}", {("jars", "*", "name"), ("cart", "lines", "*", "name")}),
        ("{{ jars['mint'].name }}", {("jars", "mint", "name")}),
        ("{{ cart.lines[:word][word].price }}", {("cart", "lines", "*", "price"), ("word",)}),
        (
            "{% for s in jars[word].sizes %}{{ s.name }}{% endfor %}",
            {("jars", "*", "sizes"), ("jars", "*", "sizes", "*", "name"), ("word",)},
        ),
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
        ("jars", "*", "sizes", "*", "name"),
        ("jars", "mint", "name"),
        ("empty", "*", "any"),
        ("cart", "*", "any"),
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
        (("jars", "mnt"), "'jars' has no 'mnt'"),
        (("jars", "*", "nme"), "'jars[…]' has no 'nme'"),
        (("jars", "*", "sizes", "*", "nme"), "'jars[…].sizes[…]' has no 'nme'"),
        (("jars", "mint", "nme"), "'jars.mint' has no 'nme'"),
    ],
)
def test_what_is_not_there_is_named(read: tuple[str, ...], message: str) -> None:
    with pytest.raises(NoSuchField) as raised:
        follow(read, SAMPLE)
    assert str(raised.value) == message


@pytest.mark.parametrize(("key", "name"), [("mint", "Mint"), ("sage", "-"), (7, "-")])
def test_a_key_is_looked_up_and_an_unknown_one_is_blank(key: object, name: str) -> None:
    template = LANGUAGE.template(
        "{{ jars[key].name }}{% for s in jars[key].sizes %} {{ s.name }}{% endfor %}"
    )
    sizes = " small" if key == "mint" else ""
    assert template.render({**SAMPLE, "key": key}) == name + sizes
    assert LANGUAGE.expression("key in jars").value({**SAMPLE, "key": key}) is (key == "mint")


@pytest.mark.parametrize("key", ["sage", ["mint"]])
def test_without_a_blank_and_for_what_is_no_key_it_is_an_error(key: object) -> None:
    jars = LookupTable({"mint": JAR}, None if key == "sage" else JAR)
    with pytest.raises(StepFailed):
        LANGUAGE.template("{{ jars[key].name }}").render({"jars": jars, "key": key})
