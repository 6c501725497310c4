"""Odd contents of messages still get an answer, and the address form becomes an address."""

import json
from typing import Any

import pytest

from flows.engine.events import Event, Received, Tapped, TextReceived
from tests.bot.whatsapp.webhook_body import event_of


@pytest.mark.parametrize(
    ("kind", "content", "event"),
    [
        ("text", None, Received("text")),
        ("text", {"body": 5}, Received("text")),
        ("text", {"body": ""}, Received("text")),
        ("text", {"body": "\0"}, Received("text")),
        ("text", {"body": "a\0b\ud83d"}, TextReceived("ab\ufffd")),
        ("button", {"text": "Yes"}, TextReceived("Yes")),
        ("button", {"payload": "", "text": "Yes"}, TextReceived("Yes")),
        ("button", {"payload": 5}, Received("button")),
        ("button", {"payload": "#orders", "text": "#orders"}, TextReceived("#orders")),
        ("button", {"payload": "a-1.2|stop|", "text": "Stop"}, Tapped("a-1.2|stop|", "Stop")),
        ("interactive", {"type": "button_reply"}, Received("interactive")),
        ("interactive", {"type": "button_reply", "button_reply": {"id": ""}}, Received("interactive")),
        ("interactive", {"type": "nfm_reply", "nfm_reply": {"response_json": "[1]"}}, Received("nfm_reply")),
        ("interactive", {"type": "nfm_reply", "nfm_reply": {"response_json": "{"}}, Received("nfm_reply")),
        ("interactive", {"type": "payment.captured"}, Received("interactive")),
        ("location", {"latitude": 91, "longitude": True, "name": 1}, Received("location")),
        ("order", {"product_items": []}, Received("order")),
        ("order", {"product_items": [{"product_retailer_id": "a", "quantity": 1}, 7]}, Received("order")),
        ("order", {"product_items": [{"product_retailer_id": "a", "quantity": 0}]}, Received("order")),
        ("order", {"product_items": [{"product_retailer_id": "a", "quantity": 1.5}]}, Received("order")),
        ("contacts", {"phones": []}, Received("contacts", {"names": [], "phones": []})),
        ("image", [], Received("image")),
        ("payment.captured", {}, Received("unknown")),
    ],
)
def test_odd_content_still_gets_an_answer(kind: str, content: Any, event: Event) -> None:
    assert event_of(kind, content) == event


def test_form_response_is_storable_even_when_its_escapes_are_not() -> None:
    form = {"type": "nfm_reply", "nfm_reply": {"response_json": r'{"a":"x\u0000y"}'}}
    assert event_of("interactive", form) == Received("nfm_reply", {"response": {"a": "xy"}})


def address_reply(response: object, name: str = "address_message") -> Event | None:
    text = response if isinstance(response, str) else json.dumps(response)
    reply = {"name": name, "response_json": text}
    return event_of("interactive", {"type": "nfm_reply", "nfm_reply": reply})


FILLED = {
    "name": "Meera",
    "phone_number": "919800000021",
    "in_pin_code": "६८२००१",
    "house_number": 4,
    "floor_number": "2",
    "tower_number": "C",
    "building_name": "Palm Court",
    "address": "Lake\u202e Road\0",
    "landmark_area": "Station",
    "city": "Kochi",
    "state": "Kerala",
}


@pytest.mark.parametrize(
    "response", [FILLED, {"values": FILLED}, {"saved_address_id": "a1", "values": FILLED}]
)
def test_an_address_is_read_wherever_its_fields_stand(response: Any) -> None:
    fields = {
        "address": "4, 2, C, Palm Court, Lake Road, Station, Kochi, Kerala, 682001",
        "pincode": "682001",
        "name": "Meera",
        "phone": "+919800000021",
        "city": "Kochi",
        "state": "Kerala",
    }
    assert address_reply(response) == Received("address", fields)


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"values": {}},
        {"values": []},
        {"values": {"name": "Meera", "in_pin_code": "682001"}},
        {"values": {"address": " ", "city": None, "state": True, "house_number": ["4"]}},
        {"saved_address_id": "a1"},
    ],
)
def test_a_form_without_an_address_is_not_taken_for_one(response: Any) -> None:
    answer = Received("nfm_reply", {"name": "address_message", "response": response})
    assert address_reply(response) == answer


@pytest.mark.parametrize("response", ["", "{", "[1]", '"address"', '{"address":"' + "x" * 20_000 + '"}'])
def test_an_address_form_that_cannot_be_read_is_a_form(response: str) -> None:
    assert address_reply(response) == Received("nfm_reply", {"name": "address_message"})


def test_only_the_address_form_gives_an_address() -> None:
    filled = {"values": FILLED | {"address": "Lake Road"}}
    assert address_reply(filled, "flow") == Received("nfm_reply", {"name": "flow", "response": filled})
    assert event_of("address", {"address": "Lake Road"}) == Received("unknown")
    assert event_of("interactive", {"type": "address"}) == Received("unknown")
