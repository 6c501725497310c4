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


@pytest.mark.parametrize("text", ["2", "2 x", "x 2", "2 cash", "note 2", "2 g", "2 coffee", "cash samosa"])
def test_what_is_no_quantity_of_a_product_means_nothing(text: str) -> None:
    assert CALLED[text] == {"sku": "", "quantity": 1, "products": []}


@pytest.mark.parametrize(
    ("text", "quantity"),
    [
        ("6 kulhad cups", 1),  # one set of six, or six sets?
        ("kulhad cups", 1),  # the count of a set is no weight
        ("assam leaf", 1),  # the tin too
        ("rice", 1),
        ("2 rice", 2),
        ("kaju 3", 3),
        ("assam x 4", 4),
        ("two samosa", 1),
        ("2 samosa please", 2),
        ("0 samosa", 1),
        ("100 samosa", 1),
        ("2 samosa 5", 1),
        ("1/2 samosa", 1),
        ("2.5 kaju katli", 1),
        ("2 kg kaju katli", 1),  # it has no sizes
        ("samosaa", 1),
        ("3 kaju ktli", 3),
    ],
)
def test_what_is_not_sure_is_asked_about(text: str, quantity: int) -> None:
    assert (CALLED[text]["sku"], CALLED[text]["quantity"]) == ("", quantity)
    assert CALLED[text]["products"]


SIZED = Shop.model_validate(
    {
        "name": "S",
        "products": [
            {
                "sku": sku,
                "name": name,
                "variants": [
                    {"sku": f"{sku}-{at}", "price": 10, "name": size} for at, size in enumerate(sizes)
                ],
            }
            for sku, name, sizes in (
                ("kaju", "Kaju katli", ("250 gm", "500 gm", "1 kg", "1.5 kg")),
                ("rasmalai", "Rasmalai", ("2 pcs", "4 pcs")),
                ("soan", "Soan papdi", ("1 kg", "2 kg")),
                ("ladoo", "Motichoor ladoo", ("250 gm", "1 kg")),
                ("box", "Gift box", ("3 teas", "6 teas")),
            )
        ],
    }
)
SIZES = view(SIZED, "en", "en", {"cash", "cancel"})["called"]


@pytest.mark.parametrize(
    ("text", "sku", "quantity"),
    [
        ("kaju katli 250 gm", "kaju-0", 1),
        ("kaju katli 250g", "kaju-0", 1),
        ("Kaju Katli 250 grams", "kaju-0", 1),
        ("motichoor ladoo 250 g", "ladoo-0", 1),
        ("1 kaju katli 250 g", "kaju-0", 1),
        ("3 kaju katli 250 g", "kaju-0", 3),
        ("2 250 gm kaju katli", "kaju-0", 2),
        ("kaju katli 250 g x 2", "kaju-0", 2),
        ("1kg kaju katli", "kaju-2", 1),
        ("kaju katli 1 kilo", "kaju-2", 1),
        ("1.5 kg kaju katli", "kaju-3", 1),
        ("काजू", "", 1),
        ("2 kg kaju katli", "kaju", 1),  # no such size: which one?
        ("kaju katli half kg", "kaju", 1),
        ("some kaju katli please", "kaju", 1),
        ("i want 2 kaju katli", "kaju", 2),
        ("1 soan papdi", "soan", 1),
        ("2 soan papdi", "soan", 2),  # two of some size
        ("4 pcs rasmalai", "rasmalai-1", 1),
        ("rasmalai 4 piece", "rasmalai-1", 1),
        ("4 rasmalai", "rasmalai", 1),  # four boxes, or the box of four?
        ("3 rasmalai", "rasmalai", 3),
        ("gift box 6", "box", 1),  # six boxes, or the box of six? Its sizes are shown
        ("6 gift box 6 teas", "box-1", 6),
        ("cancel kaju katli", "", 1),
        ("is kaju katli fresh?", "", 1),
        ("my mother likes your kaju katli", "", 1),
    ],
)
def test_a_size_is_understood_however_it_is_written(text: str, sku: str, quantity: int) -> None:
    assert (SIZES[text]["sku"], SIZES[text]["quantity"]) == (sku, quantity)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("kaju ktli", "Kaju katli"),
        ("motichur laddu", "Motichoor ladoo"),
        ("rasmalaai", "Rasmalai"),
        ("son papdi", ""),
        ("kaju katl 2 kg", "Kaju katli"),
        ("kajo", ""),
        ("kaju 2 kg", "Kaju katli"),
    ],
)
def test_one_wrong_letter_is_asked_about(text: str, name: str) -> None:
    assert SIZES[text]["sku"] == ""
    assert [product["name"] for product in SIZES[text]["products"]] == ([name] if name else [])


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
