"""A customer who types a number beside the name of a product wants so many."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.shop.catalogue import Shop
from payments.shop.catalogue_view import view

SHOP = Shop.model_validate(
    {
        "name": "S",
        "products": [
            {"sku": sku, "price": 10, "name": name}
            for sku, name in {
                "kaju": {"en": "Kaju katli", "hi": "काजू कतली"},
                "samosa": "Samosa",
                "ginger": {"en": "Ginger chai 250 g", "hi": "अदरक चाय 250 ग्राम"},
                "up": "7 Up",
                "cups": "Kulhad cups (6)",
                "leaf": "Assam leaf 500 g",
                "leaf-tin": "Assam leaf tin",
                "rice-1": "Rice 1 kg",
                "rice-5": "Rice 5 kg",
            }.items()
        ]
        + [
            {
                "sku": "box",
                "name": "Gift box",
                "variants": [
                    {"sku": "box-3", "price": 450, "name": "3 teas"},
                    {"sku": "box-6", "price": 850, "name": "6 teas"},
                ],
            }
        ],
    }
)
CALLED = view(SHOP, "en", "en", {"cash", "note"})["called"]


@pytest.mark.parametrize(
    ("text", "sku", "quantity"),
    [
        ("2 kaju katli", "kaju", 2),
        ("10 samosa", "samosa", 10),
        ("samosa 5", "samosa", 5),
        ("2 x samosa", "samosa", 2),
        ("2x samosa", "samosa", 2),
        ("2 × Samosa!", "samosa", 2),
        ("samosa x5", "samosa", 5),
        ("samosa x 5", "samosa", 5),
        ("samosa", "samosa", 1),
        ("२ काजू कतली", "kaju", 2),
        ("99 samosa", "samosa", 99),
        ("7 up", "up", 1),
        ("2 7 up", "up", 2),
        ("7 up 3", "up", 3),
        ("7 7 up", "up", 7),
        ("ginger chai", "ginger", 1),
        ("अदरक चाय", "ginger", 1),
        ("ginger chai 250 g", "ginger", 1),
        ("ginger chai 250g", "ginger", 1),
        ("3 ginger chai 250 g", "ginger", 3),
        ("ginger chai 250 g 3", "ginger", 3),
        ("3 ginger chai", "ginger", 3),
        ("kulhad cups 6", "cups", 1),
        ("2 kulhad cups 6", "cups", 2),
        ("2 gift box 3 teas", "box-3", 2),
        ("2 gift box", "box", 2),
    ],
)
def test_how_many_of_what(text: str, sku: str, quantity: int) -> None:
    assert (CALLED[text]["sku"], CALLED[text]["quantity"]) == (sku, quantity)


@pytest.mark.parametrize(
    "text",
    [
        *("0 samosa", "100 samosa", "2.5 kaju katli", "1/2 samosa", "1,000 samosa", "2 samosa 5"),
        *(
            "2 kg kaju katli",
            "2",
            "2 x",
            "x 2",
            "2 cash",
            "note 2",
            "two samosa",
            "2 g",
            "2 coffee",
            "samosa 2.5",
        ),
    ],
)
def test_what_is_no_quantity_of_a_product_means_nothing(text: str) -> None:
    assert CALLED[text] == {"sku": "", "quantity": 1, "products": []}


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("6 kulhad cups", 1),  # one set of six, or six sets?
        ("gift box 6", 1),  # six boxes, or the box of six?
        ("kulhad cups", 1),  # the count of a set is no weight
        ("assam leaf", 1),  # the tin too
        ("rice", 1),
        ("2 rice", 2),
        ("kaju 3", 3),
        ("assam x 4", 4),
    ],
)
def test_what_is_not_sure_is_asked_about(text: str, quantity: int) -> None:
    assert (CALLED[text]["sku"], CALLED[text]["quantity"]) == ("", quantity)
    assert CALLED[text]["products"]


@given(st.integers(1, 99), st.sampled_from(sorted(SHOP.skus - {"box"})), st.booleans())
def test_a_number_beside_a_whole_name_is_the_quantity_or_is_asked_about(
    number: int, sku: str, before: bool
) -> None:
    names = {**{product.sku: product.name for product in SHOP.products}, "box-3": "Gift box, 3 teas"}
    name = names.get(sku, "Gift box, 6 teas")
    shown = name if isinstance(name, str) else name["en"]
    found = CALLED[f"{number} {shown}" if before else f"{shown} {number}"]
    product = {"box-3": "3 teas, 6 teas", "box-6": "3 teas, 6 teas"}.get(sku, shown)
    assert (found["sku"], found["quantity"]) == (sku, number) or str(number) in product
    assert found["sku"] in ("", sku)
