"""Payloads as Meta documents them."""

import pytest

from bot.whatsapp.payloads import PayloadError, Recipient, build
from flows.messages.kinds import (
    AddressForm,
    Document,
    Image,
    Reply,
    Section,
    TemplateMessage,
    Text,
    Video,
)
from sandbox import meta_rules
from tests.bot.whatsapp.sample_messages import MEERA, buttons, content, link, lists, rows


def test_text() -> None:
    assert build(Text("Hello"), MEERA, "send:1") == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+917000000021",
        "type": "text",
        "text": {"body": "Hello"},
        "biz_opaque_callback_data": "send:1",
    }


@pytest.mark.parametrize("body", ["see https://x.example/p", "HTTP://x.example"])
def test_text_with_a_url_is_previewed(body: str) -> None:
    assert content(Text(body)) == {"body": body, "preview_url": True}


@pytest.mark.parametrize("body", ["see https:// x", "x.example", "http:///x"])
def test_text_without_a_url_is_not_previewed(body: str) -> None:
    assert content(Text(body)) == {"body": body}


def test_customer_without_a_phone_number_is_addressed_by_bsuid() -> None:
    payload = build(Text("Hello"), Recipient(None, "IN.4077000000000000021"), "send:1")
    assert payload["recipient"] == "IN.4077000000000000021"
    assert "to" not in payload


@pytest.mark.parametrize(
    "to",
    [Recipient(None, None), Recipient("", None), Recipient("+91700", None), Recipient("९१७००००००", None)],
)
def test_nobody_to_send_to(to: Recipient) -> None:
    with pytest.raises(PayloadError, match=r"^to: "):
        build(Text("Hello"), to, "send:1")


def test_image() -> None:
    assert content(Image("https://x.example/a.jpg", "Chai")) == {
        "link": "https://x.example/a.jpg",
        "caption": "Chai",
    }
    assert content(Image("https://x.example/a.jpg")) == {"link": "https://x.example/a.jpg"}


def test_document() -> None:
    built = build(Document("https://x.example/a.pdf", "Prices", "prices.pdf"), MEERA, "send:1")
    assert (built["type"], built["document"]) == (
        "document",
        {"link": "https://x.example/a.pdf", "caption": "Prices", "filename": "prices.pdf"},
    )
    meta_rules.check(built)
    assert content(Document("https://x.example/a.pdf")) == {"link": "https://x.example/a.pdf"}


def test_video() -> None:
    built = build(Video("https://x.example/a.mp4", "Chai"), MEERA, "send:1")
    assert (built["type"], built["video"]) == (
        "video",
        {"link": "https://x.example/a.mp4", "caption": "Chai"},
    )
    meta_rules.check(built)
    assert content(Video("https://x.example/a.mp4", " ")) == {"link": "https://x.example/a.mp4"}


def test_buttons() -> None:
    assert content(buttons(2, footer="Thanks", image="https://x.example/a.jpg")) == {
        "type": "button",
        "header": {"type": "image", "image": {"link": "https://x.example/a.jpg"}},
        "body": {"text": "Pay now?"},
        "footer": {"text": "Thanks"},
        "action": {
            "buttons": [
                {"type": "reply", "reply": {"id": "b0", "title": "B0"}},
                {"type": "reply", "reply": {"id": "b1", "title": "B1"}},
            ]
        },
    }


def test_list() -> None:
    message = lists(Section("Chai", (Reply("r0", "Ginger", "100 g"), Reply("r1", "Plain"))))
    assert content(message) == {
        "type": "list",
        "body": {"text": "Menu"},
        "action": {
            "button": "See all",
            "sections": [
                {
                    "title": "Chai",
                    "rows": [
                        {"id": "r0", "title": "Ginger", "description": "100 g"},
                        {"id": "r1", "title": "Plain"},
                    ],
                }
            ],
        },
    }


def test_address_form() -> None:
    built = build(AddressForm("Where shall we deliver?", "Meera"), MEERA, "send:1")
    assert built == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+917000000021",
        "type": "interactive",
        "interactive": {
            "type": "address_message",
            "body": {"text": "Where shall we deliver?"},
            "action": {
                "name": "address_message",
                "parameters": {
                    "country": "IN",
                    "values": {"name": "Meera", "phone_number": "+917000000021"},
                },
            },
        },
        "biz_opaque_callback_data": "send:1",
    }
    meta_rules.check(built)


