"""Translates WhatsApp's statuses of our messages to receipts for the inbox.

Source: Meta, WhatsApp Cloud API, "Status messages webhook reference" and "Error codes".
"""

from collections.abc import Mapping
from typing import Any, Final

from bot.whatsapp.errors import remedy
from bot.whatsapp.loose import Json
from storage.outbox.receipts import Meaning

STATUSES: Final[Mapping[str, tuple[int, Meaning]]] = {
    "sent": (1, Meaning.TAKEN),
    "failed": (2, Meaning.FAILED),
    "delivered": (3, Meaning.ARRIVED),
    "read": (4, Meaning.ARRIVED),
    "played": (5, Meaning.ARRIVED),
}
"""(rank, meaning). The highest rank wins: `failed` after `sent`, but `delivered` after `failed`.

Statuses arrive in any order, and `read` may come without `delivered`.
"""


def body(wamid: str, status: str, opaque: str | None, error: Json | None) -> dict[str, Any]:
    """Return the body of a receipt. A status that Meta has added since has rank 0 and no meaning."""
    rank, meaning = STATUSES.get(status, (0, None))
    code = error["code"] if error else None
    return {
        "provider_id": wamid,
        "status": status,
        "rank": rank,
        "meaning": meaning,
        "opaque": opaque,
        "error": error,
        "code": code,
        "remedy": remedy(code) if meaning is Meaning.FAILED else None,
    }
