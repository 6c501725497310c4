"""A sale that can never succeed is a warning: money is asked for without an order, or for an order never."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Severity
from flows.language.load import examine
from payments.processing.actions import SHOP

STALL: Final = """\
flow: lemonade
shop:
  name: Lemonade
  cash: {up_to: 2000}
  products: [{sku: glass, price: 30, name: A glass}]
messages:
  hello: {text: Lemonade, buttons: [{on: buy, title: Please}, {on: pay, title: Pay}, {on: away, title: Go}]}
  ready: {text: Ready, buttons: [{on: pay, title: Pay}]}
  link: {text: Pay, link: {title: Pay, url: "{{ order.link }}"}}
  sorry: Sorry.
  paid: Paid.
anywhere:
  order.requested: {do: [cart.fill, order.place, payment.request]}
  payment_link.created: {say: link}
  payment_link.refused: {say: sorry}
  order.refused: {say: sorry}
  cart.refused: {say: sorry}
  payment.captured: {do: cart.settle, say: paid}
otherwise: {say: hello}
start: counter
states:
  counter:
    on:
      buy: BUY
      pay: PAY
      away: {to: till}
  till:
    enter: ENTER
    exit: EXIT
    on:
      pay: TILL
      away: {to: counter}
      buy: {say: sorry}
