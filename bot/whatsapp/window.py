"""WhatsApp's 24-hour window: when it is closed, only a template may be sent.

Source: Meta, WhatsApp Cloud API, "Customer service windows" and "Error codes".
"""

from typing import Final

from payments.processing.notice import Notice, NoticeKind

_OPEN: Final = 24 * 3600 * 1000
"""Milliseconds that a customer's message keeps it open."""
CLOSED: Final = 131047
"""WhatsApp's error code for what it no longer takes."""


def is_closed(last_inbound_at: int | None, now: int) -> bool:
    """Whether we know that it is; of a customer whom we never heard (None), we do not."""
    return last_inbound_at is not None and now - last_inbound_at >= _OPEN


def unsent(name: str, conversation: str) -> Notice:
    """What an operator hears of message `name`, which has no template and came too late without one."""
    said = (
        f"'{name}' could not be sent: the customer last wrote more than 24 hours before, and WhatsApp then"
        f" takes nothing but a template. Have one approved in WhatsApp Manager and give the message"
        f" '{name}' a 'template:' with its name in flows.yaml."
    )
    return Notice(NoticeKind.WINDOW, f"{name} to {conversation}", said)
