"""What the Graph API's refusals mean."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from bot.retry import Failure
from bot.whatsapp import errors, window
from bot.whatsapp.errors import classify
from storage.outbox.resend import Remedy

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
    assert (error.code, error.failure, error.details) == ROWS[name]
    assert error.status == status


T, S, N, A, F, W, P, M, K = [
    "throttled", "server", "never", "account", "faulty", "window", "pair", "media", "kind",
]  # fmt: skip
DOCUMENTED: dict[int | range, str] = {
    0: A, 190: A, 3: A, 10: A, range(200, 300): A, 131005: A, 1: S, 2: S, 4: T, 33: A, 100: K, 368: A,
    130497: N, 131031: A, 80007: T, 130403: N, 130429: T, 130472: N, 131000: S, 131008: K, 131009: K,
    131016: S, 131021: N, 131026: K, 131030: N, 131037: A, 131042: A, 131044: A, 131045: A, 133010: A,
    131047: W, 131048: A, 131049: N, 131050: N, 131051: K, 131052: M, 131053: M, 131055: F, 131063: F,
    134100: F, 134101: F, 134102: F, 131056: P, 131057: S, 131062: N, 131064: A, 132000: F, 132012: F,
    132018: F, 132001: F, 132005: F, 132007: F, 132015: F, 132016: F, 132068: F, 132069: S, 133000: A,
    133005: A, 133006: A, 133008: A, 133009: A, 133015: A, 133016: A, 133004: S, 134006: F, 134009: F,
    134011: F, 135000: K, 137000: N, 2046: F, 2047: F,
}  # fmt: skip
"""Every code that Meta documents for messages, with its class.

130497 forbids the customer's country only, and throttled forms (132069) are waited for like a failure.
"""
MEANING: dict[str, tuple[Failure, Remedy | None]] = {
    T: (Failure.THROTTLED, Remedy.SOON),
    S: (Failure.RETRY, Remedy.SOON),
    P: (Failure.PAIR_RATE, Remedy.SOON),
    A: (Failure.HALT, Remedy.LATER),
    W: (Failure.PERMANENT, Remedy.TEMPLATE),
    M: (Failure.PERMANENT, Remedy.PLAIN),
    K: (Failure.PERMANENT, Remedy.PLAIN),
    N: (Failure.PERMANENT, None),
    F: (Failure.PERMANENT, None),
}


def codes(group: int | range) -> range:
    return group if isinstance(group, range) else range(group, group + 1)


def test_the_table_holds_every_documented_code_and_no_other() -> None:
    assert errors.FAILURES.keys() == {code for group in DOCUMENTED for code in codes(group)}


@pytest.mark.parametrize(("group", "kind"), DOCUMENTED.items())
def test_a_code_means_the_same_in_an_answer_and_in_a_later_status(group: int | range, kind: str) -> None:
    for code in codes(group):
        answer = classify(400, json.dumps({"error": {"code": code}}).encode(), {})
        assert (answer.failure, errors.remedy(code)) == MEANING[kind]


@given(st.none() | st.integers())
def test_a_code_that_nobody_knows_has_no_remedy(code: int | None) -> None:
    assert errors.remedy(code) is None or code in errors.FAILURES


def test_no_code_is_in_two_classes() -> None:
    senders = (errors.THROTTLED, errors.SERVER_SIDE, errors.ACCOUNT)
    classes = (*senders, errors.UNSENDABLE, errors.FAULTY, errors.MEDIA)
    named = {errors.PAIR_RATE_CODE, window.CLOSED}
    assert len(errors.FAILURES) == sum(len(codes) for codes in classes) + len(named)


@pytest.mark.parametrize(
    ("code", "failure"),
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
        (134011, Failure.PERMANENT),
        (135000, Failure.PERMANENT),
    ],
)
def test_code_table(code: int, failure: Failure) -> None:
    assert classify(400, json.dumps({"error": {"code": code}}).encode(), {}).failure is failure


@pytest.mark.parametrize(
    ("status", "error", "failure"),
    [
        (400, {"code": 999_999}, Failure.PERMANENT),
        (400, {"code": 999_999, "is_transient": True}, Failure.RETRY),
        (429, {"code": 999_999}, Failure.THROTTLED),
        (500, {"code": 999_999}, Failure.RETRY),
        (401, {"code": 999_999}, Failure.RETRY),
        (403, {"code": 999_999}, Failure.RETRY),
        (400, {"code": "131056"}, Failure.PAIR_RATE),
        (400, {"code": 131026, "is_transient": True}, Failure.PERMANENT),
    ],
)
def test_code_not_in_the_table(status: int, error: dict[str, object], failure: Failure) -> None:
    assert classify(status, json.dumps({"error": error}).encode(), {}).failure is failure


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
    ("status", "failure"),
    [
        (200, Failure.UNKNOWN),
        (204, Failure.UNKNOWN),
        (302, Failure.RETRY),
        (400, Failure.RETRY),
        (401, Failure.RETRY),
        (403, Failure.RETRY),
        (404, Failure.RETRY),
        (407, Failure.RETRY),
        (413, Failure.RETRY),
        (451, Failure.RETRY),
        (429, Failure.THROTTLED),
        (500, Failure.UNKNOWN),
        (502, Failure.UNKNOWN),
    ],
)
def test_answer_without_a_graph_error(status: int, failure: Failure, body: bytes) -> None:
    error = classify(status, body, {})
    assert (error.failure, error.code, error.status) == (failure, None, status)


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
    assert error.failure in Failure
    assert str(error).startswith(error.failure)
