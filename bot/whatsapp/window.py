"""WhatsApp's 24-hour window. When it is closed, only a template may be sent.

Source: Meta, WhatsApp Cloud API, "Customer service windows" and "Error codes".
"""

from typing import Final

from bot.whatsapp.limits import LIMITS
from payments.processing.notice import Notice, NoticeKind

CLOSED: Final = 131047
"""WhatsApp's error code for a message outside the window."""


def is_closed(last_inbound_at: int | None, now: int) -> bool:
    """Return whether the window is known to be closed. It is not known if the customer never wrote (None)."""
    return last_inbound_at is not None and now - last_inbound_at >= LIMITS.window


def unsent(name: str, conversation: str) -> Notice:
    """Return the notice about message `name`, which has no template and was due outside the window."""
    message = (
        f"'{name}' could not be sent: who was to get it last wrote more than 24 hours before, and WhatsApp"
        f" then takes nothing but a template. Have one approved in WhatsApp Manager and give the message"
        f" '{name}' a 'template:' with its name in flows.yaml."
    )
    return Notice(NoticeKind.WINDOW, f"{name} to {conversation}", message)
