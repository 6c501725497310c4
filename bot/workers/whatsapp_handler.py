"""Sends one message to WhatsApp: as it is, or as its template where only templates may be sent."""

from bot.whatsapp import window
from bot.whatsapp.client import Accepted, WhatsAppClient
from bot.whatsapp.errors import MEDIA, SendError
from bot.whatsapp.identity import BSUID, PHONE
from bot.whatsapp.payloads import Recipient, build
from flows.messages.kinds import Message, Sendable, TemplateMessage, from_json
from storage.outbox.deliveries import Delivery


class WindowClosed(Exception):
    """The customer last wrote more than 24 hours ago, and the message has no template."""


async def send(whatsapp: WhatsAppClient, delivery: Delivery, now: int) -> Accepted:
    """Send the message and return what Meta answered. Raises SendError, PayloadError, WindowClosed.

    If Meta refuses it because the 24 hours are over, its template is sent at once; if Meta cannot fetch its
    file, the words are sent without. If the customer never wrote to us, only Meta knows whether the 24
    hours are over.
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
    """Send the message, and once more without its file if Meta refuses that. Raises as `_post`."""
    try:
        return await _post(whatsapp, delivery, message)
    except SendError as error:
        words = message.without_media() if error.code in MEDIA else None
        if words is None:
            raise
    return await _post(whatsapp, delivery, words)


async def _post(whatsapp: WhatsAppClient, delivery: Delivery, message: Sendable) -> Accepted:
    names = dict(delivery.to)
    to = Recipient(names.get(PHONE), names.get(BSUID))
    return await whatsapp.send(build(message, to, delivery.opaque))
