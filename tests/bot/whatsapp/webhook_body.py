"""Bodies of Meta's webhooks."""

from typing import Any


def webhook_body(value: Any) -> dict[str, Any]:
    """A webhook with one change, whose value is `value`."""
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
