"""Every error of YAML and of shape is said in words of those who write flows, with a mend."""

from copy import deepcopy
from decimal import Decimal
from itertools import cycle
from typing import Any, Final

import pytest

from flows.document.errors import Issue
from flows.document.places import Document, Path
from flows.document.reader import read
from flows.document.syntax import fault_in
from flows.language.validation import validate
from payments.processing.actions import SHOP
from tests.flows.sound_flow import Row, assert_issue, row
from tests.flows.test_check_planted import recipe

_QUOTED: Final = "put the text in quotes"
_BRACKET: Final = "close the '[' with ']', and put texts that hold , ? : in quotes"
_BRACE: Final = "close the '{' with '}', and put texts that hold , ? : in quotes"
_BEHIND: Final = "put the whole text in quotes; between single quotes, write '' for a '"
_BLOCK: Final = "put the text in quotes; a long text begins on the line below the |"
YAML: Final[dict[str, tuple[str, str]]] = {
    "a: Order: 5": (
        "a second ': ' in one line, or a line that is indented too far",
        "put a text that holds ': ' in quotes; or check the indentation",
    ),
    "a:\n\tb: 1": ("a tab stands where blanks must", "use spaces, not tabs"),
    "a: %x": ("a text can't begin with '%'", _QUOTED),
    "a: @x": ("a text can't begin with '@'", _QUOTED),
    "a: 1\nb\nc: 2": (
        "the line above is no 'key: value', and no part of a text",
        "a key needs a ':' behind it; or a quote is missing above",
    ),
    "a: {b: 1\nc: 2": ("':' stands where a ',' or the closing brace must", _BRACE),
    "a: [1, 2\nb: 3": ("':' stands where a ',' or the closing bracket must", _BRACKET),
    "a: [x] y": ("a text goes on behind a closing quote, bracket or brace", _BEHIND),
    "a: {{ x }} y": ("a text goes on behind a closing quote, bracket or brace", _BEHIND),
    "a: 'it's'": ("a text goes on behind a closing quote, bracket or brace", _BEHIND),
    'a: "x': ("a quote is opened and never closed", "a closing quote is missing"),
    'a: "x\n---\n"': (
        "a line with '---' or '...' stands in a text in quotes",
        "a closing quote is missing; or indent that line",
    ),
    'a: "\\d"': (
        "a backslash before 'd' means nothing between double quotes",
        "write two backslashes, or put the text in single quotes",
    ),
    'a: "\\u12"': (
        "digits are missing behind a backslash between double quotes",
        "write the character itself; or put the text in single quotes",
    ),
    "a:\n    b: 1\n  c: 2": (
        "this line is indented as none above it",
        "indent it as the lines that it belongs to",
    ),
    "a: 1\n- b": (
        "an item of a list stands among keys",
        "indent it further, under its key; or remove the '-'",
    ),
    "a:\n  - b\n  c: 1": (
        "a key stands among the items of a list",
        "indent it as the other keys of its item; or begin it with '- '",
    ),
    "a: * x": ("a text can't begin with *, & or %", _QUOTED),
    "a: *bold*": ("a text can't begin with *, & or %", _QUOTED),
    "%YAML 2.0\n--- a": ("a text can't begin with %", _QUOTED),
    "%YAML 1.x\n--- a": ("a text can't begin with %", _QUOTED),
    "%TAG ! x\n%TAG ! x\n--- a": ("a text can't begin with !", _QUOTED),
    "a: !<x": ("a text can't begin with !", _QUOTED),
    "a: !x!y z": ("a text can't begin with !", _QUOTED),
    "a: - x": ("a text can't begin with '- '", f"{_QUOTED}; or write a list on lines of its own"),
    "a: ? x": ("a text can't begin with '? '", _QUOTED),
    "a: | x": ("a text can't begin with > or |", _BLOCK),
    "a: > 5": ("a text can't begin with > or |", _BLOCK),
    "a: >0": ("a text can't begin with > or |", _BLOCK),
    "a: , x": ("',' stands where a value must", f"write the value; {_QUOTED} if this is one"),
    "  a: 1\n b: 2": (
        "this line belongs to nothing above it",
        "indent all keys alike; a file holds one flow, without '...'",
    ),
}


