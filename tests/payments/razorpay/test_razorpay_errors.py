"""Errors of Razorpay's API: their reasons, whether to retry, and their texts."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.razorpay.errors import MAX_DESCRIPTION, Reason, classify


def payment_link_error(description: str, code: str = "BAD_REQUEST_ERROR") -> dict[str, Any]:
    return {
        "error": {"code": code, "description": description, "metadata": [], "reason": None, "source": None}
    }


EXISTS = (
    "payment link with given reference_id: k3f9-27-4.2 already exists. Please use a different reference_id"
)
HTML = b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>"

JSON_SHAPES = [
    (400, payment_link_error(EXISTS), Reason.ALREADY_EXISTS),
    (400, payment_link_error("reference_id k3f9-27-4.2 was Already Attempted"), Reason.ALREADY_EXISTS),
    (400, payment_link_error("reference_id: the length must be no more than 40."), Reason.REFUSED),
    (
        400,
        payment_link_error("cannot cancel or expire an already paid / partially paid link"),
        Reason.ALREADY_PAID,
    ),
    (
        400,
        payment_link_error("Cannot cancel or expire an already paid/partially  paid link."),
        Reason.ALREADY_PAID,
    ),
    (400, payment_link_error("cannot cancel or expire a cancelled link"), Reason.ALREADY_CANCELLED),
    (400, payment_link_error("cannot cancel or expire an expired link"), Reason.ALREADY_EXPIRED),
    (400, payment_link_error("The id provided does not exist"), Reason.NOT_FOUND),
    (400, payment_link_error("amount exceeds maximum amount allowed."), Reason.REFUSED),
    (400, payment_link_error("expire_by: timestamp must be atleast 15 minutes in future."), Reason.REFUSED),
    (400, {}, Reason.UNAVAILABLE),
    (400, {"error": "a bare text"}, Reason.UNAVAILABLE),
    (401, {"message": "log in at the portal"}, Reason.UNAVAILABLE),
    (403, {"detail": "blocked"}, Reason.UNAVAILABLE),
    (400, {"error": {"code": 7, "description": None, "metadata": {}}}, Reason.REFUSED),
    (401, payment_link_error("Authentication failed"), Reason.AUTH),
    (400, payment_link_error("The currency does not exist"), Reason.REFUSED),
    (404, payment_link_error("The id provided does not exist"), Reason.NOT_FOUND),
    (404, payment_link_error("The requested URL was not found on the server."), Reason.UNAVAILABLE),
    (404, {"message": "no Route matched with those values"}, Reason.UNAVAILABLE),
    (404, {"error": {"code": "BAD_REQUEST_ERROR"}}, Reason.NOT_FOUND),
    (404, {}, Reason.UNAVAILABLE),
    (
        409,
        {
            "error": {
                "code": "BAD_REQUEST_ERROR",
                "description": "Another request with the same idempotency key is still in progress.",
                "source": "NA",
                "step": "NA",
                "reason": "NA",
                "metadata": {},
            }
        },
        Reason.IN_FLIGHT,
    ),
    (
        409,
        payment_link_error("Different request with the same idempotency key has already been processed."),
        Reason.IN_FLIGHT,
    ),
    (400, payment_link_error("The payment has been fully refunded already."), Reason.ALREADY_REFUNDED),
    (400, payment_link_error("The payment has already been fully refunded"), Reason.ALREADY_REFUNDED),
    (
        400,
        payment_link_error("The refund amount provided is greater than amount captured."),
        Reason.ALREADY_REFUNDED,
    ),
    (400, payment_link_error("refund amount exceeds the amount captured"), Reason.ALREADY_REFUNDED),
    (400, payment_link_error("Your account has not enough balance for the refund"), Reason.REFUSED),
    (429, payment_link_error("Too many requests"), Reason.THROTTLED),
    (429, payment_link_error("Too many requests", "RATE_LIMIT_EXCEEDED"), Reason.THROTTLED),
    (
        429,
        payment_link_error("test mode limit of 30 reached for payment_link", "RATE_LIMIT_EXCEEDED"),
        Reason.QUOTA,
    ),
    (500, payment_link_error("We are facing some trouble", "SERVER_ERROR"), Reason.UNAVAILABLE),
    (502, payment_link_error("Payment processing failed", "GATEWAY_ERROR"), Reason.UNAVAILABLE),
    (302, {}, Reason.UNINTELLIGIBLE),
]


@pytest.mark.parametrize(("status", "answer", "reason"), JSON_SHAPES)
def test_json_shapes(status: int, answer: dict[str, Any], reason: Reason) -> None:
    error = classify(status, json.dumps(answer).encode(), {})
    assert error.reason is reason
    assert error.status == status


@pytest.mark.parametrize("body", [HTML, b"", b"[]", b"null", b'"text"', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (502, Reason.UNAVAILABLE),
        (504, Reason.UNAVAILABLE),
        (400, Reason.UNAVAILABLE),
        (403, Reason.UNAVAILABLE),
        (404, Reason.UNAVAILABLE),
        (302, Reason.UNAVAILABLE),
        (401, Reason.UNAVAILABLE),
        (413, Reason.UNAVAILABLE),
        (429, Reason.THROTTLED),
    ],
)
def test_bodies_that_are_no_json_object(status: int, reason: Reason, body: bytes) -> None:
    error = classify(status, body, {})
    assert error.reason is reason
    assert error.description == "the answer is not JSON"


@pytest.mark.parametrize(
    ("given_header", "seconds"),
    [
        ("3", 3.0),
        ("0", 0.0),
        ("1.5", 1.5),
        ("999999999", 86_400.0),
        ("-1", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("Mon, 23 Nov 2026 10:00:00 GMT", None),
        ("", None),
    ],
)
def test_retry_after(given_header: str, seconds: float | None) -> None:
    assert classify(429, b"{}", {"retry-AFTER": given_header}).retry_after == seconds
    assert classify(429, b"{}", {"Content-Type": "3"}).retry_after is None


def test_what_may_be_tried_again_and_what_may_have_happened() -> None:
    permanent = {
        Reason.ALREADY_PAID,
        Reason.ALREADY_CANCELLED,
        Reason.ALREADY_EXPIRED,
        Reason.ALREADY_REFUNDED,
        Reason.AUTH,
        Reason.NOT_FOUND,
        Reason.QUOTA,
        Reason.REFUSED,
    }
    surely_not_done = permanent | {Reason.THROTTLED, Reason.UNREACHABLE}
    for status, answer, _ in JSON_SHAPES:
        error = classify(status, json.dumps(answer).encode(), {})
        assert error.retryable == (error.reason not in permanent)
        assert error.ambiguous == (error.reason not in surely_not_done)


def test_the_text_is_bounded_and_printable() -> None:
    error = classify(400, json.dumps(payment_link_error("line\nnext\u0000" + "x" * 5000)).encode(), {})
    assert error.description.startswith("line next xxx")
    assert len(error.description) <= MAX_DESCRIPTION
    assert str(error).startswith("Razorpay: refused: line next")
    assert str(error).endswith("(HTTP 400)")
    assert error.code == "BAD_REQUEST_ERROR"


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
error_bodies = st.fixed_dictionaries(
    {},
    optional={
        "error": json_values
        | st.fixed_dictionaries({}, optional={"code": json_values, "description": json_values})
    },
)


@given(
    st.integers(-1, 1000),
    st.binary(max_size=60) | error_bodies.map(lambda body: json.dumps(body).encode()),
    st.dictionaries(st.sampled_from(["Retry-After", "Server"]), st.text(max_size=12)),
)
def test_classification_is_total(status: int, body: bytes, headers: dict[str, str]) -> None:
    error = classify(status, body, headers)
    assert isinstance(error.reason, Reason)
    assert error.description
    assert error.retry_after is None or 0 <= error.retry_after <= 86_400
