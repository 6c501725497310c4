"""Errors of calls to Razorpay: the reason, and whether to try again. Pure.

Razorpay's own `code` does not decide the reason: bad credentials and throttling both come as
BAD_REQUEST_ERROR. The HTTP status decides, and the description where one status has several meanings.

Source: Razorpay docs, "Errors", "Payment Links APIs" and "Refunds APIs", 2026; wordings observed in
test mode.
"""

import json
import math
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

MAX_DESCRIPTION: Final = 300
"""Characters kept of Razorpay's description."""
MAX_RETRY_AFTER: Final = 86_400.0
"""Seconds. A longer Retry-After is cut to this."""


class Reason(StrEnum):
    """Why a call gave no usable answer. A new reason needs a place in the sets below."""

    ALREADY_EXISTS = "already_exists"
    """A link with this reference id exists: look it up."""
    TAKEN = "taken"
    """A link already has the reference id of a first call, so it is not ours."""
    ALREADY_PAID = "already_paid"
    """The link cannot be cancelled: it is paid, at least in part."""
    ALREADY_CANCELLED = "already_cancelled"
    ALREADY_EXPIRED = "already_expired"
    ALREADY_REFUNDED = "already_refunded"
    """Earlier refunds left less of the payment than this refund asks for."""
    IN_FLIGHT = "in_flight"
    """A request with this idempotency key is under way, or had another body. It may be ours."""
    AUTH = "auth"
    """The key id or its secret is wrong."""
    NOT_FOUND = "not_found"
    """Razorpay does not know this id."""
    THROTTLED = "throttled"
    QUOTA = "quota"
    """The limit of links in test mode is reached, for good."""
    REFUSED = "refused"
    """The request itself is wrong. Sending it again would not help."""
    UNAVAILABLE = "unavailable"
    """Razorpay, or a proxy before it, is out of order."""
    UNREACHABLE = "unreachable"
    """No connection was made, so the request was not sent."""
    TIMEOUT = "timeout"
    """The request was sent, and no answer came in time."""
    LOST = "lost"
    """The request was sent, and the connection ended before the answer was complete."""
    UNINTELLIGIBLE = "unintelligible"
    """The answer is a success, but has not the expected content."""


_AMBIGUOUS: Final = frozenset(
    {
        Reason.ALREADY_EXISTS,
        Reason.IN_FLIGHT,
        Reason.UNAVAILABLE,
        Reason.TIMEOUT,
        Reason.LOST,
        Reason.UNINTELLIGIBLE,
    }
)
_RETRYABLE: Final = _AMBIGUOUS | {Reason.THROTTLED, Reason.UNREACHABLE}


class GatewayError(Exception):
    """A call to Razorpay gave no usable answer. Holds no secrets."""

    def __init__(
        self,
        reason: Reason,
        description: str,
        *,
        status: int | None = None,
        code: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        where = "" if status is None else f" (HTTP {status})"
        super().__init__(f"Razorpay: {reason.value}: {description}{where}")
        self.reason: Final = reason
        self.description: Final = description
        self.status: Final = status
        """HTTP status; None if there was no answer."""
        self.code: Final = code
        """Razorpay's `error.code`."""
        self.retry_after: Final = retry_after
        """Seconds that the server asks us to wait; None if it does not ask."""

    @property
    def retryable(self) -> bool:
        """Whether the same call may succeed later."""
        return self.reason in _RETRYABLE

    @property
    def ambiguous(self) -> bool:
        """Whether the call may have taken effect: look it up before trying again."""
        return self.reason in _AMBIGUOUS


def classify(status: int, body: bytes, headers: Mapping[str, str]) -> GatewayError:
    """Return the error for an answer that is no success. Never raises."""
    answer = json_object(body)
    error = answer.get("error") if answer is not None else None
    details: Mapping[str, Any] = error if isinstance(error, dict) else {}
    description = _text(details.get("description"))
    # A proxy before Razorpay also answers 404, even for payable links; its answers hold no `error`.
    unknown = status == 404 and bool(details) and (not description or _UNKNOWN_ID.search(description.lower()))
    if not description:
        description = "no description" if answer is not None else "the answer is not JSON"
    reason = _reason(status, description, is_json=answer is not None, own=bool(details))
    return GatewayError(
        Reason.NOT_FOUND if unknown else reason,
        description,
        status=status,
        code=_text(details.get("code")) or None,
        retry_after=_retry_after(headers),
    )


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object in `body`, or None if it holds anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _reason(status: int, description: str, *, is_json: bool, own: bool) -> Reason:
    """Return the reason for an answer. `own`: it holds an error of Razorpay's; else a proxy wrote it."""
    text = description.lower()
    if status == 401 and own:
        return Reason.AUTH
    if status == 429:
        return Reason.QUOTA if re.search(r"test mode.*limit", text) else Reason.THROTTLED
    if status >= 500 or status == 404 or not is_json or (status >= 400 and not own):
        return Reason.UNAVAILABLE
    if status == 409:
        return Reason.IN_FLIGHT
    if 400 <= status < 500:
        return _refusal(text)
    return Reason.UNINTELLIGIBLE


_CANNOT_CANCEL: Final = {
    "paid": Reason.ALREADY_PAID,
    "cancelled": Reason.ALREADY_CANCELLED,
    "canceled": Reason.ALREADY_CANCELLED,
    "expired": Reason.ALREADY_EXPIRED,
}
_UNKNOWN_ID: Final = re.compile(r"\bid\b.*\bdoes not exist")
"""Razorpay's own wording. The status alone does not prove that Razorpay looked for the id."""
_TOO_MUCH: Final = re.compile(r"already|amount.*(greater|exceed)|(greater|exceed).*amount")


def _refusal(text: str) -> Reason:
    cannot_cancel = re.search(r"cannot cancel.*?\b(paid|cancell?ed|expired)\b", text)
    if cannot_cancel:
        return _CANNOT_CANCEL[cannot_cancel[1]]
    if re.search(r"reference[_ ]?id\b.*\balready\b", text):
        return Reason.ALREADY_EXISTS
    if "refund" in text and _TOO_MUCH.search(text):
        return Reason.ALREADY_REFUNDED
    if _UNKNOWN_ID.search(text):
        return Reason.NOT_FOUND
    return Reason.REFUSED


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in value[:MAX_DESCRIPTION]).strip()


def _retry_after(headers: Mapping[str, str]) -> float | None:
    given = next((value for name, value in headers.items() if name.lower() == "retry-after"), "")
    try:
        seconds = float(given)
    except ValueError:  # absent, or a date: the caller has its own delays
        return None
    return min(seconds, MAX_RETRY_AFTER) if math.isfinite(seconds) and seconds >= 0 else None
