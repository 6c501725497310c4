"""A customer who types the name of a product means it, in whatever language and however they write it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.shop.catalogue import Shop
from payments.shop.catalogue_view import view, without
from payments.shop.product_names import LONGEST, ProductNames, never_typed

SHOP = Shop.model_validate(
    {
        "name": "S",
        "categories": [{"id": "tea", "name": {"en": "Tea", "hi": "चाय"}}, {"id": "gifts", "name": "Gifts"}],
        "products": [
            {
                "sku": "masala",
                "category": "tea",
                "price": 180,
                "name": {"en": "Masala chai", "hi": "मसाला चाय"},
            },
            {"sku": "ginger", "category": "tea", "price": 140, "name": "Ginger chai 250 g"},
            {"sku": "cups", "price": 320, "name": "Kulhad cups (6)", "stock": 1},
            {"sku": "chai", "category": "gifts", "price": 90, "name": "Chai"},
            {
                "sku": "box",
                "category": "gifts",
                "name": {"en": "Gift box", "hi": "उपहार"},
                "variants": [
                    {"sku": "box-3", "price": 450, "name": {"en": "3 teas", "hi": "3 चाय"}},
                    {"sku": "box-6", "price": 850, "name": "6 teas"},
                ],
            },
        ],
    }
)
NAMES = ProductNames(SHOP, frozenset({"thank you", "cash"}))


def meant(text: str) -> list[str]:
    return list(NAMES.called(text) or NAMES.like(text))


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("masala chai", ["masala"]),
        ("  MASALA  chai ☕!", ["masala"]),
        ("मसाला चाय", ["masala"]),
        ("chai", ["chai"]),  # what is called so, and not what only has the word
        ("ginger", ["ginger"]),
        ("chai ginger", ["ginger"]),
        ("tea", ["masala", "ginger"]),  # a category
        ("kulhad", ["cups"]),
        ("kulha", ["cups"]),
        ("kulhads", ["cups"]),
        ("chais", ["masala", "ginger", "chai"]),
        ("ginger chai 250g", ["ginger"]),
        ("250g ginger", ["ginger"]),
        ("kulh", []),
        ("gif", []),
        ("box", ["box"]),
        ("3 t", []),
        ("gift box", ["box"]),
        ("gift box 6 teas", ["box-6"]),
        ("Gift box, 3 teas", ["box-3"]),
        ("उपहार, 3 चाय", ["box-3"]),
        ("gift 6", ["box"]),
        ("gifts", ["chai", "box"]),
        ("6", []),
        ("250", []),
        ("g", []),
        ("coffee", []),
        ("", []),
        ("?", []),
        ("masala " * 10, []),
    ],
)
def test_what_a_text_means(text: str, skus: list[str]) -> None:
    assert meant(text) == skus


@pytest.mark.parametrize("text", ["masala", "chai 250", "kulhad", "gift", "gift 6", "tea", "coffee"])
def test_a_part_of_a_name_is_no_name(text: str) -> None:
    assert NAMES.called(text) == ()


@given(st.text(max_size=100))
def test_no_text_means_anything_that_is_not_sold(text: str) -> None:
    assert set(meant(text)) <= SHOP.skus
    assert len(text) <= LONGEST or not meant(text)


EVERYDAY = Shop.model_validate(
    {
        "name": "S",
        "products": [
            {"sku": str(at), "price": 10, "name": name}
            for at, name in enumerate(
                ("Cashew nuts", "Notebook", "Good Day biscuits", "Thank you card", "Ok", "Yes", "Cardamom")
            )
        ],
    }
)


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        *(("cash", []), ("note", []), ("OK!", []), ("yes", []), ("time", []), ("no", []), ("card", ["3"])),
        *(("good", ["2"]), ("day", ["2"]), ("you", ["3"]), ("thank you", ["3"]), ("carda", ["6"])),
    ],
)
def test_everyday_words_buy_nothing(text: str, asked: list[str]) -> None:
    names = ProductNames(EVERYDAY, frozenset({"cash", "note", "ok", "yes", "time", "no"}))
    assert (names.called(text), list(names.like(text))) == ((), asked)


def test_whole_names_that_are_words_of_the_flow_are_told() -> None:
    assert list(never_typed(EVERYDAY, frozenset({"ok", "yes", "cash"}))) == [(4, "Ok"), (5, "Yes")]
    assert list(never_typed(SHOP, frozenset({"gift box 3 teas", "chai"}))) == [
        (3, "Chai"),
        (4, "Gift box 3 teas"),
    ]


def test_templates_read_what_is_meant_as_it_is_now() -> None:
    now = without(view(SHOP, "hi", "en"), {"cups"})
    assert now["called"]["kulhad cups 6"]["sku"] == "cups"
    assert now["called"]["kulhad"]["sku"] == ""
    assert [product["in_stock"] for product in now["called"]["kulhad"]["products"]] == [False]
    assert [product["name"] for product in now["called"]["masala"]["products"]] == ["मसाला चाय"]
    assert now["called"]["tea"]["sku"] == ""
    assert now["called"]["coffee"] == {"sku": "", "quantity": 1, "products": []}
