"""Odd but signed bodies: no other message is lost by them, and nothing is sent again by the provider."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from bot.json_text import MAX_DEPTH
from tests.world.running_bot import Live
from tests.world.test_bad_requests import BOTH, RAZORPAY, WHATSAPP, signed, text_message, webhook

RAVI = "919812345602"
ODD_TEXTS = {
    "half a pair": (rb'"\ud83d"', "\ufffd"),
    "the other half": (rb'"a\udc00b"', "a\ufffdb"),
    "halves in the wrong order": (rb'"\udc00\ud83d"', "\ufffd\ufffd"),
    "a half behind a pair": (rb'"\ud83d\ude00\ud83d"', "😀\ufffd"),
    "NUL": (rb'"a\u0000b"', "ab"),
    "not UTF-8": (b'"a\xffb"', "a\ufffdb"),
    "half a pair as bytes": (b'"a\xed\xa0\xbdb"', "a\ufffd\ufffd\ufffdb"),
    "a bare line break": (b'"a\nb"', "a\nb"),
    "a bare escape character": (b'"a\x1bb"', "a\x1bb"),
}
"""Values of a message's text in a body, and what is stored of each."""
ODD_VALUES = {
    "NaN": b"NaN",
    "infinity": b"-Infinity",
    "an infinite number": b"1e999",
    "a number of 5,000 digits": b"9" * 5000,
    "33 levels": b"[" * 33 + b"]" * 33,
    "252 levels": b'{"a":' * 252 + b"1" + b"}" * 252,
    "100,000 levels": b"[" * 100_000 + b"]" * 100_000,
}


def spliced(body: Any, **parts: bytes) -> bytes:
    """`body` as JSON, with each text that names a part replaced by the part."""
    raw = json.dumps(body).encode()
    for name, part in parts.items():
        assert raw.count(f'"{name}"'.encode()) == 1
        raw = raw.replace(f'"{name}"'.encode(), part)
    return raw


def batch(live: Live, odd: bytes, field: str = "body") -> bytes:
    """A body with one message that holds `odd`, and Ravi's message after it."""
    first = text_message(live, "wamid.odd", "instead")
    if field != "body":
        first["messages"][0]["text"] = {"body": "hi", field: "instead"}
    return spliced(webhook(first, text_message(live, "wamid.ravi", "hi", RAVI)), instead=odd)


async def stored_text(live: Live, wamid: str) -> str:
    [row] = await live.rows(f"SELECT body, kind, state FROM inbox WHERE key = '{wamid}'")
    assert (row["kind"], row["state"]) == ("chat", "pending")
    text: str = json.loads(row["body"])["event"]["text"]
    return text


@pytest.mark.parametrize("name", ODD_TEXTS)
async def test_an_odd_text_is_stored_and_so_is_the_other_customers(live: Live, name: str) -> None:
    odd, kept = ODD_TEXTS[name]
    assert await live.whatsapp(batch(live, odd)) == 200
    assert await stored_text(live, "wamid.odd") == kept
    assert await stored_text(live, "wamid.ravi") == "hi"


@pytest.mark.parametrize("name", ODD_VALUES)
async def test_an_odd_value_costs_nobody_a_message(live: Live, name: str) -> None:
    assert await live.whatsapp(batch(live, ODD_VALUES[name], "new")) == 200
    assert await stored_text(live, "wamid.odd") == "hi"
    assert await stored_text(live, "wamid.ravi") == "hi"
    await live.settle()
    assert await live.parked() == []


@pytest.mark.parametrize("name", ["NaN", "infinity", "an infinite number", "a number of 5,000 digits"])
async def test_an_amount_that_no_computer_counts_to_is_kept_as_null(live: Live, name: str) -> None:
    entity = {"id": "pay_1", "amount": "instead", "notes": {"munshi_order": "abcdefgh-1-1"}}
    raw = spliced(
        {"event": "payment.captured", "payload": {"payment": {"entity": entity}}}, instead=ODD_VALUES[name]
    )
    with capture_logs() as logs:
        assert (await live.post(RAZORPAY, raw, signed(live, RAZORPAY, raw)))[0] == 200
    assert [log["event"] for log in logs] == ["webhook read in part"]
    [row] = await live.rows("SELECT raw FROM inbox")
    assert json.loads(row["raw"])["payload"]["payment"]["entity"]["amount"] is None


@pytest.mark.parametrize("levels", [1, MAX_DEPTH, MAX_DEPTH + 1, *range(250, 257), 1000, 1025, 3000])
async def test_a_form_of_any_depth_is_answered_and_so_is_the_other_customer(live: Live, levels: int) -> None:
    reply = {"type": "nfm_reply", "nfm_reply": {"response_json": '{"a":' * levels + "1" + "}" * levels}}
    form = text_message(live, "wamid.form")
    form["messages"][0] |= {"type": "interactive", "interactive": reply}
    ravi = live.customer(RAVI, "Ravi")
    assert await live.whatsapp(webhook(form, text_message(live, "wamid.ravi", "hi", RAVI))) == 200
    await live.settle()
    assert await live.parked() == []
    assert len(ravi.texts) == 1
    assert len(live.customer().texts) == 1


