"""Notices for the operator: a provider refuses the account, or something in front of a provider refuses."""

from typing import Final

from payments.processing.notice import Notice, NoticeKind
from storage.database.queues import Lane

_WHATSAPP: Final = (
    "Put a valid access token of a system user into WHATSAPP_ACCESS_TOKEN and start again; if the token"
    " is good, WhatsApp Manager says what is wrong with the account."
)
_RAZORPAY: Final = "Put a valid key into RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET and start again."


def halted(lane: Lane, error: str) -> Notice:
    """Return the notice that the account behind `lane` is refused."""
    name, mend = ("WhatsApp", _WHATSAPP) if lane is Lane.CHAT else ("Razorpay", _RAZORPAY)
    message = f"{name} refuses our account: {error}. Nothing is lost; what is for {name} waits. {mend}"
    return Notice(NoticeKind.TOKEN, name.lower(), message)


def elsewhere(error: str) -> Notice:
    """Return the notice that something between this machine and WhatsApp refused a message."""
    message = (
        f"Something that is not WhatsApp refused a message: {error}. It is tried again for a day. See what"
        " stands between this machine and WhatsApp (a proxy, a firewall, a portal to log in at), and"
        " whether WHATSAPP_API_URL is right."
    )
    return Notice(NoticeKind.PROXY, "whatsapp", message)
