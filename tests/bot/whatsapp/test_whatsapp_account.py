"""Meta's answers about the webhook and the subscription, however odd they are."""

from typing import Any, Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.whatsapp.account import Addresses, Health, addresses, health, is_subscribed

HERE: Final = "https://shop.example/whatsapp/webhook"
THERE: Final = "https://other.example/hook"
NOTE: Final = (
    "Your app is not subscribed to the message webhook. This means you will not receive any messages."
)

JSON: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("levels", "messages", "notices"),
    [
        ({"application": HERE}, HERE, HERE),
        ({"phone_number": HERE, "application": THERE}, HERE, THERE),
        ({"whatsapp_business_account": THERE, "application": HERE}, THERE, HERE),
        ({"phone_number": HERE, "whatsapp_business_account": THERE, "application": THERE}, HERE, THERE),
        ({"phone_number": "", "whatsapp_business_account": None, "application": HERE}, HERE, HERE),
        ({"whatsapp_business_account": HERE}, HERE, None),
        ({"application": ""}, None, None),
        ({"application": "shop.example"}, None, None),
        ({"application": "https://["}, None, None),
        ({"application": "https://shop.example:port/"}, None, None),
        ({"application": {"url": HERE}}, None, None),
        ({"callback_url": HERE}, None, None),
        ({}, None, None),
        ([HERE], None, None),
        (HERE, None, None),
        (None, None, None),
    ],
)
def test_the_first_level_that_has_an_address_gets_the_messages(
    levels: Any, messages: str | None, notices: str | None
) -> None:
    assert addresses({"webhook_configuration": levels, "id": "1"}) == Addresses(messages, notices)


def test_a_number_without_a_webhook_leads_nowhere() -> None:
    assert addresses({"id": "1"}) == Addresses(None, None)


def test_what_may_be_a_secret_in_an_address_is_not_read() -> None:
    kept = "https://me:secret@shop.example:8443/whatsapp/webhook?key=secret#secret"
    expected = "https://shop.example:8443/whatsapp/webhook"
    assert addresses({"webhook_configuration": {"application": kept}}) == Addresses(expected, expected)


def entities(*listed: Any) -> dict[str, Any]:
    return {"health_status": {"can_send_message": "AVAILABLE", "entities": list(listed)}, "id": "1"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            entities(
                {"entity_type": "PHONE_NUMBER", "id": "1"},
                {"entity_type": "WABA", "id": "2", "can_send_message": "AVAILABLE"},
                {"entity_type": "BUSINESS", "id": "3"},
                {"entity_type": "APP", "id": "4", "can_send_message": "LIMITED", "additional_info": [NOTE]},
            ),
            Health("2", "4", (NOTE,)),
        ),
        (entities({"entity_type": "WABA", "id": 2}, {"entity_type": "APP", "id": 4}), Health("2", "4", ())),
        (entities({"entity_type": "WABA", "id": "2"}), Health("2", None, ())),
        (entities({"entity_type": "APP", "id": "4"}), Health(None, "4", ())),
        (entities({"entity_type": "WABA", "id": "2/../3"}), Health(None, None, ())),
        (entities({"entity_type": "WABA", "id": "٢"}), Health(None, None, ())),
        (entities({"entity_type": "WABA", "id": "9" * 31}), Health(None, None, ())),
        (entities({"entity_type": "WABA", "id": True}), Health(None, None, ())),
        (entities({"entity_type": "WABA", "id": -2}), Health(None, None, ())),
        (entities({"entity_type": ["WABA"], "id": "2"}, "WABA", None), Health(None, None, ())),
        (
            entities({"entity_type": "APP", "additional_info": ["Your display name is new.", 7, None]}),
            Health(None, None, ()),
        ),
        (entities({"entity_type": "APP", "additional_info": NOTE}), Health(None, None, ())),
        ({"health_status": []}, Health(None, None, ())),
        ({"health_status": {"entities": {"WABA": "2"}}}, Health(None, None, ())),
        ({"id": "1"}, Health(None, None, ())),
    ],
)
def test_who_takes_part(answer: dict[str, Any], expected: Health) -> None:
    assert health(answer) == expected


def app(number: Any) -> dict[str, Any]:
    return {"whatsapp_business_api_data": {"id": number, "name": "Shop", "link": "https://example.com/"}}


@pytest.mark.parametrize(
    ("answer", "own", "expected"),
    [
        ({"data": [app("4")]}, "4", True),
        ({"data": [app("5"), app(4)]}, "4", True),
        ({"data": [app("4")], "paging": {"next": "https://…"}}, "4", True),
        ({"data": []}, "4", False),
        ({"data": []}, None, False),
        ({"data": [app("5")]}, "4", False),
        ({"data": [app("5")], "paging": {"cursors": {}}}, "4", False),
        ({"data": [app("5")], "paging": {"next": "https://…"}}, "4", None),
        ({"data": [app("4")]}, None, None),
        ({"data": [{"id": "4"}]}, "4", None),
        ({"data": [app(None)]}, "4", None),
        ({"data": ["4", None]}, "4", None),
        ({"data": {}}, "4", None),
        ({"data": None}, "4", None),
        ({"success": True}, "4", None),
    ],
)
def test_whether_the_app_is_among_the_subscribed(
    answer: dict[str, Any], own: str | None, expected: bool | None
) -> None:
    assert is_subscribed(answer, own) is expected


@given(JSON, st.none() | st.just("4"))
@example({"application": "https://[::1"}, None)
@example([{"entity_type": "WABA", "id": "1" * 5000}], None)
def test_no_answer_breaks_the_reading(value: Any, own: str | None) -> None:
    led = addresses({"webhook_configuration": value})
    assert led.messages is None or "://" in led.messages
    assert health({"health_status": {"entities": value}}).account is None or isinstance(value, list)
    assert health({"health_status": value}).complaints == ()
    assert is_subscribed({"data": value, "paging": value}, own) is not True