UNREADABLE = {
    "empty": b"",
    "cut off": b'{"object":',
    "a list": b"[]",
    "a text": b'"hello"',
    "a page": b"<html>\x00\xff</html>",
    "two objects": b"{}{}",
    "endless": b"[" * 100_000,
    "only quotes": b'\\"' * 10_000,
    "single quotes": b"{'a':1}",
}


@BOTH
async def test_what_cannot_be_read_is_kept_told_of_and_not_asked_for_again(live: Live, path: str) -> None:
    for name, raw in UNREADABLE.items():
        with capture_logs() as logs:
            for _ in range(2):
                assert (await live.post(path, raw, signed(live, path, raw)))[0] == 200, name
        assert [(entry["event"], entry["path"]) for entry in logs] == [("webhook unreadable", path)] * 2
    rows = await live.rows("SELECT kind, state, conversation_id, raw FROM inbox ORDER BY id")
    assert {(row["kind"], row["state"], row["conversation_id"]) for row in rows} == {("other", "kept", 0)}
    assert [row["raw"] for row in rows][:2] == ["", '{"object":']
    assert rows[4]["raw"] == "<html>\\x00\\xff</html>"
    assert len(rows) == len(UNREADABLE)
    [notice] = await live.rows("SELECT kind, subject, said FROM notice")
    assert (notice["kind"], notice["subject"]) == ("unreadable", path)
    counted = live.context.metrics.text().decode()
    assert f'munshi_webhooks_unreadable_total{{path="{path}"}} {2.0 * len(UNREADABLE)}' in counted


def nested(value: Any, levels: int) -> Any:
    for _ in range(levels):
        value = [value]
    return value


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**63 - 2, 2**64 + 2)
    | st.floats()
    | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)
DEEP = st.builds(nested, ANYTHING, st.integers(0, 300))
FIELDS = """
    id from from_user_id timestamp type text body context interactive button_reply nfm_reply response_json
    button payload order product_items quantity location contacts phones image system status errors code
    error_data profile name wa_id user_id metadata phone_number_id biz_opaque_callback_data recipient_id
"""
NAMES = st.sampled_from(FIELDS.split())
VALUES = DEEP | st.sampled_from(["919812345601", "IN.4077", "wamid.x", "1785000000", "text", "order", "{}"])
OBJECTS = st.dictionaries(NAMES, VALUES | st.dictionaries(NAMES, VALUES), max_size=6)


PLAY = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
"""Examples share one bot: leftovers of earlier ones must change nothing."""


@PLAY
@given(
    messages=st.lists(OBJECTS | VALUES, max_size=2) | VALUES,
    statuses=st.lists(OBJECTS | VALUES, max_size=2) | VALUES,
    contacts=st.lists(OBJECTS | VALUES, max_size=2) | VALUES,
    key=st.uuids(),
)
async def test_whatever_meta_signs_is_answered_200_and_the_other_message_is_stored(
    live: Live, messages: Any, statuses: Any, contacts: Any, key: Any
) -> None:
    odd = {"messages": messages, "statuses": statuses, "contacts": contacts}
    raw = json.dumps(webhook(odd, text_message(live, f"wamid.{key}", "hi", RAVI))).encode()
    assert await live.whatsapp(raw) == 200
    assert await live.rows(f"SELECT id FROM inbox WHERE key = 'wamid.{key}' AND kind = 'chat'")
    await live.workers.step()


@PLAY
@given(body=ANYTHING | OBJECTS | st.dictionaries(st.sampled_from(["object", "entry"]), VALUES))
async def test_whatever_is_signed_is_answered_200(live: Live, body: Any) -> None:
    raw = json.dumps(body).encode()
    with capture_logs():
        for path in (WHATSAPP, RAZORPAY):
            assert (await live.post(path, raw, signed(live, path, raw)))[0] == 200


EVENTS = st.sampled_from(["payment.captured", "payment_link.paid", "refund.processed", "order.paid", "new"])
ENTITY = st.dictionaries(
    st.sampled_from(["id", "amount", "currency", "created_at", "status", "notes", "method", "description"]),
    VALUES | st.sampled_from(["pay_1", "plink_1", "INR", 100]),
)


@PLAY
@given(
    event=EVENTS | VALUES,
    payload=VALUES
    | st.dictionaries(
        st.sampled_from(["payment", "payment_link", "order", "refund"]),
        VALUES | st.fixed_dictionaries({"entity": ENTITY | VALUES}),
    ),
)
async def test_whatever_razorpay_signs_is_answered_200(live: Live, event: Any, payload: Any) -> None:
    raw = json.dumps({"entity": "event", "event": event, "payload": payload, "account_id": event}).encode()
    with capture_logs():
        assert (await live.post(RAZORPAY, raw, signed(live, RAZORPAY, raw)))[0] == 200


@PLAY
@given(body=ANYTHING | st.dictionaries(st.sampled_from(["phone", "items", "sku", "quantity"]), DEEP))
async def test_whatever_is_asked_of_the_api_is_refused_with_a_reason(live: Live, body: Any) -> None:
    status, answer = await live.api("POST", "/payments/create", json.dumps(body).encode())
    assert 400 <= status < 500
    assert answer
