"""Sends one message to WhatsApp: as it is, or as its template if only a template may be sent."""

from dataclasses import replace

import structlog

from bot.kept_files import Files
from bot.retry import Failure
from bot.whatsapp import window
from bot.whatsapp.client import Accepted, WhatsAppClient
from bot.whatsapp.errors import PLAIN, UNSENDABLE, SendError
from bot.whatsapp.identity import BSUID, PHONE
from bot.whatsapp.payloads import Recipient, build
from flows.messages.kinds import (
    CardUpdate,
    Document,
    Message,
    Sendable,
    TemplateMessage,
    from_json,
)
from payments.processing import card_results
from storage.database.queues import Urgency
from storage.outbox.deliveries import Delivery

log = structlog.get_logger()


class WindowClosed(Exception):
    """The customer last wrote more than 24 hours ago, and the message has no template."""


async def send(whatsapp: WhatsAppClient, files: Files, delivery: Delivery, now: int) -> Accepted:
    """Send the message and return what Meta answered. Raises SendError, PayloadError, WindowClosed.

    If Meta refuses it because the 24-hour window is closed, its template is sent at once. If Meta does
    not take its file or its form, its plain form is sent. The template of an offer goes to Meta's endpoint
    for offers, and to the common one where that one refuses the account or the template. A document that the
    shop keeps is uploaded anew by each try, because Meta forgets uploads after 30 days. If the customer
    never wrote to us, only Meta knows whether the window is closed.
    """
    message = from_json(delivery.payload)
    if isinstance(message, TemplateMessage):
        return await _post(whatsapp, files, delivery, message)
    if card_results.decides(message):
        return await _send_card(whatsapp, files, delivery, message, now)
    if not window.is_closed(delivery.last_inbound_at, now):
        try:
            return await _send_in_window(whatsapp, files, delivery, message)
        except SendError as error:
            if error.code != window.CLOSED:
                raise
    if message.fallback is None:
        raise WindowClosed(f"the 24 hours are over, and '{delivery.name}' has no template")
    return await _post(whatsapp, files, delivery, message.fallback)


async def _send_card(
    whatsapp: WhatsAppClient, files: Files, delivery: Delivery, message: Message, now: int
) -> Accepted:
    """Send what shows or closes a card. It has no template and no plain form. Raises as `_post`."""
    if window.is_closed(delivery.last_inbound_at, now):
        raise WindowClosed(f"the 24 hours are over, and '{delivery.name}' has no template")
    return await _post(whatsapp, files, delivery, message)


async def _send_in_window(
    whatsapp: WhatsAppClient, files: Files, delivery: Delivery, message: Message
) -> Accepted:
    """Send the message; if Meta does not take it as it is, send its plain form. Raises as `_post`."""
    try:
        return await _post(whatsapp, files, delivery, message)
    except SendError as error:
        only_plain = error.code in PLAIN or isinstance(message, CardUpdate)
        refused = error.failure is Failure.PERMANENT and only_plain and error.code != window.CLOSED
        plain = message.plain() if refused else None
        if plain is None:
            raise
        log.warning("message refused, its plain form is sent", delivery=delivery.id, error=str(error))
    return await _post(whatsapp, files, delivery, plain)


async def _post(whatsapp: WhatsAppClient, files: Files, delivery: Delivery, message: Sendable) -> Accepted:
    names = dict(delivery.to)
    to = Recipient(names.get(PHONE), names.get(BSUID))
    media = ""
    if isinstance(message, Document | TemplateMessage) and message.stored:
        file = await files(delivery.conversation, message.stored)
        media = await whatsapp.upload(file)
        message = replace(message, filename=message.filename or file.name)
    payload = build(message, to, delivery.opaque, media)
    is_template = isinstance(message, TemplateMessage) and "to" in payload
    if delivery.urgency is Urgency.OFFER and is_template:
        try:
            return await whatsapp.send_offer(payload)
        except SendError as error:
            if error.failure not in (Failure.PERMANENT, Failure.HALT) or error.code in UNSENDABLE:
                raise
            log.warning("not taken as an offer, sent as any template", delivery=delivery.id, code=error.code)
    return await whatsapp.send(payload)
