"""Bodies of WhatsApp's receipts, as the inbox holds them."""

from typing import Any

from bot.whatsapp import receipts


def receipt_body(
    status: str, wamid: str | None = None, opaque: str | None = None, error: Any = None, **more: Any
) -> dict[str, Any]:
    """The body of a receipt. `more` replaces fields of it."""
    known = {"code": None, "title": None, "details": None}
    said = known | error if isinstance(error, dict) else None
    return receipts.body(wamid or "", status, opaque, said) | {"provider_id": wamid, "error": error} | more
