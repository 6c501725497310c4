"""Errors of calls to Shopify: the reason, and whether the call may have taken effect. Pure.

Shopify answers HTTP 200 to nearly everything: throttling and missing permissions come as `errors`, refusals
as `userErrors` of the mutation. Source: shopify.dev, "GraphQL Admin API reference" and "API limits", 2026.
"""

import json
import math
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final

MAX_DESCRIPTION: Final = 300
"""Characters kept of Shopify's words."""
MAX_WAIT: Final = 3600.0
"""Seconds. A longer wait that Shopify asks for is cut to this."""
_REST: Final = 2.0
"""Seconds to wait if Shopify says nothing of how long."""


class Reason(StrEnum):
    """Why a call gave no usable answer."""

    TOKEN = "token"  # noqa: S105 - a reason, no secret
    """The access token, or the client's id and secret, are refused."""
    DENIED = "denied"
    """The app lacks a permission."""
    REFUSED = "refused"
    """The request itself is wrong, and nothing of it was done. Sending it again would not help."""
    THROTTLED = "throttled"
    """Too much at once. The call was not carried out."""
    UNREACHABLE = "unreachable"
    """No connection was made, so the request was not sent."""
    UNAVAILABLE = "unavailable"
    """Shopify, or a proxy before it, is out of order."""
    LOST = "lost"
    """The request was sent, and no whole answer came."""
    UNINTELLIGIBLE = "unintelligible"
    """The answer is a success, but has not the expected content."""


CLOSED: Final = frozenset({402, 404, 423})
"""Statuses of a store that is not paid for, not there, or locked."""
_NOT_TAKEN: Final = frozenset({400, 405, 406, 413, 414, 415, 422, 430})
"""Statuses of a request that was turned away before anything of it was done."""
_NOT_RUN: Final = frozenset(
    {
        *("MAX_COST_EXCEEDED", "INVALID_VARIABLE", "parseError", "undefinedField", "undefinedType"),
        *("argumentLiteralsIncompatible", "argumentNotAccepted", "missingRequiredArguments"),
        *("missingRequiredInputObjectAttribute", "selectionMismatch", "variableMismatch"),
        *("variableNotDefined", "variableNotUsed", "variableRequiresValidType"),
    }
)
"""Codes of a call that costs too much, or is no valid one: none of it was run. Others may come after it."""
_AMBIGUOUS: Final = frozenset({Reason.UNAVAILABLE, Reason.LOST, Reason.UNINTELLIGIBLE})
_FOR_PEOPLE: Final = frozenset({Reason.TOKEN, Reason.DENIED, Reason.REFUSED})


class ShopifyError(Exception):
    """A call to Shopify gave no usable answer. Holds no secrets."""

    def __init__(self, reason: Reason, description: str, *, wait: float | None = None) -> None:
        super().__init__(f"Shopify: {reason.value}: {description}")
        self.reason: Final = reason
        self.description: Final = description
        self.wait: Final = wait
        """Seconds after which Shopify takes the call; None if it does not say."""

    @property
    def ambiguous(self) -> bool:
        """Whether the call may have taken effect: look before it is repeated."""
        return self.reason in _AMBIGUOUS

    @property
    def for_people(self) -> bool:
        """Whether a person has to change something before the call can succeed."""
        return self.reason in _FOR_PEOPLE


class UserErrors(ShopifyError):
    """Shopify read the call and refuses it, as the mutation's `userErrors` say: surely nothing was done."""

    def __init__(self, description: str) -> None:
        super().__init__(Reason.REFUSED, description)


