"""`parse` answers any JSON with something that can be stored."""

import json
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.address_form import FIELDS
from bot.whatsapp.inbound import Parsed, parse
from flows.engine.address import LONGEST
from flows.engine.events import Received
from flows.messages.limits import length
from tests.bot.whatsapp.webhook_body import webhook_body


def test_endless_nesting_is_kept_in_part() -> None:
    deep: Any = "x"
    for _ in range(900):
        deep = [deep]
    (unread,) = parse({"deep": deep}).unread
    orjson.dumps(unread.fragment)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
    max_leaves=8,
)
NAMED = """
    id from from_user_id from_parent_user_id wa_id user_id profile name timestamp type text body context
    interactive button_reply nfm_reply response_json button payload order product_items quantity
    product_retailer_id location latitude contacts phones image system status recipient_id errors code
    error_data details biz_opaque_callback_data metadata phone_number_id group_id
"""
NAMES = st.sampled_from(NAMED.split())
VALUES = (
    anything
    | NAMES
    | st.sampled_from(["917000000021", "IN.4077", "IN.ENT.4077", "wamid.x", "1785000000", "{}"])
)
objects = st.dictionaries(
    NAMES, VALUES | st.dictionaries(NAMES, VALUES) | st.lists(st.dictionaries(NAMES, VALUES))
)
values = st.fixed_dictionaries(
    {},
    optional={
        name: st.lists(objects | anything, max_size=3) | anything
        for name in ("messages", "statuses", "contacts", "errors")
    }
    | {"metadata": objects},
)


KEYS = st.sampled_from([*FIELDS.values(), "values", "saved_address_id"])
ANSWERS = st.dictionaries(KEYS, anything | st.dictionaries(KEYS, anything | st.text(max_size=2000)))


def check_storable(parsed: Parsed) -> None:
    # A dump of the dataclasses: events, names and aliases as well as the fragments.
    assert b"\\u0000" not in orjson.dumps(parsed)


@given(st.dictionaries(st.text(st.characters()), anything))
def test_parse_never_raises_on_any_json(body: dict[str, Any]) -> None:
    check_storable(parse(body))


@given(values | objects | anything)
def test_parse_never_raises_on_near_misses(value: Any) -> None:
    check_storable(parse(webhook_body(value)))


@given(ANSWERS.map(json.dumps) | st.text(st.characters()))
def test_a_hostile_address_is_short_and_can_be_stored_or_is_no_address(response: str) -> None:
    reply = {"type": "nfm_reply", "nfm_reply": {"name": "address_message", "response_json": response}}
    message = {"id": "wamid.1", "from": "917000000021", "type": "interactive", "interactive": reply}
    [read] = parse(webhook_body({"messages": [message], "metadata": {"phone_number_id": "1"}})).messages
    assert isinstance(read.event, Received)
    assert b"\\u0000" not in orjson.dumps(read.event).replace(rb"\\", b"")
    assert read.event.kind in ("address", "nfm_reply")
    if read.event.kind == "address":
        assert read.event.fields["address"]
        assert all(length(text) <= LONGEST for text in read.event.fields.values())
