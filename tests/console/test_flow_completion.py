"""Keys, values and names are offered where they may stand, also while the text is half written."""

import json
from pathlib import Path

import pytest

from bot.console.flow.completion import words_at
from bot.console.flow.editor import Asked, asked_for
from bot.flow_docs.files import schema_text

SCHEMA = json.loads(schema_text())
TEXT = """\
flow: tea
start: browsing
languages: [en]
messages:
  hello: Hello
  menu_card:
    en: Menu
shop:
  name: Tea
  products:
  - sku: chai
    name: Chai
    price: 20
states:
  browsing:
    enter: {say: hello}
    on:
      menu:
        - {words: [menu], say: menu_card}
      help:
        - words: [help]
          say: hello
  paid: {}
"""


def offered(before: str, line: int, text: str = TEXT) -> list[str]:
    """Return the words after `before`, which is written in the place of `line`."""
    lines = text.split("\n")
    lines.insert(line - 1, before)
    return [one.word for one in words_at(SCHEMA, "\n".join(lines), line, before)[1]]


@pytest.mark.parametrize(
    ("before", "line", "some", "none"),
    [
        ("", 1, {"flow", "states", "shop"}, {"sku"}),
        ("sta", 2, {"start", "states"}, {"shop"}),
        ("  ", 9, {"name", "products", "gst", "delivery"}, {"sku", "flow"}),
        ("    ", 13, {"price", "description", "sku"}, {"products"}),
        ("  - ", 11, {"sku", "price"}, {"products"}),
        ("  - s", 11, {"sku"}, {"price"}),
        ("    ", 16, {"enter", "on", "ask"}, {"say"}),
        ("    enter: {", 16, {"say", "do"}, {"enter"}),
        ("    enter: {say: hello, d", 16, {"do"}, {"say"}),
        ("    enter: {say: ", 16, {"hello", "menu_card"}, {"browsing"}),
        ("        - {words: [a, b], to: ", 19, {"browsing", "paid"}, {"hello"}),
        ("        - {words: [a, b], say: [hello, m", 19, {"menu_card"}, {"hello"}),
        ("          ", 22, {"say", "if", "to", "interrupts"}, {"enter"}),
        ("          interrupts: ", 22, {"true", "false"}, {"say"}),
        ("          to: b", 22, {"browsing"}, {"paid"}),
        ("start: ", 2, {"browsing", "paid"}, {"hello"}),
    ],
)
def test_what_may_stand_there_is_offered(before: str, line: int, some: set[str], none: set[str]) -> None:
    found = set(offered(before, line))
    assert some <= found, sorted(found)
    assert not none & found, sorted(found)


@pytest.mark.parametrize(
    "before", ["# comm", "    en: Menu and ", "  hello: Hello {{ na", '  "quo', "}}}{", "- - - -", "[", ":"]
)
def test_where_no_word_is_expected_none_is(before: str) -> None:
    assert offered(before, 8) == []


def test_each_key_says_what_it_means() -> None:
    _, words = words_at(SCHEMA, "", 1, "")
    assert all(one.says and one.is_key for one in words)


def test_every_place_of_the_shipped_flow_is_answered_quickly() -> None:
    text = Path("flows.yaml").read_text("utf-8")
    for n, line in enumerate(text.split("\n"), 1):
        if n % 7 == 0:
            for end in (len(line), len(line) // 2):
                words_at(SCHEMA, text, n, line[:end])


@pytest.mark.parametrize(
    "given",
    [
        None,
        "a",
        {},
        {"number": 1, "line": 1, "before": "{" * 1_001},
        {"number": 1, "line": 0, "before": ""},
        {"number": 1, "line": 10**9, "before": ""},
        {"number": -1, "line": 1, "before": ""},
        {"number": 2**40, "line": 1, "before": ""},
        {"number": True, "line": 1, "before": ""},
        {"number": 1, "line": "1", "before": ""},
        {"number": 1, "line": 1, "before": ["{"]},
    ],
)
def test_what_our_editor_never_asks_is_not_looked_at(given: object) -> None:
    assert asked_for(given) is None


def test_a_question_of_our_editor_is_taken() -> None:
    assert asked_for({"number": 3, "line": 12, "before": "  sa"}) == Asked(3, 12, "  sa")
