"""The demo shows the customer's messages as they were sent."""

from typing import Any, get_args

import pytest

from bot.demo.received import message
from bot.whatsapp.payloads import Recipient, build
from flows.messages.kinds import (
    AddressForm,
    Buttons,
    Document,
    Image,
    Link,
    List,
    Message,
    Reply,
    Section,
    TemplateMessage,
    Text,
    Video,
)
from sandbox.people import ReceivedMessage

FILE = "https://shop.example/a"
ASHA = Recipient("919812345601", None)
SAID: list[Message] = [
    Text("Hello"),
    Image(FILE, "Chai"),
    Image(FILE),
    Video(FILE, "How we make it"),
    Document(FILE, "Prices", "prices.pdf"),
    Document(FILE),
    Buttons("Chai?", (Reply("1|yes|", "Yes"),), "small", FILE),
    List("Chai?", "See", (Section("All", (Reply("1|a|", "A", "a"),)),), "small"),
    Link("Pay", "Pay now", FILE, "small", FILE),
    AddressForm("Where?", "Asha"),
    AddressForm("Where?"),
]


def received(payload: dict[str, Any]) -> ReceivedMessage:
    return ReceivedMessage("wamid.1", payload, 0)


def test_every_kind_is_here() -> None:
    assert {type(said) for said in SAID} == set(get_args(Message))


@pytest.mark.parametrize("said", SAID)
def test_it_is_shown_as_it_was_said(said: Message) -> None:
    came = received(build(said, ASHA, "x"))
    assert message(came) == said
    assert came.text == said.words


def test_a_template_is_shown_by_its_name_and_values() -> None:
    shown = message(received(build(TemplateMessage("order_paid", "en", ("#1", "₹ 5")), ASHA, "x")))
    assert shown == Text("order_paid: #1, ₹ 5")
