"""New answers are written into a scenario, and all else stays as it was written."""

from pathlib import Path

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from payments.simulator.updating import updated
from tests.test_scenarios import FILES, TEXTS, shop

FLOW = """flow: x
shop: {name: X, products: [{sku: a, price: 1, name: A}]}
messages:
  one: One.
  two: "Two:\\nlines"
  pick: {text: Which one, buttons: [{on: hi, title: First}, {on: bye, title: Second}]}
anywhere:
  hi: {words: [hi], say: [one, pick]}
  bye: {words: [bye], say: two}
  both: {words: [both], say: [one, two], to: there}
  order.requested: {say: one}
  payment.captured: {say: one}
otherwise: {say: one}
start: here
states: {here: {}, there: {}}
"""


def new(text: str) -> str | None:
    flow = load(FLOW, "x.yaml", SHOP, limits=LIMITS)
    return updated(flow, parse(text, "s.yaml"), text)


@pytest.mark.parametrize(
    ("written", "other"),
    [
        ("- shop: One.  # so\n    state: there  # be", "- shop: One.  # so\n    state: here  # be"),
        ("- shop: Won.  # wrong", "- shop: One.  # wrong"),
        ("- {shop: Won., state: here}", '- {shop: "One.", state: here}'),
        ("- shop: [Won.]", '- shop: ["One."]'),
        ("- shop: |\n      Won.\n      Two.\n\n  # then", "- shop: One.\n\n  # then"),
        ("- shop: []", "- shop: One."),
        ("- shop: [One., More.]  # both", "- shop: One.  # both"),
        ("- shop:\n      - 1\n      - 2\n    # a\n    state: here", "- shop: One.\n    # a\n    state: here"),
        ("- shop: O…  # stays", "- shop: O…  # stays"),
        ("- shop: Won…  # begins so", "- shop: One.…  # begins so"),
        ("- shop: [O…, More…]  # both", "- shop: O…  # both"),
    ],
)  # fmt: skip
def test_what_is_written_anew_in_one_answer(written: str, other: str) -> None:
    chat = "scenario: x  # a name\nchat:\n  - customer: huh\n  {}\n  - customer: huh\n  - shop: One.\n"
    assert new(chat.replace("{}", written)) == chat.replace("{}", other)


@pytest.mark.parametrize(
    ("does", "written", "other"),
    [
        ("bye", "- shop: Two.", "- shop: |\n      Two:\n      lines"),
        ("bye", "- shop: Three…", '- shop: "Two:…"'),
        ("bye", "- shop: Three …", "- shop: |\n      Two:\n      …"),
        ("bye", "- shop: Three of them…", "- shop: |\n      Two:\n      lines…"),
        ("both", "- shop: T…", "- shop: [One., T…]"),
        ("bye", "- shop: [Two.]", '- shop: ["Two:\\nlines"]'),
        ("both", "- shop: Two.", "- shop:\n      - One.\n      - |\n        Two:\n        lines"),
        ("both", "- shop:\n    - 1\n    - 2", "- shop:\n    - One.\n    - |\n        Two:\n        lines"),
        ("both", "- state: here\n    shop: [One., Two…]", "- state: there\n    shop: [One., Two…]"),
        ("hi", "- buttons: [One]  # two", "- buttons: [First, Second]  # two"),
        ("hi", "- rows: [One]\n    shop: [O…, W…]", "- rows: []\n    shop: [O…, W…]"),
        ("hi", "- documents: [invoice]\n    shop: [O…, W…]", "- documents: []\n    shop: [O…, W…]"),
    ],
)  # fmt: skip
def test_what_is_written_anew_in_many_forms(does: str, written: str, other: str) -> None:
    chat = "scenario: x\nchat:\n  - customer: DOES\n  {}\n".replace("DOES", does)
    assert new(chat.replace("{}", written)) == chat.replace("{}", other)


@pytest.mark.parametrize("wrong", ["tap: Nothing", "breaks: nothing\n  - tap: Nothing", "reaches: nowhere"])
def test_what_answers_alone_do_not_mend_is_left(wrong: str) -> None:
    assert new(f"scenario: x\nchat:\n  - customer: hi\n  - shop: Won.\n  - {wrong}\n") is None


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_shipped_chat_is_mended_when_all_its_answers_change(file: Path) -> None:
    """Each text of the flow that has an exclamation mark is another one."""
    text = file.read_text("utf-8")
    flow = other_shop(TEXTS[file.parent.name])
    before = parse(text, file.name)
    made = updated(flow, before, text)
    if play(flow, before).mismatch is None:
        assert made == text
        return
    assert made is not None
    assert made != text
    comments = [line.partition("  # ")[2] for line in text.splitlines() if "  # " in line]
    assert comments == [line.partition("  # ")[2] for line in made.splitlines() if "  # " in line]


def other_shop(text: str) -> Flow:
    other = text.replace("🛒 Your cart", "🧺 Your basket").replace("🧾 Your order", "🧾 All that you take")
    return shop(other)
