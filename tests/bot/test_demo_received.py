"""The demo shows the customer's messages as they were sent."""

import io
from dataclasses import replace
from typing import Any, get_args

import pytest
from rich.console import Console

from bot.demo.received import message
from bot.terminal.drawing import draw
from bot.whatsapp.payloads import Recipient, build
from flows.messages.kinds import (
    AddressForm,
    Buttons,
    CardUpdate,
    Document,
    Image,
    Link,
    List,
    Message,
    Payment,
    Reply,
    Section,
    TemplateMessage,
    Text,
    Video,
)
from flows.messages.payment import Bill, BillLine
from sandbox.people import ReceivedMessage

FILE = "https://shop.example/a"
ASHA = Recipient("919812345601", None)
BILL = Bill(
    reference="c-1-1.c1",
    order="c-1-1",
    configuration="main",
    expires_at=1_790_000_000_000,
    lines=(BillLine("tea", "Masala chai", 18_000, 2),),
    goods=36_000,
    discount=3_600,
    discount_name="FIRST10",
    delivery=4_000,
    total=36_400,
    catalogue="",
    origin=("India", "Annapurna", "12 FC Road", "Pune", "411004"),
    address=("Asha", "4 MG Road", "Pune", "Maharashtra", "411001"),
)
FROM_CATALOGUE = replace(
    BILL, catalogue="3001", origin=(), address=(), discount=0, discount_name="", delivery=0
)
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
    Payment("Pay here", BILL.reference, "small", None, BILL),
    Payment("Pay here", BILL.reference, None, None, FROM_CATALOGUE),
    CardUpdate("On its way", BILL.reference, "shipped"),
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


@pytest.mark.parametrize(
    ("caption", "shown"),
    [(None, "[document: A-1.pdf]\n\n"), ("It is on its way", "[document: A-1.pdf]\nIt is on its way\n\n")],
)
def test_a_document_that_was_uploaded_is_shown_by_its_name(caption: str | None, shown: str) -> None:
    came = received(build(Document("stored:invoice/k", caption, "A-1.pdf"), ASHA, "x", "media-1"))
    assert "link" not in came.payload["document"]
    assert drawn(message(came)) == shown


def test_a_template_is_shown_with_its_document_and_its_quick_replies() -> None:
    header = TemplateMessage("bill", "en", ("#1",), document="stored:invoice/k", filename="A-1.pdf")
    came = received(build(header, ASHA, "x", "media-1"))
    assert drawn(message(came)) == "[document: A-1.pdf]\nbill: #1\n\n"
    quick = message(received(build(TemplateMessage("new_order", "en", ("#1",), ("id1", "id2")), ASHA, "x")))
    assert [reply.id for reply in quick.replies] == ["id1", "id2"]
    assert "new_order: #1" in drawn(quick)


def drawn(shown: Message) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(draw(shown))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()
