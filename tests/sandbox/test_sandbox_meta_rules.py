"""What the sandbox's Meta accepts and what it refuses."""

import copy
from typing import Any

import pytest

from sandbox.meta_errors import Refused
from sandbox.meta_rules import check


def send(kind: str, body: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"messaging_product": "whatsapp", "to": "+919812345670", "type": kind, kind: body, **fields}


def button(id: str = "a", title: str = "A") -> dict[str, Any]:
    return {"type": "reply", "reply": {"id": id, "title": title}}


def buttons(*replies: dict[str, Any], **fields: Any) -> dict[str, Any]:
    action = {"buttons": list(replies)}
    return send("interactive", {"type": "button", "body": {"text": "Tea?"}, "action": action, **fields})


def rows(count: int, **fields: Any) -> list[dict[str, Any]]:
    return [{"id": f"row-{index}", "title": f"Row {index}", **fields} for index in range(count)]


def sections(*parts: dict[str, Any], button: str = "Open", **fields: Any) -> dict[str, Any]:
    action = {"button": button, "sections": list(parts)}
    return send("interactive", {"type": "list", "body": {"text": "Tea?"}, "action": action, **fields})


def link(url: str = "https://rzp.io/rzp/abc", text: str = "Pay now", **fields: Any) -> dict[str, Any]:
    action = {"name": "cta_url", "parameters": {"display_text": text, "url": url}}
    return send("interactive", {"type": "cta_url", "body": {"text": "Total"}, "action": action, **fields})


def address(country: str = "IN", name: str = "address_message", **values: Any) -> dict[str, Any]:
    action = {"name": name, "parameters": {"country": country, **({"values": values} if values else {})}}
    return send("interactive", {"type": "address_message", "body": {"text": "Where?"}, "action": action})


def template(*values: str, kind: str = "text", where: str = "body", **fields: Any) -> dict[str, Any]:
    parameters = [{"type": kind, kind: value} for value in values]
    components = {"components": [{"type": where, "parameters": parameters}]} if values else {}
    return send("template", {"name": "order_paid", "language": {"code": "en"}, **components, **fields})


def quick(index: Any = "0", sub_type: str = "quick_reply", **parameter: Any) -> dict[str, Any]:
    parameters = [parameter or {"type": "payload", "payload": "x" * 128}]
    part = {"type": "button", "sub_type": sub_type, "index": index, "parameters": parameters}
    return send("template", {"name": "a_1", "language": {"code": "en"}, "components": [part]})


def headed(**document: Any) -> dict[str, Any]:
    parameters = [{"type": "document", "document": document}]
    part = {"type": "header", "parameters": parameters}
    return send("template", {"name": "a_1", "language": {"code": "en"}, "components": [part]})


IMAGE_HEADER = {"type": "image", "image": {"link": "https://example.com/tea.jpg"}}

TAKEN = [
    send("text", {"body": "x" * 4096, "preview_url": True}),
    send("text", {"body": "hello"}, context={"message_id": "wamid.x"}, biz_opaque_callback_data="x" * 512),
    {"messaging_product": "whatsapp", "recipient": "IN.123", "type": "text", "text": {"body": "hello"}},
    send("image", {"link": "https://example.com/tea.jpg", "caption": "c" * 1024}),
    send("image", {"id": "5000"}),
    send("video", {"link": "https://example.com/tea.mp4", "caption": "c" * 1024}),
    send("document", {"link": "https://example.com/a.pdf", "caption": "c" * 1024, "filename": "f" * 240}),
    send("audio", {"id": "5000"}),
    send("sticker", {"link": "https://example.com/tea.webp"}),
    buttons(button("x" * 256, "t" * 20), button("b", "B"), button("c", "C"), header=IMAGE_HEADER),
    buttons(button(), footer={"text": "f" * 60}, header={"type": "text", "text": "h" * 60}),
    sections({"title": "s" * 24, "rows": rows(10, description="d" * 72)}),
    sections({"title": "One", "rows": rows(1)}, {"title": "Two", "rows": [{"id": "z", "title": "Z"}]}),
    sections({"rows": rows(1)}),
    link(),
    address(),
    address(phone_number="+919812345670", in_pin_code="411004", city="Pune"),
    link("http://127.0.0.1:8081/l/abc", "d" * 20),
    template(),
    template("10001", "x" * 1024),
    headed(id="5000", filename="AN-26-27-000123.pdf"),
    headed(link="https://example.com/a.pdf"),
    quick(),
    quick(9),
    send("template", {"name": "a_1", "language": {"code": "pt_BR", "policy": "deterministic"}}),
]

