"""Words that are written as one phrase are a warning where that is sure, and nothing is said of phrases."""

import pytest

from flows.document.errors import Issue, Severity
from tests.flows.sound_flow import edited, issues_of

GREET = "  greet: {words: [hi], do: {language: hi}, to: home}"


def greeting(words: str, key: str = "words") -> str:
    return edited((GREET, f"  greet:\n    {key}: {words}\n    do: {{language: hi}}\n    to: home"))


def phrases_in(text: str) -> list[Issue]:
    return [issue for issue in issues_of(text) if "is one phrase" in issue.message]


@pytest.mark.parametrize(
    ("written", "apart"),
    [
        ("hi hello menu", "[hi, hello, menu]"),
        ("hi, hello, menu", "[hi, hello, menu]"),
        ("Hi hello", "[Hi, hello]"),
        ("hi hello products", "[hi, hello, products]"),
        ("hi menu", "[hi, menu]"),
        ("yes ok okay", "[yes, ok, okay]"),
        ("menu, products", "[menu, products]"),
        ("show me, the price list, pay now", "[show me, the price list, pay now]"),
        ("नमस्ते hello", '["नमस्ते", hello]'),
        ("[buy, hi hello]", "[buy, hi, hello]"),
        ("[hi hello menu]", "[hi, hello, menu]"),
        ("'hi hello'", "[hi, hello]"),
    ],
)
@pytest.mark.parametrize("key", ["words", "answers"])
def test_words_in_one_phrase(written: str, apart: str, key: str) -> None:
    text = greeting(written, key)
    [issue] = phrases_in(text)
    assert (issue.severity, issue.line, issue.column) == (Severity.WARNING, 14, 5)
    assert issue.message.endswith(" is one phrase: only who types all of it is understood")
    assert issue.mend == f"write {key}: {apart}"
    assert phrases_in(greeting(apart, key)) == []


@pytest.mark.parametrize(
    "written",
    [
        *(
            "talk to a person",
            "cash on delivery",
            "proceed to checkout",
            "order again",
            "pay now",
            "main menu",
        ),
        *(
            "yes please",
            "'yes, please'",
            "'no, thanks'",
            "ok done",
            "hi there",
            "hello ji",
            "start menu",
            "hi",
        ),
        *("[hi, hello, hi hello]", "[yes, ok, yes ok]", "'hi, there'", "hi hi", "not now", "'sorry, no'"),
        *(
            "[buy, 'menu, please']",
            "[buy, 'menu, products']",
            "खाली कार्ट",
            "'help, please'",
            "'show me the menu, now'",
        ),
    ],
)
def test_a_phrase(written: str) -> None:
    assert issues_of(greeting(written)) == ()
