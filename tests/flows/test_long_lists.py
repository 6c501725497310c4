"""A list has ten rows at most: the check finds an eleventh, and so does the rendering."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Issue, Severity
from flows.language.load import examine, load
from flows.messages.kinds import List
from payments.processing.actions import SHOP
from payments.simulator.simulator import Simulator
from tests.builders import cart_of

FLOW: Final = """
flow: long
shop:
  name: Long
  products:
{products}
messages:
  m: {{text: Pick, list: {{button: See, {rows}}}}}
  added: Added.
apology: Sorry.
anywhere:
  add: {{do: {{cart.add: {{sku: "{{{{ event.value }}}}"}}}}, say: added}}
  cart.refused: {{say: added}}
  order.requested: {{do: cart.fill}}
  payment.captured: {{say: m}}
  show: {{words: [show], say: m}}
otherwise: {{say: m}}
start: s
states: {{s: {{}}}}
"""
EACH: Final = "on: add, with: '{{ p.sku }}', title: '{{ p.name }}'"
CART: Final = f"rows: {{each: cart.lines, as: p, {EACH}}}"
HALF: Final = "rows: [{each: 'cart.lines[:6]', as: p, " + EACH + "}]"
SECTIONS: Final = (
    f"sections: [{{title: A, {HALF}}}, {{title: B, {HALF.replace('[:6]', '[6:]')}}}]"  # two of six and five
)
ONE_MORE: Final = f"rows: [{{each: cart.lines, as: p, {EACH}}}, {{on: show, title: Show}}]"


def written(count: int, rows: str) -> str:
    """A shop with `count` products, and a list with these rows."""
    products = "\n".join(f"    - {{sku: s{n}, price: 1, name: Tea {n}}}" for n in range(count))
    return FLOW.format(products=products, rows=rows)


def issues(count: int, rows: str) -> list[Issue]:
    return list(examine(written(count, rows), vocabulary=SHOP, limits=LIMITS).issues)


@pytest.mark.parametrize(("fits", "rows"), [(10, CART), (10, SECTIONS), (9, ONE_MORE)])
def test_the_check_finds_what_a_full_cart_would_make_too_long(fits: int, rows: str) -> None:
    assert issues(fits, rows) == []
    [issue] = issues(fits + 1, rows)
    assert issue.severity is Severity.WARNING, "whether a cart gets so full, only customers can tell"
    assert "all products in the cart: the list has over 10 rows: WhatsApp refuses it" in issue.message
    assert issue.mend == "add 'pages: true' beside 'button'"


@pytest.mark.parametrize("count", [9, 11, 25])
@pytest.mark.parametrize("rows", [CART, SECTIONS, ONE_MORE, CART.replace("cart.lines", "shop.products")])
def test_a_list_with_pages_is_never_too_long(count: int, rows: str) -> None:
    assert issues(count, f"pages: true, {rows}") == []


@pytest.mark.parametrize("each", ["shop.products", "shop.products[:11]", "shop.products if true else []"])
def test_the_check_refuses_what_is_always_too_long(each: str) -> None:
    rows = f"rows: {{each: '{each}', as: p, {EACH}}}"
    assert issues(10, rows) == []
    found = issues(11, rows)
    assert found
    assert all(issue.severity is Severity.ERROR for issue in found)
    assert any("10 rows" in issue.message for issue in found)


@pytest.mark.parametrize(("fits", "rows"), [(10, CART), (10, SECTIONS), (9, ONE_MORE)])
def test_a_message_that_comes_out_too_long_is_an_apology_and_waits_for_a_person(fits: int, rows: str) -> None:
    chat = Simulator(load(written(11, rows), "long.yaml", SHOP, limits=LIMITS))
    chat.request(cart_of(*((f"s{n}", 1) for n in range(fits))))
    [said] = chat.write("show")
    assert isinstance(said, List)
    assert sum(len(section.rows) for section in said.sections) == 10
    assert chat.parked == []
    chat.request(cart_of(*((f"s{n}", 1) for n in range(fits + 1))))
    [sorry] = chat.write("show")
    assert getattr(sorry, "body", "") == "Sorry."
    [parked] = chat.parked
    assert "the list has over 10 rows" in str(parked.error)
