"""What changes from one version of a flow to another is told, whatever it is."""

from collections.abc import Iterator
from typing import Any, Final

import pytest

from flows.language import changes
from flows.language.load import load_spec
from payments.processing.actions import SHOP
from tests.payments.planted_flows import SHIPPED

EDITS: Final = {
    "the start of a group": ("  cart:\n    start: review\n", "  cart:\n    start: choose\n"),
    "languages": ("\nlanguages: [en, hi]", "\nlanguages: [hi, en]"),
    "interrupts": ("words: [help, मदद], interrupts: true, say", "words: [help, मदद], say"),
    "stale": ("        - {stale: true, do: {cart.add:", "        - {do: {cart.add:"),
    "apology": ("  en: Sorry, something went wrong on our side.", "  en: Sorry, that went wrong."),
    "a truth": ("  - {say: complete_payment,", "  - {say: payment_url,"),
    "a reason": ("{ignore: it goes without saying}", "{ignore: that is clear}"),
    "where customers begin": ("\nstart: browsing", "\nstart: cart"),
    "a variable": ("quantity: {type: integer, min: 0, max: 99}", "quantity: {type: integer, min: 0, max: 9}"),
    "a word": ("words: [help, मदद]", "words: [help me, मदद]"),
}  # fmt: skip
"""Each of the flow's parts: what is written, and what it becomes."""


def told(old: Any, new: Any) -> Iterator[str]:
    for section in (changes.messages, changes.states, changes.rules, changes.rest):
        yield from section(old, new)


@pytest.mark.parametrize("name", EDITS)
def test_each_change_of_a_flow_has_a_line(name: str) -> None:
    old, new = EDITS[name]
    assert SHIPPED.count(old), name
    specs = [load_spec({"flows.yaml": text}, SHOP)[1] for text in (SHIPPED, SHIPPED.replace(old, new, 1))]
    assert not changes.same_behaviour(*specs)
    assert list(told(*specs)), name
    assert not list(told(specs[0], specs[0]))


_CALLED: Final = (
    '    - {if: "shop.called[event.text].sku", do: {cart.add: {sku: "{{ shop.called[event.text].sku }}",'
    ' quantity: "{{ shop.called[event.text].quantity }}"}}, to: cart}\n'
)
WORDED: Final = {
    "the end of a long rule": (
        (_CALLED, _CALLED.replace("to: cart}", "to: browsing}")),
        "anywhere, text 2: …ext].quantity }} to cart → …ext].quantity }} to browsing",
    ),
    "what is added at the end of a long rule": (
        (_CALLED, _CALLED.replace("to: cart}", "to: cart, words: [tea]}")),
        "anywhere, text 2: ….quantity }} to cart → ….quantity }} to cart words tea",
    ),
    "one rule of two": (
        ("  cart.emptied: {say: cart_empty, to: browsing}", "  cart.emptied: {say: help, to: browsing}"),
        "anywhere, cart.emptied: say cart_empty to browsing → say help to browsing",
    ),
    "a list": (
        ("\nstart: browsing", "\nmigrate: {from: [till, desk], to: cart, if: cart.lines}\nstart: browsing"),
        "migrate: new: from: [till, desk], to: cart, if: cart.lines",
    ),
    "texts": (
        ("  en: Sorry, something went wrong on our side.", "  en: Sorry, that went wrong."),
        'apology: "{en: \'Sorry, something went wrong on our side. Please try ag…"'
        ' → "{en: \'Sorry, that went wrong. Please try again in a little w…"',
    ),
}  # fmt: skip
"""How a change is told: what is written, what it becomes, and the line."""


@pytest.mark.parametrize("name", WORDED)
def test_a_line_shows_what_differs_as_the_file_has_it(name: str) -> None:
    (old, new), line = WORDED[name]
    assert SHIPPED.count(old) == 1, name
    specs = [load_spec({"flows.yaml": text}, SHOP)[1] for text in (SHIPPED, SHIPPED.replace(old, new, 1))]
    assert list(told(*specs)) == [line]
