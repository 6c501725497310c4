"""The body that Meta puts around one change."""

from typing import Any


def wrapped(value: Any) -> dict[str, Any]:
    """A webhook with `value` as what its only change says."""
    change = {"field": "messages", "value": value}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
