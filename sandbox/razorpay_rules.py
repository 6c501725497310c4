"""Razorpay's rules for creating and paying a payment link.

Source: Razorpay docs, "Payment Links API" (create), and its test-mode answers as observed in 2026.
"""

import re
from collections.abc import Callable, Mapping, Set
from typing import Any, Final

MIN_AMOUNT: Final = 100
MAX_AMOUNT: Final = 50_000_000
"""Paise. Razorpay sets the limit per account and publishes none; this is one of a small shop."""
METHODS: Final = ("upi", "card", "netbanking", "wallet")
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_MIN_LIFE: Final = 15 * 60
_MAX_LIFE: Final = 183 * 24 * 3600
"""Six months, in seconds."""
_REPEATED_DIGIT: Final = re.compile(r"([0-9])\1{3}")
_FIELDS: Final = frozenset(
    {
        "amount",
        "currency",
        "accept_partial",
        "first_min_partial_amount",
        "description",
        "reference_id",
        "customer",
        "notify",
        "reminder_enable",
        "expire_by",
        "callback_url",
        "callback_method",
        "notes",
        "upi_link",
        "options",
    }
)


class Refused(Exception):
    """Razorpay refuses the call with a 400. The message is its description."""

    status = 400

    def body(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return error_body(str(self))


def error_body(description: str) -> dict[str, Any]:
    """Return the body of a refused payment-link call. `metadata` is an array here, as observed."""
    return {
        "error": {
            "code": "BAD_REQUEST_ERROR",
            "description": description,
            "metadata": [],
            "reason": None,
            "source": None,
            "step": None,
        }
    }


def conflict_body(description: str) -> dict[str, Any]:
    """Return the body of a 409 about a refund's key.

    Source: Razorpay docs, "Normal Refund (Idempotent Request)".
    """
    details = {"source": "NA", "step": "NA", "reason": "NA", "metadata": {}}
    return {"error": {"code": "BAD_REQUEST_ERROR", "description": description, **details}}


def body_for_status(status: int) -> dict[str, Any]:
    """Return the usual body of an HTTP status."""
    match status:
        case 401:
            return {"error": {"code": "BAD_REQUEST_ERROR", "description": "Authentication failed"}}
        case 409:
            return conflict_body("Another request with the same idempotency key is still in progress.")
        case 429:
            return {"error": {"code": "BAD_REQUEST_ERROR", "description": "Too many requests"}}
        case _ if status < 500:
            return error_body(f"HTTP {status} as ordered by the sandbox")
        case _:
            return {
                "error": {
                    "code": "SERVER_ERROR",
                    "description": "We are facing some trouble completing your request at the moment. "
                    "Please try again shortly.",
                    "source": "internal",
                    "step": "NA",
                    "reason": "server_error",
                    "metadata": {},
                }
            }


def check_link(wanted: Mapping[str, Any], now: int) -> None:
    """Raise Refused unless Razorpay would create this link; `now` in seconds. Uniqueness is not checked."""
    check_fields(wanted, _FIELDS)
    for rule in _RULES:
        rule(wanted)
    _check_expiry(wanted, now)


def check_attempt(method: str, amount: int, currency: str) -> None:
    """Raise ValueError unless the method exists and the sum is possible."""
    if method not in METHODS:
        raise ValueError(f"no method {method!r}; there are {', '.join(METHODS)}")
    if amount < 1:
        raise ValueError(f"an amount is at least 1 paisa, not {amount}")
    if not _CURRENCY.fullmatch(currency):
        raise ValueError(f"a currency is three capital letters, not {currency!r}")


def check_fields(wanted: Mapping[str, Any], known: Set[str]) -> None:
    """Raise Refused for a field that the call does not know."""
    surplus = wanted.keys() - known
    if surplus:
        raise Refused(f"{min(surplus)} is/are not required and should not be sent")


def _check_amount(wanted: Mapping[str, Any]) -> None:
    amount = wanted.get("amount")
    if amount is None or amount == "":
        raise Refused("amount: cannot be blank.")
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise Refused("amount: must be an integer.")
    if amount < MIN_AMOUNT:
        raise Refused("amount: amount should be minimum 1.00 for INR.")
    if amount > MAX_AMOUNT:
        raise Refused("amount exceeds maximum amount allowed.")
    if wanted.get("currency", "INR") != "INR":
        raise Refused("currency: only INR is allowed for this account.")


def _check_kind(wanted: Mapping[str, Any]) -> None:
    if wanted.get("upi_link"):
        raise Refused(
            "UPI Payment Links is not supported in Test Mode. Please experience the product in Live Mode."
        )
    if wanted.get("accept_partial"):
        raise Refused("accept_partial: not supported by the sandbox.")


def _check_texts(wanted: Mapping[str, Any]) -> None:
    for name, limit in (("reference_id", 40), ("description", 2048)):
        value = wanted.get(name)
        if value is not None and not isinstance(value, str):
            raise Refused(f"{name}: must be a string.")
        if value is not None and len(value) > limit:
            raise Refused(f"{name}: the length must be no more than {limit}.")


def check_notes(wanted: Mapping[str, Any]) -> None:
    """Raise Refused unless `notes` has at most 15 texts of at most 255 characters."""
    notes = wanted.get("notes") or {}
    if not isinstance(notes, dict):
        raise Refused("notes: must be an object.")
    if len(notes) > 15:
        raise Refused("notes: number of fields should be less than 15.")
    for value in notes.values():
        if not isinstance(value, str):
            raise Refused("notes: values must be strings.")
        if len(value) > 255:
            raise Refused("notes: the length must be no more than 255.")


def _check_customer(wanted: Mapping[str, Any]) -> None:
    for name in ("customer", "notify", "options"):
        if not isinstance(wanted.get(name) or {}, dict):
            raise Refused(f"{name}: must be an object.")
    contact = (wanted.get("customer") or {}).get("contact") or ""
    if not isinstance(contact, str):
        raise Refused("contact: must be a string.")
    if _REPEATED_DIGIT.search(contact):
        raise Refused("Recurring digits in customer contact are disallowed")


def _check_callback(wanted: Mapping[str, Any]) -> None:
    url, method = wanted.get("callback_url") or "", wanted.get("callback_method") or ""
    if bool(url) != bool(method):
        raise Refused("callback_url and callback_method: one requires the other.")
    if method and method != "get":
        raise Refused("callback_method: must be get.")
    if url and not (isinstance(url, str) and url.startswith(("http://", "https://"))):
        raise Refused("callback_url: must be a valid URL.")


def _check_expiry(wanted: Mapping[str, Any], now: int) -> None:
    expire_by = wanted.get("expire_by") or 0
    if not isinstance(expire_by, int) or isinstance(expire_by, bool):
        raise Refused("expire_by: must be an integer.")
    if expire_by and expire_by - now <= _MIN_LIFE:
        raise Refused("expire_by: timestamp must be atleast 15 minutes in future.")
    if expire_by - now > _MAX_LIFE:
        raise Refused("expire_by: timestamp must be at most 6 months in future.")


_RULES: Final[tuple[Callable[[Mapping[str, Any]], None], ...]] = (
    _check_amount,
    _check_kind,
    _check_texts,
    check_notes,
    _check_customer,
    _check_callback,
)
