"""Error bodies of the Graph API. Their texts are illustrative: clients must go by the code."""

from typing import Any, Final

_TITLES: Final = {
    1: "An unknown error occurred",
    2: "Service temporarily unavailable",
    100: "Invalid parameter",
    200: "Permissions error",
    130429: "Rate limit hit",
    131000: "Something went wrong",
    131008: "Required parameter is missing",
    131009: "Parameter value is not valid",
    131016: "Service unavailable",
    131021: "Recipient cannot be sender",
    131026: "Message undeliverable",
    2046: "Invalid order status transition",
    2047: "Order cannot be canceled",
    131047: "Re-engagement message",
    131056: "(Business Account, Consumer Account) pair rate limit hit",
    131055: "Method not allowed",
    132001: "Template name does not exist in the translation",
    132012: "Template parameter format mismatch",
    132018: "Template parameters validation failed",
    134006: "Payment reference is not valid",
    134009: "Payment configuration is not valid",
    134011: "WhatsApp Payments terms are not accepted",
    134100: "Only marketing messages supported",
}
_CODE_OF_STATUS: Final = {400: 100, 429: 130429, 500: 131000, 503: 131016}
_REFERENCE: Final = (
    "https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes"
)


class Refused(Exception):
    """Meta refuses this call, with an error code and its details."""

    def __init__(self, code: int, details: str) -> None:
        super().__init__(f"{code}: {details}")
        self.code = code
        self.details = details


def error_body(code: int, details: str, trace: str) -> dict[str, Any]:
    """Return the body of a refused call. Source: Meta, WhatsApp Cloud API, "Error codes"."""
    return {
        "error": {
            "message": f"(#{code}) {_TITLES[code]}",
            "type": "OAuthException",
            "code": code,
            "error_data": {"messaging_product": "whatsapp", "details": details},
            "fbtrace_id": trace,
        }
    }


def body_for_status(status: int, trace: str) -> dict[str, Any]:
    """Return the usual body of an HTTP status."""
    if status == 401:
        return token_body(trace)
    code = _CODE_OF_STATUS.get(status, 2 if status >= 500 else 1)
    return error_body(code, f"HTTP {status} as ordered by the sandbox.", trace)


def token_body(trace: str) -> dict[str, Any]:
    """Return the body for a missing or wrong access token (HTTP 401)."""
    message = "Invalid OAuth access token - Cannot parse access token"
    return {"error": {"message": message, "type": "OAuthException", "code": 190, "fbtrace_id": trace}}


def expired_body(trace: str) -> dict[str, Any]:
    """Return the body for an expired access token (HTTP 401)."""
    error = {"message": "Error validating access token: Session has expired.", "type": "OAuthException"}
    return {"error": {**error, "code": 190, "error_subcode": 463, "fbtrace_id": trace}}


def unknown_object_body(object_id: str, trace: str) -> dict[str, Any]:
    """Return the body for an object id in the path that the token cannot see (HTTP 400)."""
    return {
        "error": {
            "message": f"Unsupported request. Object with ID '{object_id}' does not exist or is not visible.",
            "type": "GraphMethodException",
            "code": 100,
            "error_subcode": 33,
            "fbtrace_id": trace,
        }
    }


def status_error(code: int, details: str) -> dict[str, Any]:
    """Return one entry of `errors` in a `failed` status."""
    title = _TITLES[code]
    return {
        "code": code,
        "title": title,
        "message": title,
        "error_data": {"details": details},
        "href": _REFERENCE,
    }
