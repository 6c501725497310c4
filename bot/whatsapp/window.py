"""WhatsApp's 24-hour window. When it is closed, only a template may be sent.

Source: Meta, WhatsApp Cloud API, "Customer service windows" and "Error codes".
"""

from typing import Final

from bot.whatsapp.limits import LIMITS
from payments.processing.notice import Notice, NoticeKind
from payments.shop.handover import FORWARDED, WRITTEN

CLOSED: Final = 131047
"""WhatsApp's error code for a message outside the window."""


def is_closed(last_inbound_at: int | None, now: int) -> bool:
    """Return whether the window is known to be closed. It is not known if the customer never wrote (None)."""
    return last_inbound_at is not None and now - last_inbound_at >= LIMITS.window


def unsent(name: str, conversation: str) -> Notice:
    """Return the notice about message `name`, which has no template and was due outside the window."""
    message = (
        f"'{name}' could not be sent: who was to get it last wrote more than 24 hours before, and WhatsApp"
        f" then takes nothing but a template. {_mend(name)}"
    )
    return Notice(NoticeKind.WINDOW, f"{name} to {conversation}", message)


def _mend(name: str) -> str:
    """Return what can be done. A message whose name has blanks is Munshi's own, and not in the flow file."""
    if name == FORWARDED:
        return (
            "It is sent as soon as that member of the staff writes anything to the shop's number: ask them"
            " to, once a day. 'munshi chats --in-hand' shows who waits for a person."
        )
    if name == WRITTEN:
        return "The customer was to get it: call them."
    if " " in name:
        return (
            "It is one of Munshi's own, to one of the staff: ask them to write to the shop's number once a"
            " day, and to ask again for what they did not get."
        )
    return (
        f"Have one approved in WhatsApp Manager and give the message '{name}' a 'template:' with its name in"
        " flows.yaml."
    )
