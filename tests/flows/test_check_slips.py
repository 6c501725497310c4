"""A sign that is missing is named in its place, and the file is sound as soon as it is written there."""

import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from flows.document.errors import FlowInvalid, Issue
from flows.document.reader import read, read_on
from flows.language.expected import expected_by
from payments.processing.actions import SHOP
from tests.flows.sound_flow import SOUND, Row, assert_issue, edited, issues_of, row
from tests.flows.test_check_planted import recipe

_TWO_COLONS: Final = "not valid YAML: a second ': ' in one line"
SLIPS: Final[dict[str, tuple[Row, str]]] = {
    "no ':' in a line": (
        row("ask: age", "ask age", "a ':' is missing after 'ask'", 25, 8, "write 'ask:'"), "ask: age",
    ),
    "no ':' behind a bare key": (
        row("messages:", "messages", "a ':' is missing after 'messages'", 6, 9, "write 'messages:'"),
        "messages:",
    ),
    "no ':' at the top": (
        row("start: home", "start home", "a ':' is missing after 'start'", 16, 6, "write 'start:'"),
        "start: home",
    ),
    "no ':' in the first line": (
        row("flow: toy", "flow toy", "a ':' is missing after 'flow'", 1, 5, "write 'flow:'"), "flow: toy",
    ),
    "no ':' between braces": (
        row("{to: asking}", "{to asking}", "a ':' is missing after 'to'", 21, 22, "write 'to:'"),
        "{to: asking}",
    ),
    "no ':' behind a language": (
        row("hi: नमस्ते", "hi नमस्ते", "a ':' is missing after 'hi'", 7, 24, "write 'hi:'"), "hi: नमस्ते",
    ),
    "no ':' before a brace": (
        row(
            "greet: {words", "greet {words", "a ':' is missing after 'greet'", 13, 8, "write 'greet:'"
        ),
        "greet: {words",
    ),
    "no ':' in the line below": (
        row(
            "enter: {say: choice}", "enter:\n      say choice", "a ':' is missing after 'say'", 20, 7,
            "write {say: choice}",
        ),
        "enter:\n      {say: choice}",
    ),
    "a quotation mark between such marks": (
        row(
            "ask_age: How old are you?", 'ask_age: "How "old" are you?"',
            "not valid YAML: a quotation mark inside the text ends it", 8, 17,
            "put the whole text between single quotes: 'How \"old\" are you?';"
            ' or write \\" for each " inside',
        ),
        "ask_age: 'How \"old\" are you?'",
    ),
    "an apostrophe between single quotes": (
        row(
            "ask_age: How old are you?", "ask_age: 'What's your age?'",
            "not valid YAML: a quotation mark inside the text ends it", 8, 17,
            "put the whole text between double quotes: \"What's your age?\"",
        ),
        "ask_age: \"What's your age?\"",
    ),
    "no blank": (
        row("ask: age", "ask:age", "a blank is missing after 'ask:'", 25, 9, "write a blank behind the ':'"),
        "ask: age",
    ),
    "no blank between braces": (
        row(
            "{to: asking}", "{to:asking, do: []}", "a blank is missing after 'to:'", 21, 23,
            "write a blank behind the ':'",
        ),
        "{to: asking, do: []}",
    ),
    "a list without brackets": (
        row(
            "words: [hi]", "words: hi, hello", "'hello' is a key without a value", 13, 22,
            "put the list between brackets: words: [hi, hello]",
        ),
        "words: [hi, hello]",
    ),
    "a list of lists without brackets": (
        row(
            "[{on: yes_please, title: Yes}, {on: no_thanks, title: No}]",
            "{on: yes_please, title: Yes}, {on: no_thanks, title: No}", "'buttons' is a list", 11, 14,
            "put the list between brackets: "
            "buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]",
        ),
        "[{on: yes_please, title: Yes}, {on: no_thanks, title: No}]",
    ),
    "a line of languages": (
        row(
            "[en, hi]", "en, hi", "'languages' is a list, not 'en, hi'", 2, 1,
            "write a list: languages: [en, hi]",
        ),
        "[en, hi]",
    ),
    "a key and a value for a list": (
        row(
            "[{on: yes_please, title: Yes}, {on: no_thanks, title: No}]", "yes_please: Yes",
            f"{_TWO_COLONS}, or a line that is indented too far", 11, 24,
            "'buttons' is a list: write lines that start with '- ', each with keys: on, title, …",
        ),
        "\n    - {on: yes_please, title: Yes}\n    - {on: no_thanks, title: No}",
    ),
    "no braces": (
        row(
            "enter: {say: choice}", "enter: say: choice", _TWO_COLONS, 19, 15,
            "write the keys and values between braces: enter: {say: choice}",
        ),
        "enter: {say: choice}",
    ),
    "a text with a ':'": (
        row(
            "How old are you?", "Say: how old?", _TWO_COLONS, 8, 15, "put a text that holds ': ' in quotes"
        ),
        "'Say: how old?'",
    ),
    "no closing brace": (
        row(
            "{to: asking}", "{to: asking", "a '}' is missing behind 'asking'", 21, 30,
            "close the '{' of column 19 with '}' there",
        ),
        "{to: asking}",
    ),
    "no closing brace within": (
        row(
            "title: Yes}, {", "title: Yes, {", "a '}' is missing behind 'Yes'", 11, 42,
            "close the '{' of column 15 with '}' there",
        ),
        "title: Yes}, {",
    ),
    "no closing bracket": (
        row(
            "words: [hi]", "words: [hi, hello", "a ']' is missing behind 'hello'", 13, 28,
            "close the '[' of column 18 with ']' there",
        ),
        "words: [hi, hello]",
    ),
    "no opening bracket": (
        row(
            "words: [hi]", "words: hi, hello]", "a '[' is missing before 'hi,'", 13, 18,
            "write '[' there: the ']' of column 27 closes it",
        ),
        "words: [hi, hello]",
    ),
    "a brace that closes nothing": (
        row(
            "ask: age", "ask: age}", "'age}' is not a valid name", 25, 5,
            "remove the '}', or write the '{' that it closes",
        ),
        "ask: age",
    ),
    "no comma": (
        row(
            "title: Yes}", "title: Yes with: x}", "a ',' is missing before 'with:'", 11, 42, "write ',' there"
        ),
        "title: Yes, with: x}",
    ),
    "no closing quote": (
        row(
            "{en: Hello, hi", '{en: "Hello, hi', "not valid YAML: a quote is opened and never closed", 7, 15,
            "a closing quote is missing: write \" behind 'Hello'",
        ),
        '{en: "Hello", hi',
    ),
    "a blank too many": (
        row(
            "    ask: age", "     ask: age",
            "this line is indented by 5 blanks, which fits no line around it", 25, 6, "indent it by 4 blanks",
        ),
        "    ask: age",
    ),
    "a blank too few": (
        row(
            "    enter: {say: ask_age}", "   enter: {say: ask_age}",
            "this line is indented by 3 blanks, which fits no line around it", 24, 4, "indent it by 4 blanks",
        ),
        "    enter: {say: ask_age}",
    ),
    "a tab": (
        row(
            "    ask: age", "\task: age", "a tab stands where blanks must", 25, 1,
            "use spaces, not tabs: indent it by 4 blanks",
        ),
        "    ask: age",
    ),
    "no '-'": (
        row(
            "on:\n      answered: {to: home}",
            "on:\n      answered:\n        - {if: age, to: home}\n        {to: home}",
            "a '-' is missing before this item of a list", 29, 9,
            "write '- ' before it, as before the other items",
        ),
        "on:\n      answered:\n        - {if: age, to: home}\n        - {to: home}",
    ),
    "a wide colon": (
        row(
            "ask: age", "ask：age", "a fullwidth colon (U+FF1A) stands after 'ask'", 25, 8,
            "write ':' and a blank for it",
        ),
        "ask: age",
    ),
    "a blank that is none": (
        row(
            "ask: age", "ask:\u00a0age", "a no-break space (U+00A0) stands where a blank must", 25, 9,
            "write a blank there",
        ),
        "ask: age",
    ),
    "curly quotes around a ':'": (
        row(
            "title: Yes}", "title: “Yes: 1”}",
            "a left double quotation mark (U+201C) closes nothing for YAML", 11, 39,
            'write a straight quote, "',
        ),
        'title: "Yes: 1"}',
    ),
    "curly quotes around a name": (
        row(
            "ask: age", "ask: “age”", "'“age”' is not a valid name", 25, 5,
            "a left double quotation mark (U+201C) stands in it: write a straight quote, or none",
        ),
        'ask: "age"',
    ),
    "lines of a state that stand too far left": (
        row(
            "  asking:\n    enter: {say: ask_age}\n    ask: age\n    on:\n      answered: {to: home}\n",
            "  asking:\n  enter: {say: ask_age}\n  ask: age\n  on:\n    answered: {to: home}\n",
            "the lines below 'asking' stand too far left", 23, 3,
            "move lines 24 to 27 two blanks to the right",
        ),
        "  asking:\n    enter: {say: ask_age}\n    ask: age\n    on:\n      answered: {to: home}\n",
    ),
    "lines of a message that stand too far left": (
        row(
            "  choice:\n    text: Choose\n    buttons:", "  choice:\n  text: Choose\n  buttons:",
            "the lines below 'choice' stand too far left", 9, 3,
            "move lines 10 to 11 two blanks to the right",
        ),
        "  choice:\n    text: Choose\n    buttons:",
    ),
    "a line of a variable that stands too far left": (
        row(
            "  age: {type: integer, min: 1, max: 120}\n", "  age:\n  type: integer\n",
            "the lines below 'age' stand too far left", 5, 3, "move line 6 two blanks to the right",
        ),
        "  age:\n    type: integer\n",
    ),
    "digits of another script": (
        row("min: 1,", "min: १,", "'min' is a whole number, not '१'", 5, 24, "did you mean 1?"), "min: 1,",
    ),
}  # fmt: skip
"""A slip with its issue, and what stands there when the mend is followed to the letter."""


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_named_in_its_place_and_nothing_else_is(name: str) -> None:
    (edits, *expected), _ = SLIPS[name]
    assert_issue(SLIPS[name][0])
    errors = [one for one in issues_of(edited(*edits)) if one.severity == "error"]
    assert [(one.message, one.line, one.column, one.mend) for one in errors] == [tuple(expected)]


