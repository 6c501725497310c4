"""What is said about a broken flow file: the exact words, the place and the mend."""

import string
from textwrap import dedent
from typing import Final

import pytest
from pydantic import BaseModel, Field

from flows.errors import FlowInvalid, Issue, Severity
from flows.load import examine, load
from flows.vocabulary import Action, Result, Vocabulary
from payments.shop import SHOP


class _Take(BaseModel):
    sku: str
    quantity: int = Field(default=1, ge=1)


class _Shelf(BaseModel):
    things: list[str]


TOY: Final = Vocabulary(
    sections={"shelf": _Shelf},
    actions={"take": Action(_Take, lambda scene, args: Result(scene.data), raises=("take.refused",))},
    events={"money.came": "money came"},
    required=frozenset({"money.came"}),
    filters={"money": str},
    statics=lambda sections, language, fallback: {"shelf": {"things": sections["shelf"].things}},
    view_names=("basket",),
    views=lambda data, statics, language: {"basket": []},
)

SOUND: Final = dedent("""\
    flow: toy
    languages: [en, hi]
    shelf: {things: [a, b]}
    variables:
      age: {type: integer, min: 1, max: 120}
    messages:
      hello: {en: Hello, hi: नमस्ते}
      ask_age: How old are you?
      choice:
        text: Choose
        buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]
    anywhere:
      greet: {words: [hi], to: home}
      money.came: {to: home}
    otherwise: {say: hello}
    start: home
    states:
      home:
        enter: {say: choice}
        on:
          yes_please: {to: asking}
          no_thanks: {do: {take: {sku: x}}, say: hello}
      asking:
        enter: {say: ask_age}
        ask: age
        on:
          answered: {to: home}
    """)


def issues_of(text: str, vocabulary: Vocabulary = TOY) -> tuple[Issue, ...]:
    return examine(text, "f.yaml", vocabulary).issues


def edited(*edits: tuple[str, str]) -> str:
    text = SOUND
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def test_a_sound_flow_has_no_issue() -> None:
    assert issues_of(SOUND) == ()


def test_the_shipped_flow_has_no_issue_at_all(shop_text: str) -> None:
    assert examine(shop_text, "flows.yaml", SHOP).issues == ()


Row = tuple[tuple[tuple[str, str], ...], str, int, int, str]


def row(old: str, new: str, message: str, line: int, column: int, mend: str) -> Row:
    return ((old, new),), message, line, column, mend


