"""The webhook endpoint of Shopify: verify, store, answer 200."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, Final

import structlog
from aiohttp import web

from bot.context import CONTEXT, Context
from bot.http import bodies
from bot.http.webhooks import count_refused, forbidden, read_or_keep, store
from bot.ingest import from_shopify, second_copy, unused
from payments import signature
from payments.shopify import webhook
from payments.shopify.webhook import News, Topic

SHOPIFY: Final = "/webhooks/shopify"
_SIGNATURE: Final = "X-Shopify-Hmac-Sha256"
_SETTING: Final = "SHOPIFY_WEBHOOK_SECRET"
_SETTLE: Final = 10_000
"""Milliseconds after which a copy is read again: by then what its news leads to here is done."""

log = structlog.get_logger()

routes = web.RouteTableDef()


@routes.post(SHOPIFY)
async def shopify(request: web.Request) -> web.Response:
    """Accept news of an order. 200 once it is durable; 403 on a bad signature, 404 without a store."""
    context = request.app[CONTEXT]
    if context.shopify is None or not context.settings.shopify_webhook_secrets:
        raise web.HTTPNotFound(text="this shop takes no webhooks of Shopify\n")
    raw = await bodies.read_body(request, bodies.SHOPIFY_BODY)
    await take_shopify(context, raw, request.headers)
    return web.Response(text="ok\n")


async def take_shopify(context: Context, raw: bytes, headers: Mapping[str, str]) -> None:
    """Store the news in Shopify's body `raw`. `headers` hold its signature and its topic.

    It is durable when this returns. Raises an HTTP error if the signature is wrong, Overloaded if too many
    requests wait.
    """
    signed = headers.get(_SIGNATURE)
    if not signature.matches_base64(raw, signed, *context.settings.shopify_webhook_secrets):
        await count_refused(context, SHOPIFY, _SETTING)
        raise forbidden(SHOPIFY, signed, _SIGNATURE, _SETTING)
    context.refusals.accepted(SHOPIFY)
    body = await read_or_keep(context, raw, SHOPIFY)
    if body is not None:
        await _take(context, headers.get("X-Shopify-Topic", ""), sha256(raw).hexdigest(), body)


async def _take(context: Context, topic: str, digest: str, body: Mapping[str, Any]) -> None:
    """Store what the body says, once for its `digest`. It is durable when this returns.

    The delivery id is in a header, which is not signed: whoever has an old body could send it as a new one.
    """
    try:
        news = webhook.read(topic, body)
    except ValueError as error:
        log.warning("webhook of Shopify not read", topic=topic, reason=str(error))
        await store(context, [unused(f"shopify:unused:{digest}", f"{topic}: {error}")])
        return
    await _heard(context, news, digest)


async def _heard(context: Context, news: News, digest: str) -> None:
    if news.idle:
        return
    mirrors, now = context.store.mirrors, context.clock.now()
    if news.topic is Topic.CREATED:
        if news.source is not None:
            await mirrors.seen(news.source, news.copy_id, now)
            await _require_one(context, news.source, news.copy_id)
        return
    order_key = await mirrors.recheck(news.copy_id, now + _SETTLE)
    if order_key is None:
        return  # an order of the store's own shop
    [order, *_] = await context.store.detailed_orders(order_key)
    arrivals = from_shopify(news, digest, order.state)
    await store(context, arrivals)
    for notice in (one.notice for one in arrivals if one.notice is not None):
        log.error("notice", kind=notice.kind, subject=notice.subject, mend=notice.said)


async def _require_one(context: Context, order_key: str, copy_id: str) -> None:
    """Store a notice if the order has another copy that is followed: this one was made, and not found."""
    mirror = await context.store.mirrors.find(order_key)
    if mirror is None or mirror.copy_id in (None, copy_id):
        return
    [order, *_] = await context.store.detailed_orders(order_key)
    notice = second_copy(order.state.order, str(mirror.copy_id), copy_id)
    await context.store.tell([notice], context.clock.now())
    log.error("notice", kind=notice.kind, subject=notice.subject, mend=notice.said)