"""
SET: Final = "{cart.set: {sku: glass, quantity: 1}}"
SALE: Final = {
    "BUY": f"{{do: [{SET}, order.place, payment.request]}}",
    "PAY": "{say: sorry}",
    "ENTER": "{say: ready}",
    "EXIT": "{}",
    "TILL": "{say: sorry}",
}


def warnings_of(text: str, **parts: str) -> list[tuple[str, str]]:
    """What the check says of the stall with these parts: the message, and what stands at its place."""
    for name, part in {**SALE, **parts}.items():
        text = text.replace(name, part, 1)
    issues = examine(text, "f.yaml", SHOP, limits=LIMITS).issues
    assert {issue.severity for issue in issues} <= {Severity.WARNING}, "\n".join(map(str, issues))
    lines = text.split("\n")
    return [(one.message, lines[one.line - 1][one.column - 1 :][:16]) for one in issues]


REQUEST: Final = "'payment.request' is always refused here: no order was placed before it"
CASH: Final = "'payment.cash' is always refused here: no order was placed before it"
WAITS: Final = "nothing asks for the money of this order: it stays unpaid, and nobody can accept it"
_ONLY: Final = f"{{do: [{SET}, payment.request]}}"
_PLACED: Final = f"{{do: [{SET}, order.place], say: ready}}"
HALF: Final[dict[str, tuple[dict[str, str], tuple[str, str]]]] = {
    "an order that was forgotten": ({"BUY": _ONLY}, (REQUEST, "payment.request]")),
    "an order behind its money": (
        {"BUY": f"{{do: [{SET}, payment.request, order.place]}}"},
        (REQUEST, "payment.request,"),
    ),
    "cash without an order": ({"BUY": f"{{do: [{SET}, payment.cash]}}"}, (CASH, "payment.cash]}")),
    "a state entered without an order": (
        {"BUY": f"{{do: {SET}, to: till}}", "ENTER": "{do: payment.request, say: ready}"},
        (REQUEST, "do: payment.requ"),
    ),
    "an order that nobody pays": ({"BUY": _PLACED}, (WAITS, "order.place], sa")),
    "an order that nobody pays, of a state": (
        {"BUY": f"{{do: {SET}, to: till}}", "ENTER": "{do: order.place, say: ready}"},
        (WAITS, "do: order.place,"),
    ),
}


@pytest.mark.parametrize("half", HALF)
def test_half_a_sale_is_named_where_it_stands(half: str) -> None:
    parts, wanted = HALF[half]
    assert warnings_of(STALL, **parts) == [wanted]


def test_news_of_a_link_comes_only_of_an_order_that_was_placed() -> None:
    text = STALL.replace(
        "  payment.captured:", "  payment_link.expired: {do: payment.request}\n  payment.captured:"
    )
    assert warnings_of(text) == []
    assert warnings_of(text, BUY=_ONLY) == [(REQUEST, "payment.request]")]


def test_an_order_over_the_api_that_nobody_pays() -> None:
    text = STALL.replace(
        "[cart.fill, order.place, payment.request]", "[cart.fill, order.place], say: ready", 1
    )
    no_link = ("no message shows the payment link, and without it nobody can pay", "")
    found = warnings_of(text, BUY=_PLACED)
    assert no_link not in found
    assert [message for message, _ in found] == [WAITS, WAITS]


def test_the_mends_are_taken() -> None:
    for before, after in (
        ("payment.request]", "order.place, payment.request]"),
        ("payment.cash]", "order.place, payment.cash]"),
    ):
        assert warnings_of(STALL, BUY=f"{{do: [{SET}, {before}}}") != []
        assert warnings_of(STALL, BUY=f"{{do: [{SET}, {after}}}") == []
    for paid in ("payment.request", "payment.cash"):
        assert warnings_of(STALL, BUY=f"{{do: [{SET}, order.place, {paid}], say: ready}}") == []


def test_cash_that_the_shop_does_not_take_is_no_payment() -> None:
    no_cash = STALL.replace("  cash: {up_to: 2000}\n", "")
    for_cash = {"TILL": f"{{do: [{SET}, order.place, payment.cash]}}"}
    assert warnings_of(STALL, BUY=_ONLY, **for_cash) == []
    assert warnings_of(no_cash, BUY=_ONLY, **for_cash) == [(REQUEST, "payment.request]")]
    assert warnings_of(no_cash, **for_cash) == []
    later = {"BUY": _PLACED, "PAY": "{do: payment.cash}"}
    assert warnings_of(STALL, **later) == []
    assert warnings_of(no_cash, **later) == [(WAITS, "order.place], sa")]


def test_a_rule_that_looks_at_the_order_first_is_not_judged() -> None:
    again = "[{if: order.status == 'unpaid', do: payment.request}, {say: sorry}]"
    assert warnings_of(STALL, BUY=_ONLY, PAY=again) == [(REQUEST, "payment.request]")]


WHOLE: Final[dict[str, dict[str, str]]] = {
    "in one rule": {},
    "paid in the next state": {
        "BUY": f"{{do: [{SET}, order.place], to: till}}",
        "TILL": "{do: payment.request}",
    },
    "paid on entering": {
        "BUY": f"{{do: [{SET}, order.place], to: till}}",
        "ENTER": "{do: payment.request, say: ready}",
    },
    "placed on entering": {
        "BUY": f"{{do: {SET}, to: till}}",
        "ENTER": "{do: order.place, say: ready}",
        "TILL": "{do: payment.request}",
    },
    "placed on leaving": {
        "BUY": f"{{do: {SET}, to: till}}",
        "EXIT": "{do: order.place}",
        "PAY": "{do: payment.request}",
    },
    "paid in the same state": {"BUY": _PLACED, "PAY": "{do: payment.request}"},
    "asked for again": {"PAY": "{do: payment.request}"},
    "asked for again elsewhere": {"TILL": "{do: payment.request}"},
    "cash in the next state": {
        "BUY": f"{{do: [{SET}, order.place], to: till}}",
        "TILL": "{do: payment.cash}",
    },
    "placed anew when it is paid": {"BUY": _PLACED, "PAY": "{do: [order.place, payment.request]}"},
    "a shop whose orders come over the API": {"BUY": "{say: sorry}", "PAY": "{do: payment.request}"},
}


@pytest.mark.parametrize("whole", WHOLE)
def test_a_whole_sale_is_no_mistake(whole: str) -> None:
    assert warnings_of(STALL, **WHOLE[whole]) == []