def answer_of(status: int, body: bytes, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return `data` of a GraphQL answer. Raises ShopifyError for every other one."""
    if status == 401:
        raise ShopifyError(Reason.TOKEN, f"the access token is refused (HTTP {status})")
    if status == 403:
        raise ShopifyError(Reason.DENIED, f"access is denied: {_beginning(body)} (HTTP {status})")
    if status == 429:
        raise ShopifyError(Reason.THROTTLED, f"too many requests (HTTP {status})", wait=_retry_after(headers))
    if status in CLOSED:
        raise ShopifyError(Reason.DENIED, f"the store is not there, or closed (HTTP {status})")
    if status in _NOT_TAKEN:
        raise ShopifyError(Reason.REFUSED, f"{_beginning(body)} (HTTP {status})")
    if status != 200:
        raise ShopifyError(Reason.UNAVAILABLE, f"out of order (HTTP {status})")
    answer = json_object(body)
    if answer is None:
        raise ShopifyError(Reason.UNINTELLIGIBLE, "the answer is no JSON object")
    if "errors" in answer:
        raise _top_level(answer)
    if not isinstance(data := answer.get("data"), dict):
        raise ShopifyError(Reason.UNINTELLIGIBLE, "the answer has no data")
    return data


def refused(errors: Any) -> ShopifyError | None:
    """Return the error in the `userErrors` of a mutation; None if there is none."""
    if not errors:
        return None
    items = errors if isinstance(errors, Sequence) else [errors]
    said = [item for item in items if isinstance(item, Mapping)]
    words = text("; ".join(_user_error(item) for item in said)) or "no reason given"
    if any(item.get("code") == "SHOP_DORMANT" for item in said):
        return ShopifyError(Reason.DENIED, words)
    return UserErrors(words)


def _user_error(error: Mapping[str, Any]) -> str:
    field = error.get("field")
    where = ".".join(map(str, field)) if isinstance(field, list) else ""
    return f"{where}: {error.get('message')}" if where else str(error.get("message"))


def _top_level(answer: Mapping[str, Any]) -> ShopifyError:
    """Return the error in the top-level `errors` of an answer: a text, or a list of objects."""
    errors = answer["errors"]
    items = [item for item in errors if isinstance(item, Mapping)] if isinstance(errors, list) else []
    codes = {_code(item) for item in items}
    words = text("; ".join(str(item.get("message")) for item in items)) if items else text(str(errors))
    if "THROTTLED" in codes:
        return ShopifyError(Reason.THROTTLED, words, wait=_wait(answer))
    # With content in `data`, a part of the request was carried out; without a known code, it may have been.
    if not _any_data(answer):
        if codes & {"ACCESS_DENIED", "SHOP_INACTIVE"}:
            return ShopifyError(Reason.DENIED, words)
        if codes and codes <= _NOT_RUN:
            return ShopifyError(Reason.REFUSED, words)
    return ShopifyError(Reason.UNAVAILABLE, words)


def _any_data(answer: Mapping[str, Any]) -> bool:
    data = answer.get("data")
    return any(data.values()) if isinstance(data, Mapping) else bool(data)


def _code(error: Mapping[str, Any]) -> object:
    extensions = error.get("extensions")
    return extensions.get("code") if isinstance(extensions, Mapping) else None


def _wait(answer: Mapping[str, Any]) -> float:
    """Return the seconds until the bucket holds enough: (requested - available) / restore rate."""
    try:
        cost = answer["extensions"]["cost"]
        status = cost["throttleStatus"]
        missing = float(cost["requestedQueryCost"]) - float(status["currentlyAvailable"])
        return min(max(missing / float(status["restoreRate"]), _REST), MAX_WAIT)
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return _REST


def _retry_after(headers: Mapping[str, str]) -> float:
    try:
        seconds = float(headers.get("retry-after", ""))
    except ValueError:
        return _REST
    return min(max(seconds, _REST), MAX_WAIT) if math.isfinite(seconds) else _REST


def json_object(body: bytes) -> dict[str, Any] | None:
    """Return the JSON object in `body`, or None if it holds anything else."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _beginning(body: bytes) -> str:
    return text(body[:MAX_DESCRIPTION].decode(errors="replace")) or "no reason given"


def text(words: str) -> str:
    """Return Shopify's words on one line, cut to what is kept."""
    return "".join(c if c.isprintable() else " " for c in words[:MAX_DESCRIPTION]).strip()
