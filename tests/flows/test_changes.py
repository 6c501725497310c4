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
