"""`parse` answers any JSON with something that can be stored."""

from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.inbound import Parsed, parse
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
FIELDS = """
    id from from_user_id from_parent_user_id wa_id user_id profile name timestamp type text body context
    interactive button_reply nfm_reply response_json button payload order product_items quantity
    product_retailer_id location latitude contacts phones image system status recipient_id errors code
    error_data details biz_opaque_callback_data metadata phone_number_id group_id
"""
NAMES = st.sampled_from(FIELDS.split())
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


def check_storable(parsed: Parsed) -> None:
    # A dump of the dataclasses: events, names and aliases as well as the fragments.
    assert b"\\u0000" not in orjson.dumps(parsed)


@given(st.dictionaries(st.text(st.characters()), anything))
def test_parse_never_raises_on_any_json(body: dict[str, Any]) -> None:
    check_storable(parse(body))


@given(values | objects | anything)
def test_parse_never_raises_on_near_misses(value: Any) -> None:
    check_storable(parse(webhook_body(value)))
