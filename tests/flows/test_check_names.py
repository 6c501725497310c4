"""Issues of names that do not exist, in rules and in templates."""

from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.errors import Severity, StepFailed
from flows.language.load import load
from tests.flows.chat import Chat
from tests.flows.sound_flow import TOY, Row, assert_issue, edited, issues_of, row

_ROOTS = "age, basket, customer, event, language, shelf, state"
_GROUPS: Final = """\
      answered: {{to: home}}
      stale: {{to: checkout}}
      invalid: {{to: cart}}
  cart:
    start: review
    states:
      review: {{}}
      choose: {{}}
  checkout:
    start: review
    states:
      review: {{on: {{text: {{to: {}}}}}}}
"""
"""Two groups, of which each has a state `review`, and a rule in the second."""
ERRORS: Final[dict[str, Row]] = {
    "unknown state": row("to: asking", "to: askin", "there is no state 'askin'", 21, 20,
    "did you mean 'asking'?"),
    "hopeless state": row("to: asking", "to: zzz", "there is no state 'zzz'", 21, 20,
    "there are home, asking"),
    "unknown state in a group": row(
        "      answered: {to: home}\n", _GROUPS.format("reveiw"), "there is no state 'reveiw'", 38, 28,
        "did you mean 'review'?",
    ),
    "unknown state elsewhere": row(
        "      answered: {to: home}\n", _GROUPS.format("chose"), "there is no state 'chose'", 38, 28,
        "did you mean 'cart.choose'?",
    ),
    "unknown full path": row(
        "      answered: {to: home}\n", _GROUPS.format("cart.reviews"),
        "there is no state 'cart.reviews'", 38, 28,
        "did you mean 'cart.review'?",
    ),
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
    "argument of another name": row(
        "{sku: x}", "{product: x}", "'take' takes no 'product'", 22, 31, "did you mean 'sku'?"
    ),
    "argument of no name": row(
        "{sku: x}", "{sku: x, zzz: 1}", "'take' takes no 'zzz'", 22, 39, "it takes sku, quantity"
    ),
    "set of a name that is taken": row(
        "{take: {sku: x}}", "{set: {basket: 5}}", "there is no variable 'basket'", 22, 30,
        "that name is taken: add 'my_basket: {}' under 'variables', and write that here",
    ),
    "missing argument": row(
        "{sku: x}", "{quantity: 1}", "'take' needs 'sku'", 22, 24, "write {take: {sku: …}}"
    ),
    "bad argument": row(
        "{sku: x}", "{sku: x, quantity: 0}",
        "take: 0 is too small for 'quantity'", 22, 39, "write 1 or more",
    ),
    "set without a mapping": row(
        "{take: {sku: x}}", "{set: age}", "'set' needs variables and values", 22, 24,
        "write {set: {variable: value}}",
    ),
    "set of an unknown variable": row(
        "{take: {sku: x}}", "{set: {ages: 5}}", "there is no variable 'ages'", 22, 30, "did you mean 'age'?"
    ),
    "set to an impossible value": row(
        "{take: {sku: x}}", "{set: {age: 500}}", "500 is no value for the variable 'age'", 22, 30,
        "it takes a whole number from 1 up to 120"
    ),
    "default that is no number": row(
        "max: 120}", "max: 120, default: two}", "'two' is no value for the variable 'age'", 5, 42,
        "it takes a whole number from 1 up to 120",
    ),
    "default out of range": row(
        "max: 120}", "max: 120, default: 0}", "0 is no value for the variable 'age'", 5, 42,
        "it takes a whole number from 1 up to 120",
    ),
    "set to a text around a number": row(
        "{take: {sku: x}}", "{set: {age: 'about {{ age }}'}}",
        "'age' is a whole number, and 'about' stands around it", 22, 30, "write what holds digits, alone",
    ),
    "set to a written text": row(
        "{take: {sku: x}}", """{set: {age: "{{ 'two' }}"}}""", "'age' is a whole number, and 'two' is text",
        22, 30, "write what holds digits",
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
        "int, join, last, length, lower, money, round, title, upper", 8, 3, "take one of those",
    ),
    "broken template": row(
        "How old are you?", "'Hi {{ age'",
        "'{{' is never closed", 8, 3, "write '}}' where it ends",
    ),
    "broken guard": row(
        "{to: asking}", "[{if: 'age >', to: asking}, {to: asking}]",
        "in the expression 'age >': it is not finished", 21, 21,
        "write what belongs behind its last sign, or remove that",
    ),
    "guard with braces": row(
        "{to: asking}", "[{if: '{{ age }}', to: asking}, {to: asking}]",
        "in the expression '{{ age }}': braces stand in it", 21, 21, "write it without {{ }}",
    ),
    "unknown root in an argument": row(
        "{sku: x}", "{sku: '{{ evnt.value }}'}", "there is no 'evnt' to read here", 22, 31,
        "did you mean 'event'?"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_error(name: str) -> None:
    assert_issue(ERRORS[name])


@pytest.mark.parametrize(
    "value",
    ["'{{ age }}'", "' {{ age }} '", "'1{{ age }}'", "'{{ 2 }}'", "'{% if age %}1{% else %}2{% endif %}'"],
)
def test_what_may_be_a_number(value: str) -> None:
    assert issues_of(edited(("{take: {sku: x}}", f"{{set: {{age: {value}}}}}"))) == ()


@pytest.mark.parametrize("default", ["7", "'7'", "''"])
def test_a_default_that_may_be_a_number(default: str) -> None:
    assert issues_of(edited(("max: 120}", f"max: 120, default: {default}}}"))) == ()


def test_a_text_that_says_that_nothing_was_answered_is_a_warning() -> None:
    [issue] = [
        one
        for one in issues_of(edited(("max: 120}", "max: 120}\n  pin: {type: pincode, default: none}")))
        if "no value" in one.message
    ]
    assert (issue.severity, issue.line, issue.column) == (Severity.WARNING, 6, 24)
    assert issue.message == "'none' is no value for the variable 'pin'"
    assert issue.mend == "it takes six digits; without 'default' it is empty"


_UNASKED: Final = ("yes_please: {to: asking}", "yes_please: [{if: age > 18, to: home}, {to: asking}]")


def test_a_number_that_is_compared_before_it_is_asked_for_is_a_warning_and_fails_when_it_happens() -> None:
    text = edited(_UNASKED)
    [issue] = issues_of(text)
    assert (issue.severity, issue.line, issue.column) == (Severity.WARNING, 21, 21)
    assert issue.message == "'age' may be empty here, and what is empty can't be compared with a number"
    assert issue.mend == "write 'age and' before it, or 'default: 1' on line 5"
    chat = Chat(load(text, "f.yaml", TOY, limits=LIMITS))
    chat.write("hi")
    with pytest.raises(StepFailed):
        chat.write("Yes")
    followed = text.replace("max: 120}", "max: 120, default: 1}")
    assert issues_of(followed) == ()
    chat = Chat(load(followed, "f.yaml", TOY, limits=LIMITS))
    chat.write("hi")
    assert chat.write("Yes") == ["ask_age"]


@pytest.mark.parametrize(
    "edit",
    [
        ("answered: {to: home}", "answered: [{if: age > 18, to: home}, {to: home, say: hello}]"),
        (_UNASKED[0], _UNASKED[1].replace("age > 18", "age and age > 18")),
        (_UNASKED[0], _UNASKED[1].replace("age > 18", "age | int > 18")),
        (_UNASKED[0], _UNASKED[1].replace("age > 18", "age == 18")),
        (
            "enter: {say: ask_age}\n    ask: age\n    on:\n      answered: {to: home}",
            "ask: age\n    on:\n      answered: {to: after}\n  after: {on: {text: {if: age > 18, to: home}}}",
        ),
    ],
)
def test_a_number_that_has_a_value_or_is_asked_about_first_is_none(edit: tuple[str, str]) -> None:
    assert [one.message for one in issues_of(edited(edit)) if "may be empty" in one.message] == []
