"""Issues of a flow file of the wrong shape, and how all of them are reported at once."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid, Severity
from flows.language.load import examine, load
from payments.processing.actions import SHOP
from tests.flows.sound_flow import SOUND, TOY, Row, assert_issue, edited, issues_of, row


def test_a_sound_flow_has_no_issue() -> None:
    assert issues_of(SOUND) == ()


def test_the_shipped_flow_has_no_issue_at_all(shop_text: str) -> None:
    assert examine(shop_text, "flows.yaml", SHOP, limits=LIMITS).issues == ()


_NO_TEXT: Final = "a message needs 'text': write what customers read behind 'text:'"
ERRORS: Final[dict[str, Row]] = {
    "unknown key": row("ask: age", "asks: age", "unknown key 'asks'", 25, 5, "did you mean 'ask'?"),
    "hopeless key": row("ask: age", "zzz: age", "unknown key 'zzz'", 25, 5, "remove it"),
    "missing start": row("start: home\n", "", "'start' is missing", 1, 1, "add 'start:' here"),
    "missing section": row("shelf: {things: [a, b]}\n", "", "'shelf' is missing", 1, 1, "add 'shelf:' here"),
    "not text": row("title: Yes}", "title: true}", "true is not text", 11, 32, "put it in quotes"),
    "not a message": row(
        "How old are you?", "true", "true is no message", 8, 3, "write its text, in quotes"
    ),
    "word not text": row("[hi]", "[12]", "12 is not text", 13, 19, "put it in quotes"),
    "bad name": row(
        "yes_please: {to", "Yes-Please: {to", "'Yes-Please' is not a valid name", 21, 7,
        "names are up to 64 lower case letters, digits and '_', and start with a letter",
    ),
    "bad language": row(
        "[en, hi]", "[en, Hindi]", "'Hindi' is not the code of a language", 2, 17,
        "write for example en, hi or pt-BR",
    ),
    "wrong kind": row(
        "shelf: {things: [a, b]}", "shelf: 5", "'shelf' has keys and values, not 5", 3, 1,
        "write {key: value}; keys are things",
    ),
    "no alternative": row("on:\n      answered: {to: home}", "on:\n      answered: []",
        "'answered' is empty", 27, 7, "write something, or take it out"),
    "handler without effect": row(
        "{to: asking}", "{stale: true}",
        "says nothing, does nothing and goes nowhere: add 'say', 'do', 'to' or 'ignore'", 21, 7, "",
    ),
    "ignore beside to": row(
        "{to: asking}", "{to: asking, ignore: why}",
        "'ignore' can't stand beside 'do', 'say', 'tell', 'to' or 'call'", 21, 7,
        "remove 'ignore', or all that stands beside it",
    ),
    "two kinds": row(
        "text: Choose", "text: Choose\n    link: {title: x, url: 'https://x'}",
        "a message has one of buttons and link, not both", 9, 3,
        "make two messages of it, or remove one of them",
    ),
    "no text": row("    text: Choose\n", "", _NO_TEXT, 9, 3, ""),
    "footer alone": row(
        "ask_age: How old are you?", "ask_age: {text: How, footer: x}",
        "only messages with buttons, a list or a link have a footer", 8, 3,
        "write it at the end of the text, or remove it",
    ),
    "list and image": row(
        "ask_age: How old are you?",
        "ask_age: {text: a, image: b, list: {button: c, rows: {on: greet, title: d}}}",
        "a list can't have an image: send the picture as a message of its own before it", 8, 3, "",
    ),
    "document and image": row(
        "ask_age: How old are you?", "ask_age: {document: {link: 'https://x'}, image: 'https://x'}",
        "a document can't have an image", 8, 3, "say the picture before it, in a message of its own",
    ),
    "document and buttons": row(
        "text: Choose", "text: Choose\n    document: {link: 'https://x'}",
        "a message has one of buttons and document, not both", 9, 3,
        "make two messages of it, or remove one of them",
    ),
    "document with small print": row(
        "ask_age: How old are you?", "ask_age: {document: {link: 'https://x'}, footer: x}",
        "only messages with buttons, a list or a link have a footer", 8, 3,
        "write it at the end of the text, or remove it",
    ),
    "document without link": row(
        "ask_age: How old are you?", "ask_age: {document: {filename: a.pdf}}",
        "'link' is missing", 8, 13, "add 'link:' here",
    ),
    "document that is only a link": row(
        "ask_age: How old are you?", "ask_age: {document: 'https://x/a.pdf'}",
        "'document' has keys and values, not 'https://x/a.pdf'", 8, 13,
        "write {key: value}; keys are link, filename",
    ),
    "video and image": row(
        "ask_age: How old are you?", "ask_age: {video: 'https://x', image: 'https://x'}",
        "a video can't have an image", 8, 3, "say the picture before it, in a message of its own",
    ),
    "video and document": row(
        "ask_age: How old are you?", "ask_age: {document: {link: 'https://x'}, video: 'https://x', text: x}",
        "a message has one of video and document, not both", 8, 3,
        "make two messages of it, or remove one of them",
    ),
    "video and buttons": row(
        "text: Choose", "text: Choose\n    video: 'https://x'",
        "a message has one of buttons and video, not both", 9, 3,
        "make two messages of it, or remove one of them",
    ),
    "video that is no text": row(
        "ask_age: How old are you?", "ask_age: {video: 7}", "7 is not text", 8, 13, "put it in quotes",
    ),
    "address form and buttons": row(
        "text: Choose", "text: Choose\n    address: true",
        "a message has one of buttons and address, not both", 9, 3,
        "make two messages of it, or remove one of them",
    ),
    "address form and image": row(
        "ask_age: How old are you?", "ask_age: {text: Where, address: true, image: 'https://x'}",
        "an address can't have an image", 8, 3, "say the picture before it, in a message of its own",
    ),
    "address form without text": row(
        "ask_age: How old are you?", "ask_age: {address: true}", _NO_TEXT, 8, 3, "",
    ),
    "address form that is an address": row(
        "ask_age: How old are you?", "ask_age: {text: Where, address: 4 Lake Road}",
        "write 'address: true', or leave 'address' out", 8, 26, "",
    ),
    "list without rows": row(
        "ask_age: How old are you?", "ask_age: {text: How, list: {button: x}}",
        "a list needs either 'rows' or 'sections'", 8, 24,
        "write 'rows: […]', or 'sections: […]' with rows of their own, and not both",
    ),
    "unknown kind of variable": row(
        "type: integer", "type: number",
        "'type' can't be 'number'", 5, 9,
        "write 'text', 'integer', 'pincode', 'email', 'phone' or 'address'",
    ),
    "min above max": row("min: 1,", "min: 200,", "'min' is above 'max'", 5, 3, "exchange them"),
    "variable with a taken name": row(
        "  age: {type", "  basket: {type: text}\n  age: {type",
        "'basket' already means something else in templates", 5, 3,
        "call it my_basket, here and where it is set, asked and read",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_error(name: str) -> None:
    assert_issue(ERRORS[name])


WARNINGS: Final[dict[str, tuple[str, str, str, int, int]]] = {
    "a language is missing": (
        "{en: Hello, hi: नमस्ते}", "{en: Hello}", "no text in 'hi': customers see 'en'", 7, 3
    ),
    "the apology is a message's name": (
        "start: home", "start: home\napology: hello",
        "customers would read 'hello': an apology is a text, not the name of a message", 17, 1,
    ),
    "single braces": (
        "How old are you?", "'{{ age }} {x} {a, b} {1} {age}'",
        "'{age}' is not filled in: it stands between single braces", 8, 3,
    ),
    "single braces in a block": (
        "How old are you?", "|-\n    How old\n    are you, {customer.name}?",
        "'{customer.name}' is not filled in: it stands between single braces", 10, 14,
    ),
    "single braces in an argument": (
        "{sku: x}", "{sku: '{event.value}'}",
        "'{event.value}' is not filled in: it stands between single braces", 22, 31,
    ),
    "an opening brace is lost": (
        "How old are you?", "|-\n    How old\n    are you, { customer.name }}?",
        "'{ customer.name }}' is not filled in: an opening brace is missing", 10, 14,
    ),
    "an opening brace is lost in an argument": (
        "{sku: x}", "{sku: '{ event.value }}'}",
        "'{ event.value }}' is not filled in: an opening brace is missing", 22, 31,
    ),
    "an opening brace is lost beside what is filled in": (
        "{sku: x}", "{sku: '{{ event.value }}{ age }}'}",
        "'{ age }}' is not filled in: an opening brace is missing", 22, 31,
    ),
    "an opening brace is lost in the value of a button": (
        "title: Yes}", "with: '{ age }}', title: Yes}",
        "'{ age }}' is not filled in: an opening brace is missing", 11, 32,
    ),
    "an opening brace is lost in the value of a row": (
        "ask_age: How old are you?",
        "ask_age: {text: How, list: {button: c, rows: "
        "{each: shelf.things, as: one, on: greet, with: '{ one.sku }}', title: d}}}",
        "'{ one.sku }}' is not filled in: an opening brace is missing", 8, 89,
    ),
    "a tap without an answer": (
        "{do: {take: {sku: x}}, say: hello}", "{do: {set: {age: 5}}}",
        "the customer hears nothing after 'no_thanks': the rule only sets a variable", 22, 7,
    ),
    "a word without an answer": (
        "money.came: {to: home}", "money.came: {to: home}\n  note: {words: [note], do: {set: {age: 5}}}",
        "the customer hears nothing after 'note': the rule only sets a variable", 15, 3,
    ),
    "nobody says it": ("enter: {say: ask_age}", "enter: {say: hello}", "nobody says 'ask_age'", 8, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings_do_not_stop_a_flow(name: str) -> None:
    old, new, message, line, column = WARNINGS[name]
    examined = examine(edited((old, new)), "f.yaml", TOY, limits=LIMITS)
    (issue,) = examined.issues
    assert (issue.message, issue.line, issue.column) == (message, line, column)
    assert issue.severity is Severity.WARNING
    assert examined.flow is not None


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("{age}", "{{ age }}"),
        ("{shelf.things}", "{{ shelf.things }}"),
        ("{ shelf.things | length }", "{{ shelf.things | length }}"),
        ("{shelfs.things}", "{{ shelf.things }}"),
        ("{shelf.thing}", "{{ shelf.things }}"),
        ("{customer.name}", "{{ customer.name }}"),
        ("{a.b}", None),
        ("{ages}", None),
        ("{www.shop.in}", None),
        ("{% raw %}{shelf.things}{% endraw %}", None),
        ("{% raw %}{{ age }}{% endraw %} {age}", "{{ age }}"),
        ("{ age }}", "{{ age }}"),
        ("{age}}, {{ age }} years", "{{ age }}"),
        ("{{ age }} or {customer.name}}", "{{ customer.name }}"),
        ("{ shelf.things | length }}", "{{ shelf.things | length }}"),
        ("{ shelf.things | join(', ') }}", "{{ shelf.things | join(', ') }}"),
        ("{ shelf.thing[0] or age }}", "{{ shelf.things[0] or age }}"),
        ("{a.b}}", None),
        ("{age of yours}}", None),
        ("{age}}}", None),
        ("{ age }}}", None),
        ("{{ '{age}}' }}", None),
        ("{% set a = '{age}}' %}{{ a }}", None),
        ("{# { age }} #}Hello", None),
        ("{% raw %}{ age }}{% endraw %}", None),
    ],
)
def test_what_is_meant_between_single_braces(text: str, meant: str | None) -> None:
    quoted = text.replace("'", "''")
    found = issues_of(edited(("How old are you?", f"'{quoted}'")))
    assert [issue.mend for issue in found] == ([f"did you mean {meant}?"] if meant else [])


def test_everything_wrong_is_said_at_once_and_in_the_order_of_the_file() -> None:
    text = edited(
        ("How old are you?", "'{{ zzz }}'"),
        ("to: asking", "to: nowhere"),
        ("take: {sku: x}", "tak: {sku: x}"),
        ("otherwise: {say: hello}", "otherwise: {say: helo}"),
        ("ask: age", "ask: agee"),
    )
    with pytest.raises(FlowInvalid) as caught:
        load(text, "f.yaml", TOY, limits=LIMITS)
    lines = [issue.line for issue in caught.value.issues]
    assert lines == sorted(lines)
    assert {8, 15, 21, 22, 25} <= set(lines)
    assert (
        "f.yaml:8:3: error: there is no 'zzz' to read here\n"
        "  8 |   ask_age: '{{ zzz }}'\n    |   ^\n    there are" in str(caught.value)
    )


def test_errors_of_shape_are_all_said_at_once() -> None:
    found = issues_of(edited(("ask: age", "asks: age"), ("start: home\n", ""), ("[hi]", "[12]")))
    assert [issue.line for issue in found] == [1, 13, 24]


@pytest.mark.parametrize("text", ["", "# nothing", "[]", "just text", "5"])
def test_no_flow_at_all(text: str) -> None:
    (issue,) = issues_of(text)
    assert issue.message == "the file holds no flow"