_ROOTS = "age, basket, customer, event, language, shelf, state"
ERRORS: Final[dict[str, Row]] = {
    # Shape
    "unknown key": row("ask: age", "asks: age", "unknown key 'asks'", 25, 5, "did you mean 'ask'?"),
    "hopeless key": row("ask: age", "zzz: age", "unknown key 'zzz'", 25, 5, "remove it"),
    "missing start": row("start: home\n", "", "'start' is missing", 1, 1, "add 'start:' here"),
    "missing section": row("shelf: {things: [a, b]}\n", "", "'shelf' is missing", 1, 1, "add 'shelf:' here"),
    "not text": row("title: Yes}", "title: true}", "True is not text", 11, 32, "put it in quotes"),
    "not a message": row(
        "How old are you?", "true", "True can't stand here", 8, 3, "a mapping (key: value) is expected"
    ),
    "word not text": row("[hi]", "[12]", "12 is not text", 13, 19, "put it in quotes"),
    "bad name": row(
        "yes_please: {to", "Yes-Please: {to", "'Yes-Please' is not a valid name", 21, 7,
        "names are lower case letters, digits and '_', and start with a letter",
    ),
    "bad language": row(
        "[en, hi]", "[en, Hindi]", "'Hindi' is not a valid name", 2, 17,
        "names are lower case letters, digits and '_', and start with a letter",
    ),
    "wrong kind": row(
        "shelf: {things: [a, b]}", "shelf: 5", "5 can't stand here", 3, 1,
        "a mapping (key: value) is expected",
    ),
    "no alternative": row("on:\n      answered: {to: home}", "on:\n      answered: []",
        "'answered': Value should have at least 1 item after validation, not 0", 27, 7, ""),
    "handler without effect": row(
        "{to: asking}", "{stale: true}",
        "says nothing, does nothing and goes nowhere: add 'say', 'do', 'to' or 'ignore'", 21, 7, "",
    ),
    "ignore beside to": row(
        "{to: asking}", "{to: asking, ignore: why}", "'ignore' can't stand beside 'do', 'say' or 'to'", 21,
        7, "",
    ),
    "two kinds": row(
        "text: Choose", "text: Choose\n    link: {title: x, url: 'https://x'}",
        "a message has one of buttons and link, not both", 9, 3, "",
    ),
    "no text": row("    text: Choose\n", "", "a message needs 'text'", 9, 3, ""),
    "footer alone": row(
        "ask_age: How old are you?", "ask_age: {text: How, footer: x}",
        "only messages with buttons, a list or a link have a footer", 8, 3, "",
    ),
    "list and image": row(
        "ask_age: How old are you?",
        "ask_age: {text: a, image: b, list: {button: c, rows: {on: greet, title: d}}}",
        "a list can't have an image", 8, 3, "",
    ),
    "list without rows": row(
        "ask_age: How old are you?", "ask_age: {text: How, list: {button: x}}",
        "a list needs either 'rows' or 'sections'", 8, 24, "",
    ),
    "unknown kind of variable": row(
        "type: integer", "type: number",
        "'type': Input should be 'text', 'integer', 'pincode', 'email', 'phone' or 'address'", 5, 9, "",
    ),
    "min above max": row("min: 1,", "min: 200,", "'min' is above 'max'", 5, 3, ""),
    "variable with a taken name": row(
        "  age: {type", "  basket: {type: text}\n  age: {type",
        "'basket' already means something else in templates", 5, 3, "use another name",
    ),
    # Names
    "unknown state": row("to: asking", "to: askin", "there is no state 'askin'", 21, 20,
    "did you mean 'asking'?"),
    "unknown first state": row(
        "start: home", "start: hom", "there is no state 'hom'", 16, 1, "did you mean 'home'?"
    ),
    "unknown message": row(
        "otherwise: {say: hello}", "otherwise: {say: helo}", "there is no message 'helo'", 15, 13,
        "did you mean 'hello'?",
    ),
    "unknown action": row(
        "{take: {sku: x}}", "{tak: {sku: x}}", "there is no action 'tak'", 22, 24, "did you mean 'take'?"
    ),
    "hopeless action": row(
        "{take: {sku: x}}", "zzz", "there is no action 'zzz'", 22, 19, "there are take, set, language"
    ),
    "unknown argument": row(
        "{sku: x}", "{sku: x, quantitty: 2}", "'take' takes no 'quantitty'", 22, 39,
        "did you mean 'quantity'?"
    ),
    "missing argument": row(
        "{sku: x}", "{quantity: 1}", "'take' needs 'sku'", 22, 24, "write {take: {sku: …}}"
    ),
    "bad argument": row(
        "{sku: x}", "{sku: x, quantity: 0}",
        "take: Input should be greater than or equal to 1", 22, 39, "",
    ),
    "set without a mapping": row(
        "{take: {sku: x}}", "{set: age}", "'set' needs variables and values", 22, 24,
        "write {set: {variable: value}}",
    ),
    "set of an unknown variable": row(
        "{take: {sku: x}}", "{set: {ages: 5}}", "there is no variable 'ages'", 22, 30, "did you mean 'age'?"
    ),
    "set to an impossible value": row(
        "{take: {sku: x}}", "{set: {age: 500}}", "500 is no value for the variable 'age'", 22, 30, ""
    ),
    "unknown variable asked": row(
        "ask: age", "ask: agee", "there is no variable 'agee'", 25, 5, "did you mean 'age'?"
    ),
    "unknown language spoken": row(
        "{take: {sku: x}}", "{language: fr}", "'fr' is not a language of this flow", 22, 24,
        "the flow's languages are en, hi",
    ),
    "unknown language written": row(
        "ask_age: How old are you?", "ask_age: {en: How, hi: कितने, fr: Quel}",
        "'fr' is not a language of this flow", 8, 33, "add it to 'languages', which has en, hi",
    ),
    "trigger nobody fires": row(
        "answered: {to", "answerd: {to", "nothing ever fires 'answerd'", 27, 7, "did you mean 'answered'?"
    ),
    "otherwise as a trigger": row(
        "      answered:", "      otherwise: {say: hello}\n      answered:",
        "nothing ever fires 'otherwise'", 27, 7,
        "offer it on a button or row, or give it 'words'",
    ),
    # Templates
    "unknown root": row(
        "How old are you?", "'Hi {{ custmer.name }}'", "there is no 'custmer' to read here", 8, 3,
        "did you mean 'customer'?",
    ),
    "hopeless root": row(
        "How old are you?", "'Hi {{ zzz }}'", "there is no 'zzz' to read here", 8, 3, f"there are {_ROOTS}"
    ),
    "unknown filter": row(
        "How old are you?", "'{{ age | rupees }}'",
        "in the template '{{ age | rupees }}': there is no filter 'rupees'; there are abs, default, first, "
        "int, join, last, length, lower, money, round, title, upper", 8, 3, "",
    ),
    "broken template": row(
        "How old are you?", "'Hi {{ age'",
        "in the template 'Hi {{ age': unexpected end of template, expected 'end of print statement'.", 8, 3,
        "",
    ),
    "broken guard": row(
        "{to: asking}", "[{if: 'age >', to: asking}, {to: asking}]",
        "in the expression 'age >': unexpected 'end of print statement'", 21, 21, "",
    ),
    "guard with braces": row(
        "{to: asking}", "[{if: '{{ age }}', to: asking}, {to: asking}]",
        "in the expression '{{ age }}': expected token ':', got '}'", 21, 21, "",
    ),
    "unknown root in an argument": row(
        "{sku: x}", "{sku: '{{ evnt.value }}'}", "there is no 'evnt' to read here", 22, 31,
        "did you mean 'event'?"
    ),
    # Meaning
    "word twice": row(
        "greet: {words: [hi], to: home}", "greet: {words: [hi], to: home}\n  wave: {words: [Hi!], to: home}",
        "the word 'Hi!' already means 'greet'", 14, 10, "choose another word",
    ),
    "word without letters": row("[hi]", "['👋']", "'👋' has no letters", 13, 11, "choose another word"),
    "word for an outside event": row(
        "money.came: {to: home}", "money.came: {words: [paid], to: home}",
        "no word can fire 'money.came': customers could claim what didn't happen", 14, 16, "use another name",
    ),
    "button for an outside event": row(
        "on: yes_please, title", "on: money.came, title",
        "a button can't fire 'money.came': customers could claim what only the outside may say", 11, 16,
        "use another name",
    ),
    "button for an action's event": row(
        "on: yes_please, title", "on: take.refused, title",
        "a button can't fire 'take.refused': customers could claim what only the outside may say", 11, 16,
        "use another name",
    ),
    "button for a built-in event": row(
        "on: yes_please, title", "on: answered, title",
        "a button can't fire 'answered': customers could claim what only the outside may say", 11, 16,
        "use another name",
    ),
    "offer nobody answers": row(
        "on: no_thanks, title", "on: no_thank, title", "nothing answers a tap on 'no_thank'", 11, 46,
        "did you mean 'no_thanks'?",
    ),
    "offer not answered there": row(
        "enter: {say: ask_age}", "enter: {say: choice}",
        "'choice' offers 'no_thanks', but 'asking' doesn't answer it", 23, 1,
        "add 'on: {no_thanks: …}' to 'asking'",
    ),
    "no otherwise": row(
        "otherwise: {say: hello}\n", "", "'home' can leave a customer without an answer", 17, 3,
        "add 'otherwise: {say: …}' here or for the whole flow; its last alternative without 'if'",
    ),
    "guarded otherwise": row(
        "otherwise: {say: hello}", "otherwise: {if: age, say: hello}",
        "'asking' can leave a customer without an answer", 23, 3,
        "add 'otherwise: {say: …}' here or for the whole flow; its last alternative without 'if'",
    ),
    "required event": row(
        "  money.came: {to: home}\n", "", "'home' doesn't always answer 'money.came'", 17, 3,
        "add 'money.came' under 'anywhere', its last alternative without 'if'",
    ),
    "required event, only guarded": row(
        "money.came: {to: home}", "money.came: {if: age, to: home}",
        "'asking' doesn't always answer 'money.came'", 23, 3,
        "add 'money.came' under 'anywhere', its last alternative without 'if'",
    ),
    "ask without answered": row(
        "answered: {to: home}", "invalid: {to: home}", "'asking' asks but doesn't take the answer", 25, 5,
        "add 'on: {answered: …}'",
    ),
    "unreachable": row(
        "{to: asking}", "{say: hello}", "nothing leads to 'asking'", 23, 3,
        "add a 'to' somewhere, or remove it"
    ),
    "dead alternative": row(
        "otherwise: {say: hello}", "otherwise:\n  - {say: hello}\n  - {say: hello, if: age}",
        "never taken: the alternative on line 16 has no 'if' and always is", 17, 1,
        "put it first, or give that one an 'if'",
    ),
    "dead alternative of a tap": row(
        "{to: asking}", "\n        - {to: asking}\n        - {say: hello}",
        "never taken: the alternative on line 22 has no 'if' and always is", 23, 1,
        "put it first, or give that one an 'if'",
    ),
    "dead stale alternative of an event": row(
        "answered: {to: home}", "answered:\n        - {to: home}\n        - {to: home, stale: true}",
        "never taken: the alternative on line 28 has no 'if' and always is", 29, 1,
        "put it first, or give that one an 'if'",
    ),
    "group without a start": row(
        "    ask: age\n    on:\n      answered: {to: home}\n",
        "    states: {inner: {on: {greet: {to: home}}}}\n",
        "the group 'asking' doesn't say where to start", 23, 3,
        "add 'start: inner' (or another of its states)",
    ),
    "group with a wrong start": row(
        "    ask: age\n    on:\n      answered: {to: home}\n",
        "    start: iner\n    states: {inner: {on: {greet: {to: home}}}}\n",
        "the group 'asking' doesn't say where to start", 25, 5,
        "add 'start: inner' (or another of its states)",
    ),
    "bad duration": row(
        "    ask: age\n", "    ask: age\n    after: {10 minuts: {to: home}}\n",
        "'10 minuts' is not a span of time: write for example '15 s', '10 min', '2 h' or '1 day'", 26, 13, "",
    ),
    # Limits of WhatsApp
    "long button": row(
        "title: Yes}", "title: 'Yes, I would like that'}", "22 characters, and WhatsApp takes 20 here", 11,
        32,
        "shorten it (emoji count twice)",
    ),
    "long button in emoji": row(
        "title: Yes}", "title: 👍👍👍👍👍👍👍👍👍👍👍}", "22 characters, and WhatsApp takes 20 here", 11, 32,
        "shorten it (emoji count twice)",
    ),
    "long body": row(
        "text: Choose", f"text: {'x' * 1025}", "1025 characters, and WhatsApp takes 1024 here", 10, 5,
        "shorten it (emoji count twice)",
    ),
    "long text": row(
        "How old are you?", "x" * 4097, "4097 characters, and WhatsApp takes 4096 here", 8, 3,
        "shorten it (emoji count twice)",
    ),
    "empty title": row("title: Yes}", "title: ' '}", "the text is empty", 11, 32, "write something"),
    "empty text": row("How old are you?", "''", "the text is empty", 8, 3, "write something"),
    "four buttons": row(
        "{on: no_thanks, title: No}",
        "{on: no_thanks, title: No}, {on: greet, title: C}, {on: greet, title: D, with: d}",
        "4 buttons, and WhatsApp takes 3", 11, 5, "use a list, or give some of them an 'if'",
    ),
    "same title twice": row(
        "title: No}", "title: Yes}", "two buttons are called 'Yes'", 11, 5, "WhatsApp refuses that"
    ),
    "same title in the fallback": row(
        "{on: yes_please, title: Yes}, {on: no_thanks, title: No}",
        "{on: yes_please, title: {en: A, hi: B}}, {on: no_thanks, title: B}",
        "two buttons are called 'B'", 11, 5, "WhatsApp refuses that",
    ),
    "same answer twice": row(
        "{on: no_thanks, title: No}", "{on: no_thanks, title: No}, {on: no_thanks, title: Never}",
        "this fires 'no_thanks' just as one above it does: WhatsApp refuses that", 11, 73,
        "give one of them another 'with'",
    ),
    "ten products and one more row": row(
        "buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]",
        "list: {button: x, rows: [{on: yes_please, each: shelf.things, as: t, title: t}"
        + "".join(f", {{on: no_thanks, with: '{n}', title: t}}" for n in range(9)) + "]}",
        "11 rows, and WhatsApp takes 10 in all sections together", 11, 5, "split the list over two messages",
    ),
    "eleven rows": row(
        "buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]",
        "list: {button: x, rows: [{on: yes_please, title: y}"
        + "".join(f", {{on: no_thanks, with: '{n}', title: t}}" for n in range(10)) + "]}",
        "11 rows, and WhatsApp takes 10 in all sections together", 11, 5, "split the list over two messages",
    ),
    "a button's link is long": row(
        "ask_age: How old are you?", f"ask_age: {{text: Pay, link: {{title: {'y' * 21}, url: 'https://x'}}}}",
        "21 characters, and WhatsApp takes 20 here", 8, 31, "shorten it (emoji count twice)",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_error(name: str) -> None:
    edits, message, line, column, mend = ERRORS[name]
    examined = examine(edited(*edits), "f.yaml", TOY)
    assert examined.flow is None
    assert Issue("f.yaml", line, column, message, mend) in examined.issues, "\n".join(
        map(str, examined.issues)
    )


def test_eleven_products_in_one_list() -> None:
    list_ = (
        "list: {button: x, rows: {each: shelf.things, as: t, on: greet, with: '{{ t }}', title: '{{ t }}'}}"
    )
    ten, eleven = (f"[{', '.join(string.ascii_lowercase[:n])}]" for n in (10, 11))
    offered = ("buttons: [{on: yes_please, title: Yes}, {on: no_thanks, title: No}]", list_)
    words = ("yes_please: {to", "yes_please: {words: x, to"), ("no_thanks: {do", "no_thanks: {words: y, do")
    assert issues_of(edited(("[a, b]", ten), offered, *words)) == ()
    (issue,) = issues_of(edited(("[a, b]", eleven), offered, *words))
    assert issue.message == "'shelf.things' has 11 items, and a WhatsApp list takes 10 rows"
    assert (issue.line, issue.mend) == (11, "offer them in several lists")


def test_a_state_wide_answer_for_fresh_taps_and_another_for_stale_ones_is_no_mistake() -> None:
    both = "\n        - {to: asking}\n        - {say: hello, stale: true}"
    assert issues_of(edited(("{to: asking}", both))) == ()


WARNINGS: Final[dict[str, tuple[str, str, str, int, int]]] = {
    "a language is missing": (
        "{en: Hello, hi: नमस्ते}", "{en: Hello}", "no text in 'hi': customers see 'en'", 7, 3
    ),
    "nobody says it": ("enter: {say: ask_age}", "enter: {say: hello}", "nobody says 'ask_age'", 8, 3),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNINGS)
def test_warnings_do_not_stop_a_flow(name: str) -> None:
    old, new, message, line, column = WARNINGS[name]
    examined = examine(edited((old, new)), "f.yaml", TOY)
    (issue,) = examined.issues
    assert (issue.message, issue.line, issue.column) == (message, line, column)
    assert issue.severity is Severity.WARNING
    assert examined.flow is not None


def test_everything_wrong_is_said_at_once_and_in_the_order_of_the_file() -> None:
    text = edited(
        ("How old are you?", "'{{ zzz }}'"),
        ("to: asking", "to: nowhere"),
        ("take: {sku: x}", "tak: {sku: x}"),
        ("otherwise: {say: hello}", "otherwise: {say: helo}"),
        ("ask: age", "ask: agee"),
    )
    with pytest.raises(FlowInvalid) as caught:
        load(text, "f.yaml", TOY)
    lines = [issue.line for issue in caught.value.issues]
    assert lines == sorted(lines)
    assert {8, 15, 21, 22, 25} <= set(lines)
    assert str(caught.value).startswith("f.yaml:8:3: error: there is no 'zzz' to read here\n    there are")


def test_errors_of_shape_are_all_said_at_once() -> None:
    found = issues_of(edited(("ask: age", "asks: age"), ("start: home\n", ""), ("[hi]", "[12]")))
    assert [issue.line for issue in found] == [1, 13, 24]


@pytest.mark.parametrize("text", ["", "# nothing", "[]", "just text", "5"])
def test_no_flow_at_all(text: str) -> None:
    (issue,) = issues_of(text)
    assert issue.message == "the file holds no flow"
