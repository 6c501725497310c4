"""Fallback templates: filled in when their message is said, and only such as WhatsApp may have approved."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.document.errors import StepFailed
from flows.engine.events import Happened
from flows.messages import limits
from flows.messages.kinds import (
    Buttons,
    Image,
    Link,
    List,
    Reply,
    Section,
    TemplateMessage,
    Text,
    from_json,
    to_json,
)
from tests.flows.chat import TOY, Chat, flow_of
from tests.flows.sound_flow import assert_issue, edited, issues_of, row

FLOW = """
    flow: told
    languages: [en, hi, pt-BR]
    messages:
      paid:
        text: {en: Paid, hi: मिल गया}
        buttons: [{on: more, title: More}]
        template:
          name: order_paid
          %s
          values: ["{{ event.number }}", {en: "{{ event.note }} in English", hi: "{{ event.note }} हिंदी में"}]
      out: what?
    anywhere:
      more: {say: out}
      hindi: {words: [hindi], do: {language: hi}, say: out}
      brazil: {words: [brazil], do: {language: pt-BR}, say: out}
      money.came: {say: paid}
    otherwise: {say: out}
    start: shop
    states: {shop: {}}
"""


def told(language: str = "", word: str = "", **fields: Any) -> TemplateMessage:
    """The template that goes in place of `paid` when the money came."""
    chat = Chat(flow_of(FLOW % language, TOY))
    chat.write(word or "hello")
    chat.take(Happened("money.came", {"number": "#12", "note": "fine", **fields}))
    [message] = chat.messages
    assert isinstance(message, Buttons)
    assert message.fallback is not None
    return message.fallback


def test_it_is_filled_in_when_the_message_is_said() -> None:
    assert told() == TemplateMessage("order_paid", "en", ("#12", "fine in English"))


@pytest.mark.parametrize(
    ("language", "word", "code", "value"),
    [
        ("", "hindi", "hi", "fine हिंदी में"),
        ("", "brazil", "pt_BR", "fine in English"),
        ("language: en_US", "hindi", "en_US", "fine हिंदी में"),
        ("language: {en: en_GB, hi: hi}", "hindi", "hi", "fine हिंदी में"),
        ("language: {en: en_GB, hi: hi}", "brazil", "en_GB", "fine in English"),
    ],
)
def test_the_language_is_the_customers_or_the_one_that_is_written(
    language: str, word: str, code: str, value: str
) -> None:
    assert told(language, word) == TemplateMessage("order_paid", code, ("#12", value))


@given(st.text(st.sampled_from("ab \n\t\r\u2028\u00a0🎉")))
def test_a_value_is_one_line_and_never_empty(text: str) -> None:
    value = told(number=text).values[0]
    assert value == " ".join(value.split())
    assert value == (" ".join(text.split()) or "-")


HEADED = FLOW % 'document: "{{ event.file }}"'


def headed(file: str, flow: str = HEADED) -> TemplateMessage | None:
    """The template with this document in its header."""
    chat = Chat(flow_of(flow, TOY))
    chat.take(Happened("money.came", {"number": "#12", "note": "fine", "file": file}))
    [message] = chat.messages
    return message.fallback


@pytest.mark.parametrize("link", ["https://a.example/a.pdf", "stored:invoice/a-1-1"])
def test_a_document_stands_in_the_header(link: str) -> None:
    made = headed(link)
    assert made == TemplateMessage("order_paid", "en", ("#12", "fine in English"), document=link)


def test_without_a_document_another_template_is_sent_or_none() -> None:
    assert headed(" ") is None
    other = headed("", HEADED.replace("document:", "without: order_paid_alone\n          document:"))
    assert other == TemplateMessage("order_paid_alone", "en", ("#12", "fine in English"))
    buttons = HEADED.replace("document:", "buttons: true\n          document:")
    assert headed("", buttons) is None
    made = headed("stored:invoice/a-1-1", buttons)
    assert made is not None
    assert len(made.buttons) == 1


def test_a_document_that_cannot_be_opened_is_refused() -> None:
    with pytest.raises(StepFailed, match="the document of the template can't be opened"):
        headed("http://a.example/a.pdf")


def test_long_values_leave_room_for_each_other_and_the_templates_words() -> None:
    values = told(number="x" * 5000, note="y" * 5000).values
    assert sum(limits.length(value) for value in values) <= LIMITS.template_body * 2 / 3


def test_a_message_without_a_template_has_none() -> None:
    chat = Chat(flow_of(FLOW % ""))
    chat.write("hello")
    assert chat.messages == [Text("what?")]


TEMPLATE = TemplateMessage("order_paid", "en", ("#12", "-"))
REPLY = Reply("1|a|", "A")


@pytest.mark.parametrize(
    "message",
    [
        Text("a"),
        Image("https://a.example", "a"),
        Buttons("a", (REPLY,)),
        List("a", "b", (Section("c", (REPLY,)),)),
        Link("a", "b", "https://a.example"),
    ],
)
def test_every_kind_keeps_its_template_in_json(message: Any) -> None:
    told = replace(message, fallback=TEMPLATE)
    stored = json.loads(json.dumps(to_json(told)))
    assert from_json(stored) == told
    assert from_json(stored["fallback"]) == TEMPLATE, "it can be sent as it stands"
    headed = replace(message, fallback=replace(TEMPLATE, document="https://a.example/a.pdf", filename="a"))
    assert from_json(json.loads(json.dumps(to_json(headed)))) == headed
    assert from_json(json.loads(json.dumps(to_json(message)))) == message
    assert "fallback" not in to_json(message), "and rows of before have none"


HELLO = "  hello: {en: Hello, hi: नमस्ते}\n"


@pytest.mark.parametrize(
    "broken",
    [
        row(
            HELLO, "  hello: {text: Hello, template: {name: Order-Paid}}\n",
            "'Order-Paid' can't be the name of a template", 7, 35,
            "write the name that WhatsApp Manager shows: lower case letters, digits and '_'",
        ),
        row(
            HELLO, "  hello: {text: Hello, template: {name: a, language: english}}\n",
            "'english' can't be the language of a template", 7, 44,
            "write the code that WhatsApp Manager shows, like 'en' or 'pt_BR'",
        ),
        row(
            HELLO, "  hello: {text: Hello, template: {name: a, language: {en: en, fr: fr}}}\n",
            "'fr' is not a language of this flow", 7, 63, "add it to 'languages', which has en, hi",
        ),
        row(
            HELLO, "  hello: {text: Hello, template: {name: a, values: ['{{ baskets }}']}}\n",
            "there is no 'baskets' to read here", 7, 53, "did you mean 'basket'?",
        ),
        row(
            HELLO, "  hello: {text: Hello, template: {name: a, without: b}}\n",
            "the template has no document to be without", 7, 44, "take 'without' out, or add 'document'",
        ),
        row(
            HELLO, "  hello: {text: Hello, template: {name: a, document: 'https://a.example', without: B}}\n",
            "'B' can't be the name of a template", 7, 75,
            "write the name that WhatsApp Manager shows: lower case letters, digits and '_'",
        ),
        row(
            HELLO, "  hello: {text: Hello, template: {name: a, document: 'a.pdf'}}\n",
            "'a.pdf' is not an absolute URL", 7, 44,
            "write the document's whole address, like 'https://shop.example/prices.pdf'",
        ),
        row(
            HELLO, "  hello: {text: Hello, template: {values: [a]}}\n",
            "'name' is missing", 7, 24, "add 'name:' here",
        ),
        row(
            HELLO, "  hello: {text: Hello, template: {name: a, values: [{en: a, fr: b}]}}\n",
            "'fr' is not a language of this flow", 7, 61, "add it to 'languages', which has en, hi",
        ),
    ],
)  # fmt: skip
def test_what_no_template_can_be_is_said(broken: Any) -> None:
    assert_issue(broken)


def test_a_sound_one_is_sound() -> None:
    template = "{name: order_paid_2, language: {en: en_US, hi: hi}, values: ['{{ shelf.things[0] }}']}"
    assert issues_of(edited((HELLO, f"  hello: {{text: Hello, template: {template}}}\n"))) == ()
