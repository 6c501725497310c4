"""One message to WhatsApp: as it was said, or as its template where only that may be sent."""

from bot.whatsapp.client import Accepted, WhatsAppClient
from bot.whatsapp.errors import MEDIA, SendError
from bot.whatsapp.payloads import Recipient, build
from flows.messages.kinds import Message, Sendable, TemplateMessage, from_json, without_picture
from storage.outbox import window
from storage.outbox.deliveries import Delivery


class WindowClosed(Exception):
    """The customer last wrote more than 24 hours ago, and the message has no template."""


async def send(whatsapp: WhatsAppClient, delivery: Delivery, now: int) -> Accepted:
    """What Meta answered. Raises SendError, PayloadError, WindowClosed.

    A message that Meta refuses because the 24 hours are over is followed by its template at once, and one
    whose picture it cannot fetch by the same words without. Of a customer whom we never heard, only Meta
    knows whether the 24 hours are over.
    """
    message = from_json(delivery.payload)
    if isinstance(message, TemplateMessage):
        return await _post(whatsapp, delivery, message)
    if not window.is_closed(delivery.last_inbound_at, now):
        try:
            return await _said(whatsapp, delivery, message)
        except SendError as error:
            if error.code != window.CLOSED:
                raise
    if message.fallback is None:
        raise WindowClosed(f"the 24 hours are over, and '{delivery.name}' has no template")
    return await _post(whatsapp, delivery, message.fallback)


async def _said(whatsapp: WhatsAppClient, delivery: Delivery, message: Message) -> Accepted:
    """As `_post`; without its picture if that is what Meta refuses."""
    try:
        return await _post(whatsapp, delivery, message)
    except SendError as error:
        words = without_picture(message) if error.code in MEDIA else None
        if words is None:
            raise
    return await _post(whatsapp, delivery, words)


async def _post(whatsapp: WhatsAppClient, delivery: Delivery, message: Sendable) -> Accepted:
    return await whatsapp.send(build(message, Recipient(delivery.phone, delivery.bsuid), delivery.opaque))
