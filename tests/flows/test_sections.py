"""Sections that a list makes from a list, and rows from each section's item: what the check finds in them."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import examine, load
from flows.messages.kinds import List
from payments.processing.actions import SHOP
from payments.simulator.simulator import Simulator

FLOW: Final = """
flow: sections
shop:
  name: Sections
  categories: [{id: tea, name: Tea}, {id: cups, name: Cups}, {id: none, name: Nothing in it}]
  products:
    - {sku: masala, price: 1, name: Masala, category: tea}
    - {sku: kulhad, price: 1, name: Kulhad, category: cups}
    - {sku: ginger, price: 1, name: Ginger, category: tea}
messages:
  m:
    text: Pick
    list:
      button: See
      pages: true
      sections:
        - each: shop.categories
          as: shelf
          title: "{{ shelf.name }}"
          rows: {each: shelf.products, as: one, on: add, with: "{{ one.sku }}", title: "{{ one.name }}"}
apology: Sorry.
anywhere:
  add: {do: {cart.add: {sku: "{{ event.value }}"}}, say: m}
  cart.refused: {say: m}
  order.requested: {do: cart.fill}
  payment.captured: {say: m}
otherwise: {say: m}
start: s
states: {s: {}}
"""


@pytest.mark.parametrize("text", [FLOW, FLOW.replace("      pages: true\n", "")], ids=["pages", "one list"])
def test_each_item_makes_a_section_and_an_empty_one_is_left_out(text: str) -> None:
    [said] = Simulator(load(text, vocabulary=SHOP, limits=LIMITS)).write("hi")
    assert isinstance(said, List)
    sections = [(section.title, [row.title for row in section.rows]) for section in said.sections]
    assert sections == [("Tea", ["Masala", "Ginger"]), ("Cups", ["Kulhad"])]


@pytest.mark.parametrize(
    ("old", "new", "said", "mend"),
    [
        ("shelf.name", "shelf.nam", "'shop.categories[…]' has no 'nam'", "did you mean 'name'?"),
        (
            "shelf.products",
            "shelf.product",
            "'shop.categories[…]' has no 'product'",
            "did you mean 'products'?",
        ),
        ("one.sku", "one.sk", "'shop.categories[…].products[…]' has no 'sk'", "did you mean 'sku'?"),
        ("each: shop.categories", "each: shop.shelves", "'shop' has no 'shelves'", "there are name"),
        ("each: shelf.products", "each: rack.products", "there is no 'rack' to read here", "there are"),
        ("as: one,", "as: shelf,", "'shelf' is the section's item already", ""),
    ],
)
def test_the_check_names_what_is_not_there(old: str, new: str, said: str, mend: str) -> None:
    assert old in FLOW
    issues = examine(FLOW.replace(old, new), vocabulary=SHOP, limits=LIMITS).issues
    found = next((issue for issue in issues if said in issue.message), None)
    assert found is not None, [str(issue) for issue in issues]
    assert found.mend.startswith(mend)
