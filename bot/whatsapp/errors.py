"""Classifies failed calls to the Graph API.

An error `code` that we know decides. Without one the HTTP status decides: the sources disagree about which
status comes with which code (429 or 400 for throttling).

Source: Meta, WhatsApp Cloud API, "Error codes", 2026.
"""

import math
from collections.abc import Mapping
from typing import Any, Final

from bot.json_text import Unreadable, read_object, storable
from bot.retry import Failure
from bot.whatsapp import window
from bot.whatsapp.loose import integer, mapping
from flows.messages import limits
from storage.outbox.resend import Remedy

PAIR_RATE_CODE: Final = 131056

THROTTLED: Final = frozenset({4, 80007, 130429})
"""Too many calls of the app or the account, or too many messages of the number."""
SERVER_SIDE: Final = frozenset({1, 2, 131000, 131016, 131057, 132069, 133004})
ACCOUNT: Final = frozenset({
    0, 3, 10, *range(200, 300), 33, 190, 368, 131005, 131031, 131037, 131042, 131044, 131045,
    131048, 131064, 133000, 133005, 133006, 133008, 133009, 133010, 133015, 133016,
})  # fmt: skip
UNSENDABLE: Final = frozenset(
    {130403, 130472, 130497, 131021, 131026, 131030, 131049, 131050, 131062, 137000}
)
"""This message cannot be sent to this customer, whatever we do."""
FAULTY: Final = frozenset({
    100, 2046, 2047, 131008, 131009, 131051, 131055, 131063, 132000, 132001, 132005, 132007,
    132012, 132015, 132016, 132018, 132068, 134006, 134009, 134011, 134100, 134101, 134102, 135000,
})  # fmt: skip
"""The message or its template is wrong, or the account may not send such ones."""
MEDIA: Final = frozenset({131052, 131053})
"""Meta cannot fetch the media. Waiting would hold up later messages."""
PLAIN: Final = MEDIA | {100, 131008, 131009, 131026, 131051, 135000}
"""Meta may still take the message in its plain form, without its file or form.

It cannot fetch the file, it does not take this kind of message or one of its parameters, or the customer's
app or country lacks it: Meta documents no code for an address form that cannot be shown. 131026 is what
"Receiver Incapable" (1026, of messages that an app cannot show) became.
"""

FAILURES: Final[Mapping[int, Failure]] = {
    **dict.fromkeys(THROTTLED, Failure.THROTTLED),
    **dict.fromkeys(SERVER_SIDE, Failure.RETRY),
    **dict.fromkeys(ACCOUNT, Failure.HALT),
    **dict.fromkeys(UNSENDABLE | FAULTY | MEDIA | {window.CLOSED}, Failure.PERMANENT),
    PAIR_RATE_CODE: Failure.PAIR_RATE,
}

_NO_SUCH_OBJECT: Final = (100, 33)
"""Code and subcode for an unknown object in the URL: our phone number id is wrong, not the message.

Source: Meta, Graph API, "Handle errors".
"""
_DETAILS: Final = 500
_LONGEST_WAIT: Final = 86_400.0


class SendError(Exception):
    """A call was refused, or its outcome is unknown. Holds no secret."""

    def __init__(
        self,
        failure: Failure,
        details: str,
        *,
        code: int | None = None,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{failure}: {details} (code {code}, HTTP {status})")
        self.failure = failure
        self.details = details
        """For people; never branch on it."""
        self.code = code
        """Meta's error code; None if the answer held none."""
        self.status = status
        """HTTP status; None if there was no answer."""
        self.retry_after = retry_after
        """Seconds that the other side asked us to wait, at most a day; None if it did not say."""

    @property
    def is_foreign(self) -> bool:
        """Whether it was refused by something other than the Graph API: a proxy, a portal, another server."""
        return self.code is None and self.status is not None and 300 <= self.status < 500


def classify(status: int, body: bytes, headers: Mapping[str, str]) -> SendError:
    """Return the error for an answer without a message id. Raises nothing, whatever the answer holds."""
    error = _graph_error(body)
    code = integer(error.get("code"))
    retry_after = _seconds(headers.get("Retry-After"))
    if code is None:
        details = f"HTTP {status} with no Graph API error in it"
        return SendError(_by_status(status), details, status=status, retry_after=retry_after)
    failure = _by_code(code, error, status)
    return SendError(failure, _details(error), code=code, status=status, retry_after=retry_after)


def remedy(code: int | None) -> Remedy | None:
    """Return the remedy for a message that was accepted and failed later with `code`, or None."""
    if code is None:
        return None
    if code in PLAIN:
        return Remedy.PLAIN
    match FAILURES.get(code):
        case Failure.RETRY | Failure.THROTTLED | Failure.PAIR_RATE:
            return Remedy.SOON
        case Failure.HALT:
            return Remedy.LATER
        case _:
            return Remedy.TEMPLATE if code == window.CLOSED else None


def _by_code(code: int, error: Mapping[str, Any], status: int) -> Failure:
    if (code, integer(error.get("error_subcode"))) == _NO_SUCH_OBJECT:
        return Failure.HALT
    failure = FAILURES.get(code)
    if failure is not None:
        return failure
    if status == 429:
        return Failure.THROTTLED
    if error.get("is_transient") is True or status >= 500:
        return Failure.RETRY
    # A code that Meta has added since. Only known codes may halt the account.
    return Failure.RETRY if status in (401, 403) else Failure.PERMANENT


def _by_status(status: int) -> Failure:
    """Return the failure that an answer without a code is, from the Graph API or from something before it."""
    if status == 429:
        return Failure.THROTTLED
    if 200 <= status < 300 or status >= 500:
        return Failure.UNKNOWN
    # A redirect, or a refusal by a proxy or a wrong address. It says nothing about the account or the
    # message, so this message is retried and the others go on.
    return Failure.RETRY


def _graph_error(body: bytes) -> Mapping[str, Any]:
    try:
        return mapping(storable(read_object(body)).get("error"))
    except Unreadable:
        return {}


def _details(error: Mapping[str, Any]) -> str:
    data = error.get("error_data")
    candidates = (data.get("details") if isinstance(data, dict) else data, error.get("message"))
    for candidate in candidates:
        if isinstance(candidate, str) and candidate.strip():
            return limits.clip(candidate.strip(), _DETAILS)
    return "no details given"


def _seconds(header: str | None) -> float | None:
    """Return `Retry-After` in seconds. A date is ignored: Meta documents no form, and it needs a clock."""
    try:
        seconds = float(header) if header else math.nan
    except ValueError:
        return None
    return min(seconds, _LONGEST_WAIT) if seconds >= 0 else None
