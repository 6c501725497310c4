"""Payloads as Meta documents them, and every limit, at it and one over."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from bot.whatsapp.payloads import PayloadError, Recipient, build
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
from sandbox import meta_rules

MEERA = Recipient("917000000021", "IN.4077000000000000021")


def content(message: Message) -> Any:
    payload = build(message, MEERA, "send:1")
    return payload[payload["type"]]


def buttons(n: int = 1, **changed: Any) -> Buttons:
    fields: dict[str, Any] = {"body": "Pay now?", "buttons": tuple(Reply(f"b{i}", f"B{i}") for i in range(n))}
    return Buttons(**fields | changed)


def rows(n: int) -> tuple[Reply, ...]:
    return tuple(Reply(f"r{i}", f"R{i}") for i in range(n))


def lists(*sections: Section, **changed: Any) -> List:
    return List(**{"body": "Menu", "button": "See all", "sections": sections} | changed)


def link(**changed: str | None) -> Link:
    return Link(**{"body": "Pay", "title": "Pay now", "url": "https://rzp.example/x"} | changed)  # type: ignore[arg-type]


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


PICTURE = "https://x.example/a.jpg"
LENGTHS: list[tuple[str, int, Callable[[str], Message]]] = [
    ("text.body", 4096, Text),
    ("image.caption", 1024, lambda s: Image(PICTURE, s)),
    ("video.caption", 1024, lambda s: Video(PICTURE, s)),
    ("document.caption", 1024, lambda s: Document(PICTURE, s)),
    ("document.filename", 240, lambda s: Document(PICTURE, filename=s)),
    ("interactive.body.text", 1024, lambda s: buttons(body=s)),
    ("interactive.body.text", 1024, lambda s: lists(Section("A", rows(1)), body=s)),
    ("interactive.body.text", 1024, lambda s: link(body=s)),
    ("interactive.footer.text", 60, lambda s: buttons(footer=s)),
    ("interactive.footer.text", 60, lambda s: lists(Section("A", rows(1)), footer=s)),
    ("interactive.footer.text", 60, lambda s: link(footer=s)),
    ("interactive.action.buttons[0].reply.title", 20, lambda s: buttons(buttons=(Reply("b", s),))),
    ("interactive.action.buttons[0].reply.id", 256, lambda s: buttons(buttons=(Reply(s, "B"),))),
    ("interactive.action.button", 20, lambda s: lists(Section("A", rows(1)), button=s)),
    ("interactive.action.sections[0].title", 24, lambda s: lists(Section(s, rows(1)))),
    ("interactive.action.sections[0].rows[0].title", 24, lambda s: lists(Section("A", (Reply("r", s),)))),
    (
        "interactive.action.sections[0].rows[0].description",
        72,
        lambda s: lists(Section("A", (Reply("r", "R", s),))),
    ),
    ("interactive.action.sections[0].rows[0].id", 200, lambda s: lists(Section("A", (Reply(s, "R"),)))),
    ("interactive.action.parameters.display_text", 20, lambda s: link(title=s)),
]


@pytest.mark.parametrize(("field", "limit", "message"), LENGTHS)
def test_length_at_its_limit_and_one_over(field: str, limit: int, message: Callable[[str], Message]) -> None:
    content(message("x" * limit))
    content(message("😀" * (limit // 2)))
    for too_long in ("x" * (limit + 1), "😀" * (limit // 2) + "x" * (1 + limit % 2)):
        with pytest.raises(PayloadError) as caught:
            content(message(too_long))
        assert str(caught.value) == f"{field}: {limit + 1} UTF-16 units, but at most {limit} are allowed"


def test_opaque_at_its_limit_and_one_over() -> None:
    build(Text("Hello"), MEERA, "x" * 512)
    with pytest.raises(PayloadError, match=r"biz_opaque_callback_data: 513 .* at most 512"):
        build(Text("Hello"), MEERA, "x" * 513)


def one_row_each(n: int) -> List:
    return lists(*(Section(f"S{i}", (Reply(f"r{i}", "R"),)) for i in range(n)))


COUNTS: list[tuple[str, int, Callable[[int], Message]]] = [
    ("interactive.action.buttons", 3, buttons),
    ("interactive.action.sections", 10, one_row_each),
    ("interactive.action.sections: rows in all", 10, lambda n: lists(Section("A", rows(n)))),
]


@pytest.mark.parametrize(("field", "most", "message"), COUNTS)
def test_count_at_its_limits_and_one_beyond(field: str, most: int, message: Callable[[int], Message]) -> None:
    content(message(1))
    content(message(most))
    for n in (0, most + 1):
        with pytest.raises(PayloadError) as caught:
            content(message(n))
        assert str(caught.value) == f"{field}: {n} given, but 1 to {most} are needed"


def test_rows_are_counted_over_all_sections() -> None:
    last = Section("B", (Reply("last", "Last"),))
    content(lists(Section("A", rows(9)), last))
    with pytest.raises(PayloadError, match="rows in all: 11 given"):
        content(lists(Section("A", rows(10)), last))


def test_a_section_without_rows_is_refused() -> None:
    with pytest.raises(PayloadError, match=re.escape("interactive.action.sections[1].rows: 0 given")):
        content(lists(Section("A", rows(1)), Section("B", ())))


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("text.body", Text("")),
        ("text.body", Text(" \n")),
        ("interactive.body.text", buttons(body=" ")),
        ("interactive.action.buttons[0].reply.title", buttons(buttons=(Reply("b", ""),))),
        ("interactive.action.buttons[0].reply.id", buttons(buttons=(Reply("", "B"),))),
        ("interactive.action.button", lists(Section("A", rows(1)), button="")),
        (
            "interactive.action.sections[0].title",
            lists(Section("", rows(1)), Section("B", (Reply("x", "X"),))),
        ),
        ("interactive.action.sections[0].rows[0].title", lists(Section("A", (Reply("r", ""),)))),
        ("interactive.action.parameters.display_text", link(title="")),
    ],
)
def test_empty_text_is_refused(field: str, message: Message) -> None:
    with pytest.raises(PayloadError) as caught:
        content(message)
    assert str(caught.value).startswith(f"{field}: is empty")


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (buttons(buttons=(Reply("a", "Yes"), Reply("b", "Yes"))), "title 'Yes' is used twice"),
        (buttons(buttons=(Reply("a", "Yes"), Reply("a", "No"))), "id 'a' is used twice"),
        (lists(Section("A", rows(1)), Section("B", rows(1))), "row id 'r0' is used twice"),
        (buttons(buttons=(Reply(" a", "Yes"),)), "starts or ends with a blank"),
        (lists(Section("A", (Reply("a ", "Yes"),))), "starts or ends with a blank"),
        (Text("caf\ud83d"), "half of a surrogate pair"),
    ],
)
def test_what_meta_would_refuse(message: Message, words: str) -> None:
    with pytest.raises(PayloadError, match=words):
        content(message)


@pytest.mark.parametrize(
    "url",
    ["https://rzp.example/i/x", "http://localhost:8080/pay", "http://127.0.0.1/pay", "http://[::1]:8080/pay"],
)
def test_url_that_is_allowed(url: str) -> None:
    assert content(link(url=url))["action"]["parameters"]["url"] == url
    assert content(Image(url))["link"] == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/pay",
        "rzp.example/i/x",
        "//rzp.example/x",
        "https://",
        "https:///x",
        "ftp://rzp.example/x",
        "javascript:alert(1)",
        "http://rzp.example/x",
        "http://localhost.example/x",
        "http://0.0.0.0/x",
        "https://rzp.example/a b",
        " https://rzp.example/x",
        "https://rzp.example/x\n",
        "https://rzp.example:port/x",
        "https://[::1/x",
    ],
)
@pytest.mark.parametrize(
    "message",
    [lambda u: link(url=u), lambda u: link(image=u), lambda u: buttons(image=u), Image, Document, Video],
)
def test_url_that_is_refused(message: Callable[[str], Message], url: str) -> None:
    with pytest.raises(PayloadError, match=r"(url|link): "):
        content(message(url))


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


@pytest.mark.parametrize("ids", [("x" * 129,), ("a", ""), tuple("abcdefghijk")])
def test_quick_replies_that_meta_may_refuse(ids: tuple[str, ...]) -> None:
    with pytest.raises(PayloadError, match="template button"):
        build(TemplateMessage("new_order", "en", (), ids), MEERA, "c.7")


def test_a_template_without_values_has_no_components() -> None:
    built = build(TemplateMessage("order_paid", "en"), MEERA, "c.7")
    assert built["template"] == {"name": "order_paid", "language": {"code": "en"}}
    meta_rules.check(built)


@pytest.mark.parametrize("value", ["", "   ", "a\nb", "a\tb", "a  b", " a", "x" * 1025])
def test_a_template_that_meta_would_refuse(value: str) -> None:
    with pytest.raises(PayloadError, match=r"parameters\[1\]\.text: "):
        build(TemplateMessage("order_paid", "en", ("fine", value)), MEERA, "c.7")
