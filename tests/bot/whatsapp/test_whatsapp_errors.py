"""What the Graph API's refusals mean."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from bot.retry import Failure
from bot.whatsapp import errors
from bot.whatsapp.errors import classify
from storage import window

FIXTURES = Path(__file__).parents[2] / "fixtures" / "whatsapp"

ROWS = {
    "error_4_app_rate": (4, Failure.THROTTLED, "(#4) Application request limit reached"),
    "error_100_invalid_parameter": (100, Failure.PERMANENT, "title of button 0 is too long"),
    "error_100_no_such_number": (100, Failure.HALT, "(#100) Unsupported post request"),
    "error_190_token_expired": (190, Failure.HALT, "(#190) Session has expired"),
    "error_368_blocked": (368, Failure.HALT, "(#368) Temporarily blocked for policies violations"),
    "error_130429_throughput": (130429, Failure.THROTTLED, "Too many messages from this number"),
    "error_131000_unknown": (131000, Failure.RETRY, "Unknown failure"),
    "error_131008_missing_parameter": (131008, Failure.PERMANENT, "interactive.body is required"),
    "error_131016_unavailable": (131016, Failure.RETRY, "Try again later"),
    "error_131047_window_closed": (131047, Failure.PERMANENT, "More than a day since the last message"),
    "error_131056_pair_rate": (131056, Failure.PAIR_RATE, "Too many messages to this customer"),
    "error_132001_template_missing": (132001, Failure.PERMANENT, "payment_reminder does not exist in hi"),
}


def test_every_error_fixture_has_a_row() -> None:
    assert {path.stem for path in FIXTURES.glob("error_*.json")} == ROWS.keys()


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 429, 500, 503])
def test_code_beats_http_status(name: str, status: int) -> None:
    error = classify(status, (FIXTURES / f"{name}.json").read_bytes(), {})
    assert (error.code, error.verdict, error.details) == ROWS[name]
    assert error.status == status


def test_no_code_is_in_two_classes() -> None:
    classes = (errors.THROTTLED, errors.SERVER_SIDE, errors.ACCOUNT, errors.UNSENDABLE, errors.FAULTY)
    named = {errors.PAIR_RATE_CODE, window.CLOSED}
    assert len(errors.VERDICTS) == sum(len(codes) for codes in classes) + len(named)


@pytest.mark.parametrize(
    ("code", "verdict"),
    [
        (0, Failure.HALT),
        (1, Failure.RETRY),
        (200, Failure.HALT),
        (299, Failure.HALT),
        (300, Failure.PERMANENT),
        (80007, Failure.THROTTLED),
        (130403, Failure.PERMANENT),
        (131026, Failure.PERMANENT),
        (131031, Failure.HALT),
        (131048, Failure.HALT),
        (131057, Failure.RETRY),
        (132015, Failure.PERMANENT),
        (133004, Failure.RETRY),
        (133010, Failure.HALT),
        (134011, Failure.HALT),
        (135000, Failure.PERMANENT),
    ],
)
def test_code_table(code: int, verdict: Failure) -> None:
    assert classify(400, json.dumps({"error": {"code": code}}).encode(), {}).verdict is verdict


@pytest.mark.parametrize(
    ("status", "error", "verdict"),
    [
        (400, {"code": 999_999}, Failure.PERMANENT),
        (400, {"code": 999_999, "is_transient": True}, Failure.RETRY),
        (429, {"code": 999_999}, Failure.THROTTLED),
        (500, {"code": 999_999}, Failure.RETRY),
        (401, {"code": 999_999}, Failure.HALT),
        (403, {"code": 999_999}, Failure.HALT),
        (400, {"code": "131056"}, Failure.PAIR_RATE),
        (400, {"code": 131026, "is_transient": True}, Failure.PERMANENT),
    ],
)
def test_code_not_in_the_table(status: int, error: dict[str, object], verdict: Failure) -> None:
    assert classify(status, json.dumps({"error": error}).encode(), {}).verdict is verdict


NO_GRAPH_ERROR = [
    b"",
    b"<html>Bad gateway</html>",
    b'{"error": {"code": 1310',
    b"[]",
    b"null",
    b"{}",
    b'{"error": "no"}',
    b'{"error": {}}',
    b'{"error": {"code": true}}',
    b'{"error": {"code": null, "message": "x"}}',
    b'{"messages": []}',
    b'{"messages": [{"id": 5}]}',
    b"\xff\xfe",
]


@pytest.mark.parametrize("body", NO_GRAPH_ERROR)
@pytest.mark.parametrize(
    ("status", "verdict"),
    [
        (200, Failure.UNKNOWN),
        (204, Failure.UNKNOWN),
        (302, Failure.HALT),
        (400, Failure.HALT),
        (404, Failure.HALT),
        (429, Failure.THROTTLED),
        (500, Failure.UNKNOWN),
        (502, Failure.UNKNOWN),
    ],
)
def test_answer_without_a_graph_error(status: int, verdict: Failure, body: bytes) -> None:
    error = classify(status, body, {})
    assert (error.verdict, error.code, error.status) == (verdict, None, status)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3", 3),
        ("0", 0),
        ("1.5", 1.5),
        ("999999999", 86_400),
        ("inf", 86_400),
        ("-1", None),
        ("nan", None),
        ("", None),
        ("soon", None),
        ("Wed, 21 Oct 2026 07:28:00 GMT", None),
    ],
)
def test_retry_after(header: str, seconds: float | None) -> None:
    assert classify(429, b"", CIMultiDict({"retry-after": header})).retry_after == seconds


def test_details_are_found_wherever_they_are_and_kept_short() -> None:
    def details(error: object) -> str:
        return classify(400, json.dumps({"error": error}).encode(), {}).details

    assert details({"code": 100, "error_data": "told as text", "message": "m"}) == "told as text"
    assert details({"code": 100, "error_data": {"details": 5}, "message": "m"}) == "m"
    assert details({"code": 100}) == "no details given"
    assert len(details({"code": 100, "message": "x" * 9000})) == 500


@given(
    st.integers(100, 599),
    st.binary()
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner)
            | st.dictionaries(
                st.sampled_from(["error", "code", "error_data", "details", "message", "error_subcode"]), inner
            )
        ),
    ).map(lambda value: json.dumps(value).encode()),
    st.text(),
)
def test_classify_is_total(status: int, body: bytes, header: str) -> None:
    error = classify(status, body, {"Retry-After": header})
    assert error.verdict in Failure
    assert str(error).startswith(error.verdict)
