"""WhatsApp's alerts about our account, number and templates: one notice each, none when all is well."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.alerts import FIELDS, alert

TEMPLATE: dict[str, Any] = {
    "message_template_id": 1,
    "message_template_name": "payment_successful",
    "message_template_language": "en",
}
BAD: dict[str, tuple[str, dict[str, Any], list[str]]] = {
    "paused": ("message_template_status_update", {**TEMPLATE, "event": "PAUSED"}, ["payment_successful"]),
    "disabled": ("message_template_status_update", {**TEMPLATE, "event": "DISABLED"}, ["DISABLED"]),
    "rejected": (
        "message_template_status_update",
        {**TEMPLATE, "event": "REJECTED", "reason": "INVALID_FORMAT"},
        ["REJECTED (INVALID_FORMAT)"],
    ),
    "a word of tomorrow": ("message_template_status_update", {**TEMPLATE, "event": "LIMBO"}, ["LIMBO"]),
    "category": (
        "template_category_update",
        {**TEMPLATE, "previous_category": "UTILITY", "new_category": "MARKETING"},
        ["MARKETING"],
    ),
    "low quality": ("message_template_quality_update", {**TEMPLATE, "new_quality_score": "RED"}, ["RED"]),
    "restricted": (
        "account_update",
        {"event": "ACCOUNT_RESTRICTION", "restriction_info": [{"restriction_type": "RESTRICTED_TO_SEND"}]},
        ["ACCOUNT_RESTRICTION (RESTRICTED_TO_SEND)"],
    ),
    "banned": (
        "account_update",
        {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "SCHEDULE_FOR_DISABLE"}},
        ["DISABLED_UPDATE (SCHEDULE_FOR_DISABLE)"],
    ),
    "violation": (
        "account_update",
        {"event": "ACCOUNT_VIOLATION", "violation_info": {"violation_type": "SCAM"}},
        ["(SCAM)"],
    ),
    "an alert": (
        "account_alerts",
        {"alert_info": {"alert_type": "OBA_REJECTED", "alert_status": "ACTIVE"}},
        ["OBA_REJECTED"],
    ),
    "flagged": ("phone_number_quality_update", {"event": "FLAGGED", "current_limit": "TIER_1K"}, ["TIER_1K"]),
    "nothing readable": ("account_update", {}, ["does not name"]),
}


@pytest.mark.parametrize("case", BAD)
def test_an_operator_hears_of_it(case: str) -> None:
    field, value, parts = BAD[case]
    notice = alert(field, value)
    assert notice is not None
    assert notice.kind == "whatsapp"
    assert all(part in notice.said for part in parts)


def test_each_is_told_once_for_its_subject_and_what_happened() -> None:
    subjects = [notice.subject for field, value, _ in BAD.values() if (notice := alert(field, value))]
    assert len(set(subjects)) == len(BAD)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_template_status_update", {**TEMPLATE, "event": "APPROVED"}),
        ("message_template_quality_update", {**TEMPLATE, "new_quality_score": "GREEN"}),
        ("phone_number_quality_update", {"event": "UNFLAGGED"}),
        ("account_update", {"event": "VERIFIED_ACCOUNT"}),
        ("account_alerts", {"alert_info": {"alert_type": "OBA", "alert_status": "RESOLVED"}}),
        ("user_preferences", {"user_preferences": []}),
        ("payment_configuration_update", {"status": "Active"}),
    ],
)
def test_good_news_and_other_fields_are_kept_in_silence(field: str, value: dict[str, Any]) -> None:
    assert alert(field, value) is None


@given(
    st.sampled_from(FIELDS) | st.none() | st.text(),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.sampled_from([*TEMPLATE, "event", "ban_info"]), inner)
        ),
    ),
)
def test_whatever_comes_is_read(field: object, value: object) -> None:
    notice = alert(field, value)
    assert notice is None or 0 < len(notice.subject) <= 255