REFUSED = [
    (address(""), 131008),
    (quick(10), 132012),
    (quick(sub_type="url"), 132012),
    (quick(type="text", text="a"), 100),
    (quick(type="text", payload="a"), 132012),
    (quick(type="payload", payload="x" * 129), 100),
    (address("SG"), 131009),
    (address(name="address"), 131009),
    (address(pincode="411004"), 100),
    (address(city=5), 100),
    (address(city=""), 131008),
    (address(in_pin_code="4110044"), 100),
    (address(phone_number="98123 45670"), 131009),
    ({**TAKEN[0], "messaging_product": "sms"}, 100),
    ({**TAKEN[0], "recipient_type": "group"}, 100),
    ({**TAKEN[0], "to": None}, 131008),
    ({**TAKEN[0], "to": "+91 98123 45670"}, 131009),
    ({**TAKEN[0], "to": 919812345670}, 131009),
    ({**TAKEN[2], "recipient": "919812345670"}, 131009),
    ({**TAKEN[0], "type": "poll"}, 100),
    ({**TAKEN[0], "type": "image"}, 100),
    ({**TAKEN[0], "extra": 1}, 100),
    ({**TAKEN[0], "biz_opaque_callback_data": "x" * 513}, 100),
    ({**TAKEN[0], "context": {}}, 131008),
    (send("text", {"body": "x" * 4097}), 100),
    (send("text", {"body": "🫖" * 2049}), 100),
    (send("text", {"body": ""}), 131008),
    (send("text", {"body": 5}), 100),
    (send("text", {"body": "x", "preview_url": "yes"}), 100),
    (send("image", {"caption": "no picture"}), 131008),
    (send("image", {"id": "5000", "filename": "tea.jpg"}), 100),
    (send("video", {"link": "https://example.com/t.mp4", "filename": "tea.mp4"}), 100),
    (send("document", {"link": "https://example.com/a.pdf", "filename": "f" * 241}), 100),
    (send("document", {"filename": "a.pdf"}), 131008),
    (send("audio", {"id": "5000", "caption": "music"}), 100),
    (send("sticker", {"id": "5000", "caption": "a cat"}), 100),
    (send("image", {"link": "tea.jpg"}), 131009),
    (send("image", {"link": "https://[::1"}), 131009),
    (send("image", {"link": "https://example.com/t.jpg", "caption": "c" * 1025}), 100),
    (buttons(), 131008),
    (buttons(button("a", "A"), button("b", "B"), button("c", "C"), button("d", "D")), 131009),
    (buttons(button("a", "A"), button("a", "B")), 131009),
    (buttons(button("a", "A"), button("b", "A")), 131009),
    (buttons(button("a ", "A")), 131009),
    (buttons(button("x" * 257, "A")), 100),
    (buttons(button("a", "t" * 21)), 100),
    (buttons(button("a", "")), 131008),
    (buttons({"type": "url", "url": {}}), 131009),
    (buttons(button(), body={"text": "x" * 1025}), 100),
    (buttons(button(), body=None), 131008),
    (buttons(button(), footer={"text": "f" * 61}), 100),
    (buttons(button(), header={"type": "text", "text": "h" * 61}), 100),
    (buttons(button(), header={"type": "product"}), 131009),
    (sections({"title": "A", "rows": rows(1)}, header=IMAGE_HEADER), 131009),
    (sections(), 131008),
    (sections({"title": "A", "rows": []}), 131008),
    (sections({"title": "A", "rows": rows(11)}), 131009),
    (sections({"title": "A", "rows": rows(6)}, {"title": "B", "rows": rows(6)}), 131009),
    (sections({"title": "A", "rows": rows(1)}, {"title": "B", "rows": rows(1)}), 131009),
    (sections({"rows": rows(1)}, {"title": "B", "rows": [{"id": "z", "title": "Z"}]}), 131008),
    (sections(*({"title": f"S{n}", "rows": [{"id": f"{n}", "title": "R"}]} for n in range(11))), 131009),
    (sections({"title": "s" * 25, "rows": rows(1)}), 100),
    (sections({"title": "A", "rows": rows(1, title="t" * 25)}), 100),
    (sections({"title": "A", "rows": rows(1, description="d" * 73)}), 100),
    (sections({"title": "A", "rows": rows(1, id="i" * 201)}), 100),
    (sections({"title": "A", "rows": rows(1)}, button="b" * 21), 100),
    (link("rzp.io/abc"), 131009),
    (link("upi://pay?pa=x"), 131009),
    (link(text="d" * 21), 100),
    (send("interactive", {"type": "carousel", "body": {"text": "x"}}), 131009),
    (send("interactive", "button"), 100),  # type: ignore[arg-type]
    (template(name="Order-Paid"), 132001),
    (template(language={"code": "english"}), 132001),
    (template(language="en"), 100),
    (template(name=None), 131008),
    (template("a", where="header"), 132012),
    (template("a", kind="payload"), 100),
    (headed(filename="a.pdf"), 131008),
    (headed(id="5000", caption="c"), 100),
    (headed(link="a.pdf"), 131009),
    (template("two\nlines"), 132018),
    (template("a     b"), 132018),
    (template(" "), 132018),
    (template(""), 131008),
    (template(buttons=[]), 100),
]


@pytest.mark.parametrize("message", TAKEN)
def test_messages_within_the_limits_are_taken(message: dict[str, Any]) -> None:
    before = copy.deepcopy(message)
    check(message)
    assert message == before


@pytest.mark.parametrize(("message", "code"), REFUSED)
def test_messages_over_a_limit_are_refused(message: dict[str, Any], code: int) -> None:
    with pytest.raises(Refused) as refused:
        check(message)
    assert refused.value.code == code