def test_address_form_of_a_customer_who_hides_their_number_and_has_no_name() -> None:
    built = build(AddressForm("Where?"), Recipient(None, MEERA.bsuid), "send:1")
    assert built["interactive"]["action"]["parameters"] == {"country": "IN"}
    meta_rules.check(built)


@pytest.mark.parametrize(
    "to",
    [
        Recipient("14155550123", None),
        Recipient("6591234567", "IN.4077000000000000021"),
        Recipient(None, "SG.4077000000000000021"),
    ],
)
def test_only_indian_numbers_get_the_address_form(to: Recipient) -> None:
    assert build(AddressForm("Where?", "Meera"), to, "x") == build(Text("Where?"), to, "x")


def test_a_section_alone_needs_no_title() -> None:
    assert content(lists(Section("", rows(1))))["action"]["sections"] == [
        {"rows": [{"id": "r0", "title": "R0"}]}
    ]


def test_link() -> None:
    assert content(link()) == {
        "type": "cta_url",
        "body": {"text": "Pay"},
        "action": {
            "name": "cta_url",
            "parameters": {"display_text": "Pay now", "url": "https://rzp.example/x"},
        },
    }


def test_blank_small_print_is_left_out() -> None:
    assert "footer" not in content(buttons(footer=" "))
    assert "caption" not in content(Image("https://x.example/a.jpg", ""))
    assert content(Document("https://x.example/a.pdf", " ", " ")) == {"link": "https://x.example/a.pdf"}
    assert (
        "description"
        not in content(lists(Section("A", (Reply("r", "R", " "),))))["action"]["sections"][0]["rows"][0]
    )


def test_a_template() -> None:
    built = build(TemplateMessage("order_paid", "pt_BR", ("#10001", "₹ 500")), MEERA, "c.7")
    assert built["type"] == "template"
    assert built["biz_opaque_callback_data"] == "c.7"
    assert built["template"] == {
        "name": "order_paid",
        "language": {"code": "pt_BR"},
        "components": [
            {
                "type": "body",
                "parameters": [{"type": "text", "text": "#10001"}, {"type": "text", "text": "₹ 500"}],
            }
        ],
    }
    meta_rules.check(built)


def test_a_template_with_a_document() -> None:
    made = TemplateMessage(
        "bill", "en", ("#10001",), ("1|a|",), "stored:invoice/a-1-1", "AN-26-27-000123.pdf"
    )
    linked = TemplateMessage("prices", "en", document="https://x.example/a.pdf")
    for message, media, document in (
        (made, "5000", {"id": "5000", "filename": "AN-26-27-000123.pdf"}),
        (linked, "", {"link": "https://x.example/a.pdf"}),
    ):
        built = build(message, MEERA, "c.7", media)
        header, *others = built["template"]["components"]
        assert header == {"type": "header", "parameters": [{"type": "document", "document": document}]}
        assert [part["type"] for part in others] == (["body", "button"] if media else [])
        meta_rules.check(built)
    with pytest.raises(PayloadError, match="an absolute https URL is needed"):
        build(made, MEERA, "c.7")


def test_a_template_with_quick_replies() -> None:
    ids = ("s|k3f-27-1abcdef|placed|stage|accepted", "k3f-27.4|more|tea")
    for values, parts in (("#10001",), 3), ((), 2):
        built = build(TemplateMessage("new_order", "en", values, ids), MEERA, "c.7")
        components = built["template"]["components"]
        assert len(components) == parts
        assert components[-2:] == [
            {
                "type": "button",
                "sub_type": "quick_reply",
                "index": index,
                "parameters": [{"type": "payload", "payload": id}],
            }
            for index, id in zip("01", ids, strict=True)
        ]
        meta_rules.check(built)


def test_a_template_without_values_has_no_components() -> None:
    built = build(TemplateMessage("order_paid", "en"), MEERA, "c.7")
    assert built["template"] == {"name": "order_paid", "language": {"code": "en"}}
    meta_rules.check(built)
