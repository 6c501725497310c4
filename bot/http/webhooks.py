"""Webhook endpoints of WhatsApp and Razorpay: verify, store, answer 200, and do nothing else."""

import hmac
from collections.abc import Sequence
from typing import Final

import structlog
from aiohttp import web

from bot.card_data import json_without_card_data
from bot.context import CONTEXT, Context
from bot.http import bodies
from bot.ingest import from_razorpay, from_whatsapp, unreadable
from bot.json_text import Json, Unreadable, read_object, storable
from bot.whatsapp.inbound import Parsed, parse
from payments import signature
from payments.razorpay import webhook
from payments.shop.whatsapp_pay import switch_of
from storage.inbox.arrival import Arrival

log = structlog.get_logger()

WHATSAPP: Final = "/whatsapp/webhook"
RAZORPAY: Final = "/payments/webhook"

SCHEME: Final = "sha256="
_CHALLENGE: Final = 64
"""Maximum characters of a challenge. Meta sends about ten digits."""

routes = web.RouteTableDef()


@routes.get(WHATSAPP)
async def handshake(request: web.Request) -> web.Response:
    """Answer Meta's challenge, which proves that the address is ours, if the verify token is right."""
    token = request.app[CONTEXT].settings.whatsapp_verify_token.get_secret_value()
    given = request.query.get("hub.verify_token", "")
    challenge = request.query.get("hub.challenge", "")
    right = hmac.compare_digest(given.encode("utf-8", "replace"), token.encode())
    plain = challenge.isascii() and challenge.isalnum() and len(challenge) <= _CHALLENGE
    if not right or request.query.get("hub.mode") != "subscribe" or not plain:
        raise web.HTTPForbidden(text="not verified\n")
    return web.Response(text=challenge)


@routes.post(WHATSAPP)
async def whatsapp(request: web.Request) -> web.Response:
    """Accept messages and statuses from Meta. 200 once all of them are durable; 403 on a bad signature."""
    header = request.headers.get("X-Hub-Signature-256")
    if not signature.may_match((header or "").removeprefix(SCHEME)):
        raise forbidden(WHATSAPP, header, "X-Hub-Signature-256", "WHATSAPP_APP_SECRET")
    raw = await bodies.read_body(request, bodies.WHATSAPP_BODY)
    await take_whatsapp(request.app[CONTEXT], raw, header)
    return web.Response(text="ok\n")


@routes.post(RAZORPAY)
async def razorpay(request: web.Request) -> web.Response:
    """Accept one event from Razorpay. 200 once it is durable; 403 on a bad signature."""
    header = request.headers.get("X-Razorpay-Signature")
    if not signature.may_match(header):
        raise forbidden(RAZORPAY, header, "X-Razorpay-Signature", "RAZORPAY_WEBHOOK_SECRET")
    raw = await bodies.read_body(request, bodies.RAZORPAY_BODY)
    await take_razorpay(request.app[CONTEXT], raw, header)
    return web.Response(text="ok\n")


async def take_whatsapp(context: Context, raw: bytes, header: str | None) -> None:
    """Store the arrivals in Meta's body `raw`. `header` is its signature, `sha256=…`.

    They are durable when this returns. Raises an HTTP error if the signature is wrong, Overloaded if too many
    requests wait.
    """
    signed = header or ""
    secret = context.settings.whatsapp_app_secret.get_secret_value()
    if not signed.startswith(SCHEME) or not signature.matches(raw, signed.removeprefix(SCHEME), secret):
        await count_refused(context, WHATSAPP, "WHATSAPP_APP_SECRET")
        raise forbidden(WHATSAPP, header, "X-Hub-Signature-256", "WHATSAPP_APP_SECRET")
    context.refusals.accepted(WHATSAPP)
    body = await read_or_keep(context, raw, WHATSAPP)
    if body is not None:
        parsed, ours = parse(body), context.settings.whatsapp_phone_number_id
        await store(context, from_whatsapp(parsed, ours, context.clock.now()))
        _count_elsewhere(context, parsed, ours)
        for configuration in parsed.configurations:
            await context.store.switch(
                switch_of(configuration.name),
                available=configuration.active,
                by="WhatsApp",
                now=context.clock.now(),
            )


async def take_razorpay(context: Context, raw: bytes, header: str | None) -> None:
    """Store the event in Razorpay's body `raw`. `header` is its signature.

    It is durable when this returns. Raises an HTTP error if the signature is wrong, Overloaded if too many
    requests wait.
    """
    if not signature.matches(raw, header, *context.settings.razorpay_webhook_secrets(context.clock.now())):
        await count_refused(context, RAZORPAY, "RAZORPAY_WEBHOOK_SECRET")
        raise forbidden(RAZORPAY, header, "X-Razorpay-Signature", "RAZORPAY_WEBHOOK_SECRET")
    context.refusals.accepted(RAZORPAY)
    body = await read_or_keep(context, raw, RAZORPAY)
    if body is None:
        return
    body = json_without_card_data(storable(body))
    read = webhook.read(body)
    if read.problems:
        log.warning("webhook read in part", event_name=read.event, problems=read.problems)
    order_key = read.order_key
    if order_key is None and read.link_id is not None:
        order_key = await context.store.order_of_link(read.link_id)
    elif order_key is None and read.payment_id is not None:
        # A payment of a card names nothing of ours: its refunds and disputes are known by the payment.
        order_key = await context.store.order_of_payment(read.payment_id)
    await store(context, [from_razorpay(raw, read, order_key, body, context.gateway.mode)])


async def count_refused(context: Context, path: str, setting: str) -> None:
    """Count a wrong signature at path `path`. The request is refused even if no notice can be stored."""
    try:
        await context.refusals.refused(path, setting, context.store, context.clock.now())
    except Exception:
        log.exception("notice not stored", kind="signature", path=path)


def _count_elsewhere(context: Context, parsed: Parsed, ours: str) -> None:
    numbers = [m.phone_number_id for m in parsed.messages if m.phone_number_id not in (None, ours)]
    context.metrics.elsewhere.inc(len(numbers))
    context.refusals.elsewhere(number for number in numbers if number is not None)


async def read_or_keep(context: Context, raw: bytes, path: str) -> Json | None:
    """Parse `raw`. If it is not JSON, store it, with a notice, and return None.

    Such a body is acknowledged, because its sender would otherwise repeat the same bytes for days.
    """
    try:
        return read_object(raw)
    except Unreadable as unread:
        reason = str(unread)
    log.error("webhook unreadable", path=path, reason=reason, bytes=len(raw))
    await store(context, [unreadable(raw, path, reason)])
    context.metrics.unreadable.labels(path).inc()
    return None


def forbidden(path: str, given: str | None, header: str, setting: str) -> web.HTTPForbidden:
    missing = given is None
    log.warning("webhook refused", path=path, missing=missing, mend=f"check {setting} if this repeats")
    return web.HTTPForbidden(text=f"{header} {'is missing' if missing else 'does not match'}\n")


async def store(context: Context, arrivals: Sequence[Arrival]) -> None:
    if arrivals:
        await context.inbox.put(arrivals)
        await context.intake.recovered(context.store, context.clock.now())
