"""One run of the check says everything: a mistake of one kind hides none of another, and brings no noise."""

from collections.abc import Callable
from itertools import cycle
from typing import Any, Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Issue
from flows.language.load import examine
from payments.processing.actions import SHOP
from tests.flows.sound_flow import TOY, edited, issues_of
from tests.flows.test_check_planted import PLANTED, recipe

Said = tuple[str, str]


def said(text: str) -> list[Said]:
    return [(str(issue.severity), issue.message) for issue in examine(text, "f", SHOP, limits=LIMITS).issues]


def _appended(end: str) -> Callable[[str], str]:
    return lambda text: f"{text}\n{end}\n"


SHAPES: Final[dict[str, Callable[[str], str]]] = {
    "a price": lambda text: text.replace("price: ", "price: about ", 1),
    "a key of the shop": lambda text: text.replace("\nshop:\n", "\nshop:\n  opening: 9\n", 1),
    "a key that is meant": lambda text: text.replace("\nlanguages:", "\nlanguage:"),
    "an apology": _appended("apology: []"),
    "a misspelt truth": _appended("always: {hold: cart.count >= 0}"),
    "a key of nothing": _appended("zzz: [1]"),
    "an entry that is no YAML": _appended("never: [{if: 'x'"),
    "a key twice": _appended("flow: again"),
}
"""Mistakes of shape and of YAML, one in each."""
HARMLESS: Final = ("a price", "a key of the shop", "a key that is meant", "an apology", "a key twice")
"""Those that hold no name, rule or reply."""


@pytest.mark.parametrize(
    ("planted", "shape"),
    [*zip(PLANTED, cycle(SHAPES), strict=False)],
    ids=lambda one: one if isinstance(one, str) else "in",
)
def test_a_mistake_of_shape_hides_no_mistake_of_meaning(planted: dict[str, Any], shape: str) -> None:
    sound = recipe(planted["recipe"])
    wrong = sound.replace(planted["instead of"], planted["written"], 1)
    alone, both = said(SHAPES[shape](sound)), said(SHAPES[shape](wrong))
    assert set(alone) <= set(both)
    assert set(both) - set(alone) <= set(said(wrong))
    if shape in HARMLESS:
        assert {one for one in said(wrong) if one[0] == "error"} <= set(both)


def lines_of(text: str) -> list[tuple[int, str]]:
    return [(issue.line, issue.message) for issue in issues_of(text)]


def test_yaml_shape_names_templates_and_meaning_are_said_in_one_run() -> None:
    text = edited(
        ("ask_age: How old are you?", 'ask_age: "How old are you?'),
        ("title: No}", "title: 5}"),
        ("Choose", "'{{ yyy }}'"),
        ("{to: home}\notherwise", "{to: hom}\notherwise"),
        ("asking:\n", "asking:\n    zzz: 1\n"),
    )
    assert lines_of(text) == [
        (8, "not valid YAML: a quote is opened and never closed"),
        (10, "there is no 'yyy' to read here"),
        (11, "5 is not text"),
        (14, "there is no state 'hom'"),
        (24, "unknown key 'zzz'"),
    ]


def test_a_name_that_may_stand_in_an_unreadable_part_is_not_missing() -> None:
    text = edited(
        ("ask_age: How old are you?", "ask_age: 'It' is"), ("enter: {say: choice}", "enter: {say: chice}")
    )
    assert [message for _, message in lines_of(text)] == [
        "not valid YAML: a text goes on behind a closing quote, bracket or brace",
        "there is no message 'chice'",
    ]
    assert lines_of(edited(("messages:", "messages: [a"))) == [
        (7, "not valid YAML: ':' stands where a ',' or the closing bracket must")
    ]


def test_a_word_is_suggested_only_where_it_may_stand() -> None:
    [issue] = [one for one in issues_of(edited(("ask: age", "start_: x"))) if "unknown" in one.message]
    assert issue.mend == "did you mean 'start'?"
    [issue] = [
        one for one in issues_of(edited(("title: Yes}", "title: Yes, rows: x}"))) if "rows" in one.message
    ]
    assert issue.mend == "remove it"


def test_the_line_is_shown_with_a_caret_under_the_place() -> None:
    [issue] = [
        one for one in issues_of(edited(("title: No}", "title: 5}"))) if one.message == "5 is not text"
    ]
    assert str(issue) == (
        "f.yaml:11:61: error: 5 is not text\n"
        "  11 |     buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: 5}]\n"
        "     |                                                             ^\n"
        "    put it in quotes"
    )


def test_a_long_line_is_cut_around_the_place_and_letters_above_each_other_count_once() -> None:
    line = "क्षि" * 40 + "!" + "x" * 200
    shown, caret = str(Issue("f", 3, 161, "m", source=line)).split("\n")[1:]
    assert shown.startswith("  3 | …")
    assert shown.endswith("x…")
    assert caret == "    | " + " " * (caret.index("^") - 6) + "^"
    assert len(shown) < 120


@pytest.mark.parametrize("section", ["messages", "states", "shelf", "variables", "anywhere", "languages"])
def test_a_whole_section_of_the_wrong_kind_is_one_issue(section: str) -> None:
    head = f"{section}:" if section != "languages" else "languages: [en, hi]"
    lines = edited().split("\n")
    at = next(index for index, line in enumerate(lines) if line.startswith(head))
    end = next(i for i in range(at + 1, len(lines) + 1) if i == len(lines) or not lines[i].startswith(" "))
    text = "\n".join([*lines[:at], f"{section}: 5", *lines[end:]])
    found = examine(text, "f", TOY, limits=LIMITS).issues
    assert [issue.line for issue in found] == [at + 1]