@pytest.mark.parametrize("name", SLIPS)
def test_the_mend_makes_the_file_sound(name: str) -> None:
    (((old, _),), *_), followed = SLIPS[name]
    assert [one for one in issues_of(edited((old, followed))) if one.severity == "error"] == []


def test_a_byte_order_mark_is_no_part_of_the_first_key() -> None:
    assert issues_of(f"\ufeff{SOUND}") == ()


def _without_colon(line: str) -> str:
    return re.sub(r"^( *(?:- )?[a-z_.]+):", r"\1", line)


def _without_dash(line: str) -> str:
    return re.sub(r"^( *)- ", r"\1", line)


def _without_closing(line: str) -> str:
    return re.sub(r"[}\]](?=\s*$)", "", line)


def _further(line: str) -> str:
    return f" {line}"


def _less_far(line: str) -> str:
    return line.removeprefix(" ")


def _tab(line: str) -> str:
    return re.sub("^  ", "\t", line)


SPOILT: Final[dict[Callable[[str], str], tuple[str, float]]] = {
    _without_colon: (r"a ':' is missing after|': ' in one line", 0.97),
    _without_dash: ("a '-' is missing", 0.97),
    _without_closing: ("is missing behind", 0.97),
    _further: ("this line is indented", 0.95),
    _less_far: ("this line is indented", 0.95),
    _tab: ("a tab stands where blanks must", 0.97),
}
"""What is done to a line -> what is said of it, and of how many lines at least."""


def _spoilt(text: str, spoil: Callable[[str], str]) -> Iterator[tuple[int, str]]:
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if line.strip() and not line.lstrip().startswith("#") and spoil(line) != line:
            yield number + 1, "\n".join([*lines[:number], spoil(line), *lines[number + 1 :]])


def _read(text: str) -> tuple[list[Issue], Any]:
    try:
        document = read_on(text, "f", expected_by(SHOP.sections))
    except FlowInvalid as invalid:
        return list(invalid.issues), None
    return document.issues, document.data


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
def test_whatever_line_of_a_flow_lacks_a_sign_it_is_named_and_read_as_it_is_meant(
    spoil: Callable[[str], str],
) -> None:
    said, share = SPOILT[spoil]
    text = recipe("florist")
    meant, tried, found = read(text, "f").data, 0, 0
    for line, spoilt in _spoilt(text, spoil):
        issues, data = _read(spoilt)
        if not issues and data is not None:
            continue
        tried += 1
        found += (
            [one.line for one in issues] == [line]
            and bool(re.search(said, issues[0].message))
            and data == meant
        )
    assert tried
    assert found >= share * tried, (found, tried)
