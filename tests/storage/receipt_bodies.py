"""Words of WhatsApp about our messages, as the inbox holds them."""

from typing import Any

from bot.whatsapp import receipts


def heard(
    status: str, wamid: str | None = None, opaque: str | None = None, error: Any = None, **more: Any
) -> dict[str, Any]:
    """The body of a receipt. `more` is put in the place of what WhatsApp would have meant."""
    known = {"code": None, "title": None, "details": None}
    said = known | error if isinstance(error, dict) else None
    return receipts.body(wamid or "", status, opaque, said) | {"provider_id": wamid, "error": error} | more