@pytest.mark.parametrize("text", YAML)
def test_what_is_not_yaml_is_said_in_words_of_those_who_write_flows(text: str) -> None:
    fault = fault_in(f"{text}\n")
    message, mend = YAML[text]
    assert fault is not None
    assert (fault.message, fault.mend) == (f"not valid YAML: {message}", mend)


_EMPTY: Final = "write something behind it, or take it out"
_MESSAGE: Final = "a message stands under 'messages', and a state says it: 'enter: {say: its name}'"
SHAPES: Final[dict[str, Row]] = {
    "nothing behind a key": row(
        "title: Yes}", "title: }", "'title' is empty", 11, 32, _EMPTY
    ),
    "nothing in a list": row("[hi]", "[hi, ~]", "'words' is empty", 13, 23, _EMPTY),
    "a list for a text": row("title: Yes}", "title: [Yes]}", "a list is not text", 11, 32, "write one text"),
    "a text for keys": row(
        "shelf: {things: [a, b]}", "shelf: a lot", "'shelf' has keys and values, not 'a lot'", 3, 1,
        "write {key: value}; keys are things",
    ),
    "a list for keys": row(
        "enter: {say: ask_age}", "enter: [ask_age]", "'enter' has keys and values, not a list", 24, 5,
        "write {key: value}; keys are do, say, tell",
    ),
    "a text for a list": row(
        "[a, b]", "a", "'things' is a list, not 'a'", 3, 9,
        "write a list: things: [a]",
    ),
    "a message under states": row(
        "      answered: {to: home}\n", "      answered: {to: home}\n  bye: See you\n",
        "'bye' has keys and values, not 'See you'", 28, 3, _MESSAGE,
    ),
    "a whole message under states": row(
        "      answered: {to: home}\n", "      answered: {to: home}\n  bye: {text: See you}\n",
        "unknown key 'text'", 28, 9, _MESSAGE,
    ),
    "a name of the flow": row(
        "flow: toy", "flow: My Shop", "'My Shop' is not a valid name", 1, 1,
        "a flow's name has lower case letters, digits and '-', and starts with a letter",
    ),
    "a joiner in a name": row(
        "yes_please: {to", "क्‍ष: {to", "'क्‍ष' is not a valid name", 21, 7,
        "names are up to 64 lower case letters, digits and '_', and start with a letter",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_what_has_the_wrong_shape_is_said_in_such_words_too(name: str) -> None:
    assert_issue(SHAPES[name])


WRONG: Final[tuple[Any, ...]] = (
    None, True, 5, -5, Decimal("1.5"), "x", "", "A b", "z" * 600, [], [1], [None], {}, {"x": 1},
)  # fmt: skip
FOREIGN: Final = (
    "should",
    "Value error",
    "Input",
    "None",
    "True",
    "False",
    "Decimal",
    "{'",
    "[1]",
    "zzzzzzzz" * 8,
)
"""What pydantic and Python say."""


def _sorts_of_places(document: Document) -> list[Path]:
    """One place of each sort: of all messages' texts, one."""
    found: dict[tuple[str, ...], Path] = {}
    for path in list(document.places)[1:]:
        sort = tuple("#" if isinstance(step, int) else step for step in path)
        named = sort[:1] in (("messages",), ("variables",), ("anywhere",), ("states",))
        found.setdefault((sort[0], "*", *sort[2:]) if named and len(sort) > 1 else sort, path)
    return list(found.values())


def test_no_word_of_python_is_said_whatever_stands_in_whatever_place() -> None:
    document = read(recipe("tiffin"), "f")
    for path, wrong in zip(_sorts_of_places(document), cycle(WRONG), strict=False):
        for issue in _issues(document, path, wrong):
            assert not any(word in issue.message for word in FOREIGN), (path, wrong, issue)
            assert issue.mend or ":" in issue.message or "'" in issue.message, (path, wrong, issue)


def _issues(document: Document, path: Path, wrong: Any) -> list[Issue]:
    """Return what is said if `wrong` stands at `path`."""
    data = deepcopy(document.data)
    around = data
    for step in path[:-1]:
        around = around[step]
    around[path[-1]] = deepcopy(wrong)
    return validate(Document("f", data, dict(document.places)), SHOP.sections).issues
