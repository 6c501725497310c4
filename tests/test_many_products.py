"""The shipped flow carries any list of products: by shelves if there are many, with their pictures."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.checks.filled_in import WrittenTexts
from flows.language.checks.subject import Subject
from flows.language.load import examine, load
from flows.messages.kinds import Buttons, List
from payments.processing.actions import SHOP
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from payments.simulator.simulator import Simulator
from tests.test_scenarios import ROOT, SHIPPED

SHELVES = ("tiffin", "sweets", "drinks", "snacks", "party")
PICTURE = "https://shop.example/misal.jpg"


def product(number: int, **more: Any) -> dict[str, Any]:
    """A product on the shelves in turn."""
    known = {"sku": f"p-{number}", "name": f"Dish {number}", "price": 80, "category": SHELVES[number % 5]}
    return known | more


def text_with(products: Sequence[dict[str, Any]], shelves: Sequence[str] = SHELVES, **more: Any) -> str:
    """The shipped flow file with another shop."""
    shop = {
        "name": "Annapurna",
        "categories": [{"id": one, "name": one.title()} for one in shelves],
        "products": list(products),
        **more,
    }
    block = yaml.safe_dump({"shop": shop}, allow_unicode=True)
    return re.sub(r"(?ms)^shop:\n.*?(?=^variables:)", lambda _: block, SHIPPED)


@cache
def loaded(text: str) -> Flow:
    return load(text, "flows.yaml", SHOP, limits=LIMITS)


def flow_with(products: Sequence[dict[str, Any]], shelves: Sequence[str] = SHELVES) -> Flow:
    return loaded(text_with(products, shelves))


def shown(said: Sequence[Any]) -> dict[str, list[str]]:
    """Titles of the rows of the only message, by the title of their section."""
    [message] = said
    assert isinstance(message, List), message
    return {section.title: [row.title for row in section.rows] for section in message.sections}


def test_the_check_looks_through_the_file_once_however_many_names_are_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = []

    class Counted(WrittenTexts):
        def __init__(self, subject: Subject) -> None:
            made.append(subject)
            super().__init__(subject)

    monkeypatch.setattr("flows.language.checks.trials.WrittenTexts", Counted)
    names = [product(n, name=f"Darjeeling first flush leaf number {n}") for n in range(60)]
    found = examine(text_with(names), "f", SHOP, limits=LIMITS).issues
    told = [one for one in found if "WhatsApp takes 24" in one.message]
    assert len({one.line for one in told}) == len(told) == len(names)
    assert len(made) == 1


def test_ten_products_are_offered_at_once_by_category() -> None:
    flow = flow_with([product(n) for n in range(9)] + [product(9, category=None)])
    assert shown(Simulator(flow).write("hi")) == {
        "Tiffin": ["Dish 0", "Dish 5"],
        "Sweets": ["Dish 1", "Dish 6"],
        "Drinks": ["Dish 2", "Dish 7"],
        "Snacks": ["Dish 3", "Dish 8"],
        "Party": ["Dish 4"],
        "More": ["Dish 9"],
    }


def test_thirty_four_products_are_behind_their_shelves() -> None:
    products = [product(n) for n in range(33)] + [product(33, category=None)]
    products = [one | ({"stock": 0} if one["category"] == "party" else {}) for one in products]
    simulator = Simulator(flow_with(products))
    assert shown(simulator.write("hi")) == {
        "What we have": ["Tiffin", "Sweets", "Drinks", "Snacks"],
        "More": ["Dish 33"],
    }
    assert shown(simulator.write("drinks"))["Choose"] == [
        *(f"Dish {n}" for n in range(2, 33, 5)), "See everything"
    ]  # fmt: skip
    [cart] = simulator.write("Dish 12")
    assert isinstance(cart, Buttons)
    assert "1 × Dish 12: ₹80" in cart.body
    [greeting] = simulator.write("menu")
    assert isinstance(greeting, List)


def test_every_page_of_a_shelf_has_the_way_out() -> None:
    simulator = Simulator(flow_with([{**product(n), "category": "drinks"} for n in range(20)]))
    simulator.write("hi")
    assert shown(simulator.write("drinks"))["Choose"] == [
        *(f"Dish {n}" for n in range(8)), "See everything", "More"
    ]  # fmt: skip
    assert shown(simulator.write("more"))["Choose"] == [
        *(f"Dish {n}" for n in range(8, 16)), "See everything", "More"
    ]  # fmt: skip
    assert shown(simulator.write("more"))["Choose"] == [
        *(f"Dish {n}" for n in range(16, 20)),
        "See everything",
    ]
    assert "What we have" in shown(simulator.write("see everything"))


def test_a_product_shows_its_picture_when_it_is_chosen_and_not_later() -> None:
    flow = flow_with([product(0, image=PICTURE), product(1)])
    simulator, pictures = Simulator(flow), []
    for text in ("hi", "Dish 0", "cart", "hi", "Dish 1"):
        pictures += [said.image for said in simulator.write(text) if isinstance(said, Buttons)]
    assert pictures == [PICTURE, None, None]


@pytest.mark.parametrize("count", [10, 34])
@pytest.mark.parametrize("shelves", [(), SHELVES])
def test_the_check_finds_nothing_whatever_the_shop_sells(count: int, shelves: tuple[str, ...]) -> None:
    products = [product(n, category=SHELVES[n % 5] if shelves else None, image=PICTURE) for n in range(count)]
    text = text_with(products, shelves)
    assert [str(issue) for issue in examine(text, "flows.yaml", SHOP, limits=LIMITS).issues] == []
    said = Simulator(loaded(text)).write("hi")
    assert isinstance(said[0], List)


OWN = sorted((ROOT / "tests" / "shop_scenarios").glob("*.yaml"))
SLOT = {"name": "Evening", "at": "17:00-20:00"}


@pytest.mark.parametrize("file", OWN, ids=lambda file: file.stem)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"delivery": {"areas": [{"pincodes": "411001", "fee": 40, "minimum": 300}], "slots": [SLOT]}},
        {"delivery": {"pickup": True}, "minimum_order": 500, "cash": {"up_to": 2000}},
        {
            "staff": [{"name": "Sunita", "phone": "+919812345671"}],
            "coupons": [{"code": "TEN", "percent": 10}],
        },
    ],
    ids=["as it is", "delivery", "pickup", "staff"],
)
def test_the_chats_of_a_new_shop_fit_whatever_it_sells(file: Path, more: dict[str, Any]) -> None:
    scenario = parse(file.read_text("utf-8"), file.name)
    for products in ([product(0, stock=0), product(1)], [product(n) for n in range(34)]):
        text = text_with(products, SHELVES, **more)
        played = play(loaded(text), scenario)
        assert played.mismatch is None, f"\n{played}"


def test_a_shop_in_which_nothing_is_left_says_so() -> None:
    [said] = Simulator(flow_with([product(0, stock=0)])).write("hi")
    assert said.words.endswith("We have nothing left at the moment: please look in again.")
