"""What a button carries must be a sku only where a tap on it is taken for one."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Issue, Severity
from flows.language.load import examine
from payments.processing.actions import SHOP

STALL: Final = """\
flow: lemonade
shop:
  name: Lemonade
  products: [{sku: glass, price: 30, name: A glass}]
variables:
  asked: {}
messages:
  menu: {text: Welcome., buttons: [{on: pick, with: glass, title: A glass}MENU]}
  cart: {text: In your cart., buttons: [{on: pay, title: Pay}]}
  ice: {text: Ice., buttons: [{on: pick, with: "yes", title: "Yes"}, {on: pick, with: "no", title: "No"}]}
  pay: {text: "Pay {{ order.total | money }}", link: {title: Pay, url: "{{ order.link }}"}}
  thanks: Thank you.
  sorry: That did not work.
anywhere:
  hello: {words: hello, to: counter}
  icy: {words: ice, to: iced}
  pay: {do: [order.place, payment.request]}
  order.requested: {do: [cart.fill, order.place, payment.request]}
  payment_link.created: {say: pay}
  payment_link.refused: {say: sorry}
  order.refused: {say: sorry}
  cart.refused: {say: sorry}
  payment.captured: {do: cart.settle, say: thanks}
otherwise: {say: thanks}
start: counter
states:
  counter:
    enter: {say: menu}
    on:
      pick: PICK
  iced:
    enter: {say: ice}
    on:
      pick: ICED
"""
ADD: Final = 'do: {cart.add: {sku: "{{ event.value }}"}}, say: cart'
NOTE: Final = '{do: {set: {asked: "{{ event.value }}"}}, say: thanks}'


def issues_of(pick: str, iced: str = NOTE, menu: str = "") -> list[tuple[Severity, str, int]]:
    text = STALL.replace("PICK", pick).replace("ICED", iced).replace("MENU", menu)
    return [
        (one.severity, one.message, one.line)
        for one in examine(text, "f.yaml", SHOP, limits=LIMITS).issues
        if not _is_of_the_variable(one)
    ]


def _is_of_the_variable(issue: Issue) -> bool:
    return "'asked'" in issue.message


def button(value: str) -> str:
    return f", {{on: pick, with: {value}, title: Other}}"


NO_GLAS: Final = "there is no sku 'glas'"


def test_a_trigger_that_adds_in_one_state_and_asks_in_another() -> None:
    assert issues_of(f"{{{ADD}}}") == []
    assert issues_of(f"{{{ADD}}}", menu=button("glas")) == [(Severity.ERROR, NO_GLAS, 8)]


def test_a_tap_that_adds_wherever_it_is_offered() -> None:
    found = issues_of(f"{{{ADD}}}", f"{{{ADD}}}")
    assert found == [(Severity.ERROR, f"there is no sku '{one}'", 10) for one in ("yes", "no")]


def test_a_tap_that_adds_on_the_way_into_a_state() -> None:
    text = STALL.replace("PICK", "{to: adding}").replace("ICED", NOTE).replace("MENU", button("glas"))
    text += '  adding:\n    enter: {do: {cart.add: {sku: "{{ event.value }}"}}, say: cart}\n'
    found = examine(text, "f.yaml", SHOP, limits=LIMITS).issues
    assert [(one.severity, one.message) for one in found if not _is_of_the_variable(one)] == [
        (Severity.ERROR, NO_GLAS)
    ]


@pytest.mark.parametrize(
    "guard",
    [
        "event.value == 'none'",
        "'none' == event.value",
        "event.value in ['none', 'later']",
        "event.value | lower == 'NONE' | lower",
        "asked == 'x' or event.value == 'none'",
        "event.value not in shop.product",
    ],
)
def test_a_value_that_a_guard_asks_for_is_no_sku(guard: str) -> None:
    pick = f'[{{if: "{guard}", to: iced}}, {{{ADD}}}]'
    assert issues_of(pick, menu=button("none")) == []


def test_a_value_that_the_guard_of_the_action_leaves_out() -> None:
    pick = f"[{{if: event.value != 'none', {ADD}}}, {{to: iced}}]"
    assert issues_of(pick, menu=button("none")) == []


@pytest.mark.parametrize("guard", ["event.value == 'none'", "asked == 'x'"])
def test_where_some_alternatives_add_it_is_a_warning(guard: str) -> None:
    pick = f'[{{if: "{guard}", to: iced}}, {{{ADD}}}]'
    assert issues_of(pick, menu=button("glas")) == [(Severity.WARNING, NO_GLAS, 8)]


def test_where_what_adds_may_not_answer_it_is_a_warning() -> None:
    found = issues_of(f"{{if: asked == 'x', {ADD}}}", menu=button("glas"))
    assert found == [(Severity.WARNING, NO_GLAS, 8)]


def test_where_each_alternative_adds_it_is_an_error() -> None:
    pick = f"[{{if: asked == 'x', {ADD}, to: iced}}, {{{ADD}}}]"
    assert issues_of(pick, menu=button("glas")) == [(Severity.ERROR, NO_GLAS, 8)]


def test_what_answers_old_taps_elsewhere_does_not_count() -> None:
    text = STALL.replace("PICK", f"{{{ADD}}}").replace("ICED", NOTE).replace("MENU", button("glas"))
    text = text.replace("anywhere:\n", "anywhere:\n  pick: {stale: true, say: sorry}\n")
    found = examine(text, "f.yaml", SHOP, limits=LIMITS).issues
    assert [(one.severity, one.message) for one in found if "sku" in one.message] == [
        (Severity.ERROR, NO_GLAS)
    ]
