"""Webhook bodies become inbox rows: keys, kinds, owners, and what is only kept."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from bot.ingest import from_razorpay, from_request, from_whatsapp
from bot.whatsapp.channel import REPEATED
from bot.whatsapp.inbound import parse
from payments.processing.bodies import OrderRequested
from payments.processing.step_input import EventKind
from payments.razorpay import webhook
from payments.shop.orders import Mode
from storage.inbox.arrival import Arrival
from tests.builders import cart_of

FIXTURES = Path(__file__).parents[1] / "fixtures"
NUMBER = "300000000000077"
NOW = 1_785_000_000_000


def whatsapp(name: str, number: str = NUMBER) -> list[Arrival]:
    body = json.loads((FIXTURES / "whatsapp" / f"webhook_{name}.json").read_text("utf-8"))
    return from_whatsapp(parse(body), number, NOW)


def razorpay(name: str, order_key: str | None, **change: Any) -> Arrival:
    raw = (FIXTURES / "razorpay" / f"{name}.json").read_bytes()
    body = {**orjson.loads(raw), **change}
    return from_razorpay(raw, webhook.read(body), order_key, body, Mode.TEST)


def test_a_message() -> None:
    [arrival] = whatsapp("text")
    assert (arrival.kind, arrival.pending, arrival.name) == (EventKind.CHAT, True, "Meera Nair")
    assert arrival.key.startswith("wamid.")
    assert arrival.body["event"] == {"kind": "text", "text": "Do you have ginger chai?"}
    assert ("phone", "917000000021") in arrival.aliases
    assert arrival.raw is not None
    assert json.loads(arrival.raw)["messages"][0]["id"] == arrival.key


def test_a_message_to_another_number_is_kept_and_belongs_to_nobody() -> None:
    [arrival] = whatsapp("text", number="another")
    assert (arrival.kind, arrival.pending, arrival.aliases) == (EventKind.OTHER, False, ())


def test_what_needs_no_answer_is_kept_with_its_sender() -> None:
    [arrival] = whatsapp("reaction")
    assert (arrival.kind, arrival.pending, arrival.body) == (EventKind.OTHER, False, {"reason": "reaction"})
    assert arrival.aliases


def test_a_status() -> None:
    [arrival] = whatsapp("status_failed_undeliverable")
    assert (arrival.kind, arrival.pending) == (EventKind.RECEIPT, True)
    assert arrival.key == f"{arrival.body['provider_id']}:failed"
    assert arrival.body["error"]["code"] == 131026
    assert arrival.opaque == arrival.body["opaque"]
    [elsewhere] = whatsapp("status_failed_undeliverable", number="another")
    assert (elsewhere.kind, elsewhere.pending, elsewhere.opaque) == (EventKind.OTHER, False, None)


def test_a_key_no_provider_would_make_becomes_a_hash() -> None:
    body = json.loads((FIXTURES / "whatsapp" / "webhook_status_read.json").read_text("utf-8"))
    status = body["entry"][0]["changes"][0]["value"]["statuses"][0]
    status["id"] = "w" * 195
    [long] = from_whatsapp(parse(body), NUMBER, NOW)
    assert long.key == "w" * 195 + ":read"
    status["id"] = "w" * 196
    [longer] = from_whatsapp(parse(body), NUMBER, NOW)
    assert longer.key.startswith("sha256:")
    status["id"] = "w" * 195 + "v"
    [other] = from_whatsapp(parse(body), NUMBER, NOW)
    assert other.key != longer.key


def test_a_payment_of_ours() -> None:
    arrival = razorpay("payment.captured.upi", "abcdefgh-1-1")
    assert (arrival.kind, arrival.pending, arrival.order_key) == (EventKind.FACTS, True, "abcdefgh-1-1")
    [fact] = arrival.body["facts"]
    assert (fact["entity"], fact["state"], fact["order_key"]) == ("payment", "captured", "abcdefgh-1-1")
    assert razorpay("payment.captured.upi", "abcdefgh-1-1").key == arrival.key


def test_no_personal_data_is_kept() -> None:
    for file in (FIXTURES / "razorpay").glob("*.json"):
        arrival = razorpay(file.stem, "abcdefgh-1-1")
        kept = f"{arrival.raw}{orjson.dumps(arrival.body).decode()}"
        for personal in ("vpa", "email", "contact", "card", "last4"):
            assert f'"{personal}":' not in kept, file.stem


def test_a_payment_of_nobody_and_an_event_without_facts_are_kept() -> None:
    for arrival in (
        razorpay("payment.captured.upi", None),
        razorpay("payment.downtime.started", "abcdefgh-1-1"),
    ):
        assert (arrival.kind, arrival.pending) == (EventKind.OTHER, False)
        assert arrival.body["event"]


def test_a_request_is_known_by_its_key() -> None:
    items = cart_of(("masala-250", 2))
    arrival = from_request("919800000001", OrderRequested(items), "monday")
    assert (arrival.kind, arrival.pending, arrival.body) == (
        EventKind.REQUEST,
        True,
        {"items": [{"sku": "masala-250", "quantity": 2}]},
    )
    assert arrival.aliases == (("phone", "919800000001"),)
    assert from_request("919800000001", OrderRequested(None), "monday").body == {"items": None}
    assert arrival.key == from_request("919800000001", OrderRequested(None), "monday").key
    assert arrival.key != from_request("919800000002", OrderRequested(None), "monday").key
    assert arrival.key != from_request("919800000001", OrderRequested(items), "tuesday").key
    assert len(from_request("919800000001", OrderRequested(None), "k" * 255).key) < 100


@pytest.mark.parametrize(
    ("late", "told"), [(0, True), (3_600_000, True), (REPEATED, True), (REPEATED + 1, False)]
)
def test_a_message_older_than_meta_repeats_it_has_a_wrong_clock(late: int, told: bool) -> None:
    body = json.loads((FIXTURES / "whatsapp" / "webhook_text.json").read_text("utf-8"))
    [message] = parse(body).messages
    [arrival] = from_whatsapp(parse(body), NUMBER, message.sent_at + late)
    assert arrival.body["sent_at"] == (message.sent_at if told else 0)


def test_what_the_owner_writes_in_the_app_is_a_person_in_the_customers_chat() -> None:
    echo = {"from": "918000000001", "to": "919800000001", "id": "wamid.1", "type": "text"}
    value = {"metadata": {"phone_number_id": NUMBER}, "message_echoes": [echo]}
    entry = {"id": "1", "changes": [{"field": "smb_message_echoes", "value": value}]}
    parsed = parse({"object": "whatsapp_business_account", "entry": [entry]})
    [arrival] = from_whatsapp(parsed, NUMBER, NOW)
    assert (arrival.kind, arrival.pending) == (EventKind.STAFF, True)
    assert (arrival.aliases, arrival.told_at) == ((("phone", "919800000001"),), 0)
    assert (arrival.body["verb"], arrival.body["answer_to"]) == ("wrote", "")
    [elsewhere] = from_whatsapp(parsed, "another", NOW)
    assert (elsewhere.kind, elsewhere.pending, elsewhere.aliases) == (EventKind.OTHER, False, ())


def test_a_customer_who_stops_offers() -> None:
    [arrival] = whatsapp("user_preferences_stop")
    assert (arrival.kind, arrival.pending, arrival.body) == (EventKind.PREFERENCE, True, {"stopped": True})
    assert arrival.aliases


def test_a_reply_carries_what_it_quotes() -> None:
    body = json.loads((FIXTURES / "whatsapp" / "webhook_text.json").read_text("utf-8"))
    assert "quote" not in whatsapp("text")[0].body
    body["entry"][0]["changes"][0]["value"]["messages"][0]["context"] = {"id": "wamid.9"}
    [arrival] = from_whatsapp(parse(body), NUMBER, NOW)
    assert arrival.body["quote"] == "wamid.9"
