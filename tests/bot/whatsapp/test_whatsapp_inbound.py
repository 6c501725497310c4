"""Webhook bodies are parsed: one row per fixture, then the odd ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.whatsapp.inbound import InboundMessage, Parsed, Sender, parse
from flows.engine.events import Event, Received, Tapped, TextReceived
from flows.messages import limits
from tests.bot.whatsapp.webhook_body import event_of, sent, webhook_body

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"

PHONE = ("phone", "917000000021")
BSUID = ("bsuid", "IN.4077000000000000021")
PARENT = ("parent_bsuid", "IN.ENT.4077000000000000900")
MEERA = Sender((BSUID, PHONE), "Meera Nair")


def load(name: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads((FIXTURES / f"webhook_{name}.json").read_text())
    return body


def media(kind: str, id: str, mime: str, **fields: str) -> Received:
    return Received(kind, {"id": id, "mime_type": mime, **fields})


EVENTS: dict[str, Event] = {
    "text": TextReceived("Do you have ginger chai?"),
    "text_reply": TextReceived("two of those"),
    "text_forwarded": TextReceived("win a phone"),
    "text_unicode": TextReceived("नमस्ते ☕ café / “chai”?"),
    "text_legacy_no_bsuid": TextReceived("hello"),
    "text_bsuid_in_from": TextReceived("menu"),
    "text_username_only": TextReceived("menu"),
    "text_parent_bsuid": TextReceived("menu"),
    "text_referral_ad": TextReceived("saw your ad"),
    "text_referred_product": TextReceived("is it fresh?"),
    "interactive_button_reply": Tapped("checkout~7", "Checkout"),
    "interactive_list_reply": Tapped("add~3~ginger-100", "Ginger chai"),
    "interactive_list_reply_no_description": Tapped("add~3~plain-100", "Plain chai"),
    "interactive_nfm_reply_flow": Received(
        "nfm_reply",
        {"name": "flow", "response": {"flow_token": "slot-9", "slot": "morning", "gift": "yes"}},
    ),
    "interactive_nfm_reply_address": Received(
        "address",
        {
            "address": "4, Lake Road, Kochi, 682001",
            "pincode": "682001",
            "name": "Meera Nair",
            "phone": "",
            "city": "Kochi",
            "state": "",
        },
    ),
    "interactive_call_permission_reply": Received("call_permission_reply"),
    "interactive_without_body": Received("interactive"),
    "button_template_reply": Tapped("resume~44", "Back to my cart"),
    "button_template_reply_no_context": Tapped("STOP", "No more offers"),
    "location_named": Received(
        "location",
        {
            "latitude": 9.9312,
            "longitude": 76.2673,
            "name": "Marine Drive",
            "address": "Shanmugham Road, Kochi",
        },
    ),
    "location_pin": Received("location", {"latitude": -9.5, "longitude": 76}),
    "image": media("image", "990000000000001", "image/jpeg", caption="our gate"),
    "video": media("video", "990000000000002", "video/mp4"),
    "document": media("document", "990000000000003", "application/pdf", caption="bill"),
    "audio_voice_note": media("audio", "990000000000004", "audio/ogg; codecs=opus"),
    "sticker": media("sticker", "990000000000005", "image/webp"),
    "contacts_shared": Received(
        "contacts", {"names": ["Dev Rao"], "phones": ["917000000023", "917000000024"]}
    ),
    "order_cart": Received(
        "order",
        {
            "text": "ring twice",
            "items": [{"sku": "ginger-100", "quantity": 3}, {"sku": "plain-100", "quantity": 1}],
        },
    ),
    "unsupported": Received("unsupported", {"type": "poll"}),
    "request_welcome": Received("request_welcome"),
    "new_kind": Received("hologram"),
}

IGNORED = {
    "reaction": "reaction",
    "reaction_removed": "reaction",
    "edit": "edit",
    "revoke": "revoke",
    "group_message": "group message",
    "system_changed_number": "system: user_changed_number",
    "system_changed_number_old_spelling": "system: customer_changed_number",
    "system_changed_user_id": "system: user_changed_user_id",
}

RECEIPTS: dict[str, tuple[str, str | None, int | None]] = {
    "status_sent": ("sent", None, None),
    "status_sent_tracked": ("sent", "send:412", None),
    "status_sent_conversation": ("sent", None, None),
    "status_delivered": ("delivered", None, None),
    "status_read": ("read", None, None),
    "status_played": ("played", None, None),
    "status_failed_undeliverable": ("failed", None, 131026),
    "status_failed_window_closed": ("failed", None, 131047),
    "status_failed_marketing_cap": ("failed", "send:413", 131049),
}

HINTS = {"status_payment_captured", "status_payment_refund"}
UNREAD = {
    "errors_value_level": "errors about no message",
    "status_payment_failed_attempt": "word of a payment in the chat that was not made",
    "payment_configuration_update": "field payment_configuration_update",
}

BATCHES = {"batch_two_messages", "batch_mixed"}
NEWS = {"user_preferences_stop"}


def test_every_fixture_has_a_row() -> None:
    there = {path.stem.removeprefix("webhook_") for path in FIXTURES.glob("webhook_*.json")}
    assert there == EVENTS.keys() | IGNORED.keys() | RECEIPTS.keys() | UNREAD.keys() | BATCHES | NEWS | HINTS


def only_message(name: str) -> InboundMessage:
    (message,) = parse(load(name)).messages
    return message


@pytest.mark.parametrize("name", EVENTS)
def test_message_becomes_event(name: str) -> None:
    message = only_message(name)
    assert message.event == EVENTS[name]
    assert message.ignored is None
    assert message.phone_number_id == "300000000000077"
    assert message.sent_at == 1_785_000_000_000


@pytest.mark.parametrize("name", IGNORED)
def test_message_without_an_answer_says_why(name: str) -> None:
    message = only_message(name)
    assert (message.event, message.ignored) == (None, IGNORED[name])


@pytest.mark.parametrize("name", RECEIPTS)
def test_status_becomes_receipt(name: str) -> None:
    parsed = parse(load(name))
    (receipt,) = parsed.receipts
    status, opaque, code = RECEIPTS[name]
    assert receipt.key == f"wamid.b3Vycy0x:{status}"
    assert (receipt.wamid, receipt.status, receipt.opaque) == ("wamid.b3Vycy0x", status, opaque)
    assert (receipt.error or {}).get("code") == code
    assert PHONE in receipt.recipient
    assert (parsed.messages, parsed.unread) == ((), ())


def test_a_customer_who_stops_offers() -> None:
    [preference] = parse(load("user_preferences_stop")).preferences
    assert preference.stopped
    assert PHONE in preference.customer
    assert preference.key.startswith("preference:")


def change_of(field: str, value: dict[str, Any]) -> dict[str, Any]:
    entry = {"id": "1", "changes": [{"field": field, "value": value}]}
    return {"object": "whatsapp_business_account", "entry": [entry]}


ECHO: dict[str, Any] = {"from": "918000000001", "to": "919800000001", "id": "wamid.1", "type": "text"}


def test_what_the_owner_writes_in_the_app() -> None:
    value = {"metadata": {"phone_number_id": "300000000000077"}, "message_echoes": [ECHO]}
    parsed = parse(change_of("smb_message_echoes", value))
    [echo] = parsed.echoes
    assert (echo.key, echo.customer) == ("echo:wamid.1", (("phone", "919800000001"),))
    assert (parsed.messages, parsed.unread) == ((), ())


@pytest.mark.parametrize("wrong", [{}, {"id": 7}, {"to": "no number"}, {"to": None}])
def test_an_echo_that_cannot_be_read_is_kept_beside_those_that_can(wrong: dict[str, Any]) -> None:
    bad = {**ECHO, **wrong} if wrong else "no object"
    parsed = parse(change_of("smb_message_echoes", {"message_echoes": [ECHO, bad]}))
    assert (len(parsed.echoes), len(parsed.unread)) == (1, 1)
    kept = parsed.unread[0].fragment
    assert kept["message_echoes"] == [bad], "nothing of the customer who could be read"
    parsed = parse(change_of("smb_message_echoes", {"message_echoes": [bad]}))
    assert (len(parsed.echoes), len(parsed.unread)) == (0, 1)


def test_a_reply_names_what_it_quotes() -> None:
    body = load("text")
    message = body["entry"][0]["changes"][0]["value"]["messages"][0]
    assert only_message("text").quote is None
    for context, quote in (({"id": "wamid.9"}, "wamid.9"), ({"id": 7}, None), ("no", None), ({}, None)):
        message["context"] = context
        [parsed] = parse(body).messages
        assert parsed.quote == quote


@pytest.mark.parametrize("name", sorted(HINTS))
def test_a_payment_in_the_chat_is_a_hint(name: str) -> None:
    parsed = parse(load(name))
    [hint] = parsed.hints
    assert (hint.reference, hint.order_id, hint.amount) == ("chai-1-1", "order_TEST01", 19_000)
    assert (parsed.receipts, parsed.unread) == ((), ())


@pytest.mark.parametrize("name", UNREAD)
def test_other_things_are_kept(name: str) -> None:
    parsed = parse(load(name))
    assert [unread.reason for unread in parsed.unread] == [UNREAD[name]]
    assert (parsed.messages, parsed.receipts) == ((), ())


def test_error_of_a_failed_message_is_told_in_full() -> None:
    (receipt,) = parse(load("status_failed_window_closed")).receipts
    assert receipt.error == {
        "code": 131047,
        "title": "Re-engagement message",
        "details": "More than a day since the last message",
    }


@pytest.mark.parametrize(
    ("name", "sender"),
    [
        ("text", MEERA),
        ("text_legacy_no_bsuid", Sender((PHONE,), "Meera Nair")),
        ("text_bsuid_in_from", Sender((BSUID,), "Meera Nair")),
        ("text_username_only", Sender((BSUID,), "Meera Nair")),
        ("text_parent_bsuid", Sender((BSUID, PARENT, PHONE), "Meera Nair")),
        ("text_unicode", Sender((BSUID, PHONE), "मीरा ☕")),
        ("system_changed_number", Sender((("phone", "917000000029"),), None, formerly=(PHONE,))),
        ("system_changed_number_old_spelling", Sender((("phone", "917000000029"),), None, formerly=(PHONE,))),
        ("system_changed_user_id", Sender((("bsuid", "IN.4077000000000000029"),), None, formerly=(BSUID,))),
    ],
)
def test_sender_is_known_by_every_name(name: str, sender: Sender) -> None:
    assert only_message(name).sender == sender


def test_value_errors_beside_a_message_are_kept_too() -> None:
    parsed = parse(load("interactive_without_body"))
    assert [unread.reason for unread in parsed.unread] == ["errors about no message"]


def test_batch_of_two_messages_keeps_both_in_order() -> None:
    assert [m.event for m in parse(load("batch_two_messages")).messages] == [
        TextReceived("1"),
        TextReceived("2"),
    ]


def test_batch_of_several_numbers_matches_contacts_by_id() -> None:
    parsed = parse(load("batch_mixed"))
    assert [(m.phone_number_id, m.sender.name, m.event) for m in parsed.messages] == [
        ("300000000000077", "Meera Nair", TextReceived("from Meera")),
        ("300000000000088", "Meera Nair", TextReceived("from Meera too")),
        ("300000000000088", "Arun", TextReceived("from Arun")),
    ]
    assert [r.key for r in parsed.receipts] == ["wamid.b3Vycy0x:delivered", "wamid.b3Vycy0y:read"]
    assert parsed.receipts[1].recipient == (("bsuid", "IN.4077000000000000022"), ("phone", "917000000022"))


@pytest.mark.parametrize("name", [*EVENTS, *IGNORED, *sorted(BATCHES)])
def test_fragment_alone_reads_the_same(name: str) -> None:
    parsed = parse(load(name))
    for message in parsed.messages:
        assert parse(webhook_body(message.fragment)) == Parsed((message,), (), ())


def test_text_is_clipped_to_the_limit() -> None:
    assert event_of("text", {"body": "x" * 4096}) == TextReceived("x" * 4096)
    clipped = event_of("text", {"body": "☕" + "😀" * 4096})
    assert isinstance(clipped, TextReceived)
    assert limits.length(clipped.text) in (4095, 4096)
    assert clipped.text.endswith("😀…")


@pytest.mark.parametrize(
    ("timestamp", "milliseconds"),
    [
        ("1785000000", 1_785_000_000_000),
        (1785000000, 1_785_000_000_000),
        ("1785000000123", 1_785_000_000_123),
        (1785000000123, 1_785_000_000_123),
        ("soon", 0),
        ("-5", 0),
        (True, 0),
        (1.5, 0),
        (10**14, 0),
        (None, 0),
    ],
)
def test_timestamp_in_seconds_or_milliseconds(timestamp: Any, milliseconds: int) -> None:
    (message,) = sent("text", {"body": "x"}, timestamp=timestamp).messages
    assert message.sent_at == milliseconds


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("  Asha\n\t Rao\x07 ", "Asha Rao"),
        ("Asha\0", "Asha"),
        ("\u202eahsA", "ahsA"),
        ("\n", None),
        (7, None),
        ("x" * 60, "x" * 60),
        ("x" * 61, "x" * 59 + "…"),
    ],
)
def test_name_is_one_short_line(name: Any, kept: str | None) -> None:
    contact = {"profile": {"name": name}, "wa_id": PHONE[1]}
    message = {"id": "wamid.x", "from": PHONE[1], "type": "text", "text": {"body": "x"}}
    (read,) = parse(webhook_body({"contacts": [contact], "messages": [message]})).messages
    assert read.sender.name == kept


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"id": None}, "message without an id"),
        ({"id": 5}, "message without an id"),
        ({"id": "x" * 256}, "message without an id"),
        ({"from": None}, "message that names no sender"),
        ({"from": "someone"}, "message that names no sender"),
        ({"from": 917000000021}, "message that names no sender"),
    ],
)
def test_message_that_cannot_be_placed_is_kept(changed: dict[str, Any], reason: str) -> None:
    parsed = sent("text", {"body": "x"}, **changed)
    assert parsed.messages == ()
    assert [unread.reason for unread in parsed.unread] == [reason]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"object": "page", "entry": []},
        {"object": "whatsapp_business_account", "entry": {}},
        {"object": "whatsapp_business_account", "entry": [7]},
        {"object": "whatsapp_business_account", "entry": [{"changes": [None]}]},
        webhook_body(None),
        webhook_body({}),
        webhook_body({"messages": {}}),
        webhook_body({"messages": [None]}),
        webhook_body({"statuses": ["sent"]}),
        webhook_body({"statuses": [{"id": "wamid.x"}]}),
    ],
)
def test_unreadable_structure_is_kept_and_never_an_error(body: dict[str, Any]) -> None:
    parsed = parse(body)
    assert len(parsed.unread) == 1
    assert (parsed.messages, parsed.receipts) == ((), ())


def test_one_bad_message_spoils_no_other() -> None:
    good = {"id": "wamid.x", "from": PHONE[1], "type": "text", "text": {"body": "x"}}
    parsed = parse(webhook_body({"messages": [None, good, {}]}))
    assert len(parsed.messages) == 1
    assert len(parsed.unread) == 2


def test_unread_key_depends_on_content_alone() -> None:
    one, two = (parse({"b": 1, "a": n}).unread[0].key for n in (1, 2))
    assert parse({"a": 1, "b": 1}).unread[0].key == one
    assert one != two


def test_group_status_has_no_recipient() -> None:
    status = {"id": "wamid.x", "status": "sent", "recipient_id": "660000000000001", "recipient_type": "group"}
    assert parse(webhook_body({"statuses": [status]})).receipts[0].recipient == ()
