"""Commands for a sandbox in another process; each takes its arguments from the fields of a JSON object.

Every command raises ValueError for a wrong field, and the errors of the method that it calls. `url` is a
link's short URL or id; `count` is 1 by default; amounts are paise.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final, TypeAlias

from sandbox.faults import Fault, Faults
from sandbox.fields import Fields
from sandbox.mischief import Mischief
from sandbox.world import World

Command: TypeAlias = Callable[[World, Fields], Awaitable[str | None]]
"""Performs the command and returns the id of what it made; None if it made nothing."""


async def _write(world: World, fields: Fields) -> str:
    """Write a text. `name` is the person's profile name from now on."""
    person = world.meta.person(fields.text("wa_id"))
    person.name = fields.text("name", person.name)
    return await person.write(fields.text("text"))


async def _send(world: World, fields: Fields) -> str:
    return await world.meta.person(fields.text("wa_id")).send(fields.text("kind"), fields.object("body"))


async def _reply(world: World, fields: Fields) -> str:
    """Reply to the message with this `wamid`; without it, to the newest that contains `to`."""
    person = world.meta.person(fields.text("wa_id"))
    if fields.has("wamid"):
        return await person.reply(fields.text("text"), fields.text("wamid"))
    part = fields.text("to")
    for message in reversed(person.messages):
        if part in message.text:
            return await person.reply(fields.text("text"), message.wamid)
    raise LookupError(f"no message contains {part!r}" if part else "there is nothing to reply to yet")


async def _owner_writes(world: World, fields: Fields) -> str:
    return world.meta.owner_writes(world.meta.person(fields.text("wa_id")), fields.text("text"))


async def _stop_offers(world: World, fields: Fields) -> None:
    world.meta.prefer(world.meta.person(fields.text("wa_id")), "stop")


async def _resume_offers(world: World, fields: Fields) -> None:
    world.meta.prefer(world.meta.person(fields.text("wa_id")), "resume")


async def _tap(world: World, fields: Fields) -> str:
    return await world.meta.person(fields.text("wa_id")).tap(fields.text("title"))


async def _fill(world: World, fields: Fields) -> str:
    return await world.meta.person(fields.text("wa_id")).fill(fields.texts("values"))


async def _expire_token(world: World, _fields: Fields) -> None:
    world.meta.expire_token()


async def _renew_token(world: World, _fields: Fields) -> None:
    world.meta.renew_token()


async def _set_webhook(world: World, fields: Fields) -> None:
    world.meta.account.webhook = fields.maybe_text("url")


async def _subscribe(world: World, _fields: Fields) -> None:
    world.meta.account.is_subscribed = True


async def _unsubscribe(world: World, _fields: Fields) -> None:
    world.meta.account.is_subscribed = False


async def _shopify_fault(world: World, fields: Fields) -> None:
    """What happens to the next order at Shopify. Of `lost`, `timeout` and `unclear` it is made."""
    match fields.text("kind"):
        case "lost":
            world.shopify.faults.next("orderCreate", Fault.drop_after_accepting())
        case "timeout":
            world.shopify.faults.next("orderCreate", Fault.http_after_accepting(408, "request timeout"))
        case "unclear":
            said = '{"errors": [{"message": "Something went wrong"}]}'
            world.shopify.faults.next("orderCreate", Fault.http_after_accepting(200, said))
        case "throttled":
            world.shopify.throttle()
        case "token":
            world.shopify.expire_token()
        case "total":
            world.shopify.overcharge = Decimal(fields.number("amount")) / 100
        case other:
            raise ValueError(f"no kind {other!r}; there are lost, timeout, unclear, throttled, token, total")


async def _shopify_cancel(world: World, fields: Fields) -> None:
    world.shopify.cancel(fields.text("order"))


async def _shopify_fulfil(world: World, fields: Fields) -> None:
    world.shopify.fulfil(fields.text("order"), delivered=fields.has("delivered"))


async def _shopify_refund(world: World, fields: Fields) -> None:
    world.shopify.give_back(fields.text("order"), Decimal(fields.number("amount")) / 100)


def _link(world: World, fields: Fields) -> str:
    """Return `url`; without it, the newest link that a message to `wa_id` shows. Raises LookupError."""
    if not fields.has("wa_id"):
        return fields.text("url")
    person = world.meta.person(fields.text("wa_id"))
    for message in reversed(person.messages):
        for link in reversed(world.razorpay.links.values()):
            if link.short_url and link.short_url in (message.url or message.text):
                return link.id
    raise LookupError("no message shows a payment link yet: tap what asks for it, such as 'Pay Now'")


def _card(world: World, fields: Fields) -> str | None:
    """Return the order card that `wa_id` was shown last; None if a link came later, or there is none."""
    if not fields.has("wa_id"):
        return None
    person = world.meta.person(fields.text("wa_id"))
    links = [link.short_url for link in world.razorpay.links.values() if link.short_url]
    for message in reversed(person.messages):
        if message.card is not None:
            return message.card
        if any(url in (message.url or message.text) for url in links):
            return None
    return None


async def _pay(world: World, fields: Fields) -> str:
    if card := _card(world, fields):
        return await world.pay_card(card)
    return await world.razorpay.pay(
        _link(world, fields),
        method=fields.text("method", "upi"),
        amount=fields.maybe_number("amount"),
        currency=fields.maybe_text("currency"),
    )


async def _fail(world: World, fields: Fields) -> str:
    if card := _card(world, fields):
        return await world.fail_card(card)
    return await world.razorpay.fail(
        _link(world, fields),
        reason=fields.text("reason", "payment_failed"),
        description=fields.text("description", ""),
        method=fields.text("method", "upi"),
    )


async def _authorize(world: World, fields: Fields) -> str:
    return await world.razorpay.authorize(
        fields.text("url"),
        method=fields.text("method", "upi"),
        amount=fields.maybe_number("amount"),
        currency=fields.maybe_text("currency"),
    )


async def _capture(world: World, fields: Fields) -> None:
    await world.razorpay.capture(fields.text("payment"))


async def _settle_late(world: World, fields: Fields) -> None:
    await world.razorpay.settle_late(fields.text("payment"))


async def _refund(world: World, fields: Fields) -> str:
    return await world.razorpay.refund(fields.text("payment"), fields.maybe_number("amount"))


async def _settle_refund(world: World, fields: Fields) -> None:
    await world.razorpay.settle_refund(fields.text("refund"), fields.text("status"))


async def _refund_delay(world: World, fields: Fields) -> None:
    """Set how long the bank takes for new refunds, in milliseconds; 0: done at once."""
    milliseconds = fields.number("ms")
    if milliseconds < 0:
        raise ValueError(f"ms is at least 0, not {milliseconds}")
    world.razorpay.refund_delay_ms = milliseconds


async def _dispute(world: World, fields: Fields) -> str:
    return await world.razorpay.dispute(fields.text("payment"), fields.text("state"))


async def _expire(world: World, fields: Fields) -> None:
    await world.razorpay.expire(fields.text("url"))


async def _cancel(world: World, fields: Fields) -> None:
    await world.razorpay.cancel(fields.text("url"))


async def _configure(world: World, fields: Fields) -> None:
    world.meta.configure(fields.text("name", "razorpay-main"), fields.text("status"))


async def _enable_webhook(world: World, _fields: Fields) -> None:
    world.razorpay.enable_webhook()


async def _fee_bearer(world: World, fields: Fields) -> None:
    world.razorpay.bear_fee(fields.text("who"))


async def _lose(world: World, fields: Fields) -> None:
    world.courier.lose_next(fields.provider(), fields.number("count", 1))


async def _duplicate(world: World, fields: Fields) -> None:
    world.courier.duplicate_next(fields.provider(), fields.number("count", 1))


async def _delay(world: World, fields: Fields) -> None:
    world.courier.delay_next(fields.provider(), fields.number("ms"), fields.number("count", 1))


async def _mischief(world: World, fields: Fields) -> None:
    """Set the chances of delivery failures. The default of each field is no failure."""
    default = Mischief()
    world.courier.mischief = Mischief(
        lose=fields.fraction("lose", default.lose),
        duplicate=fields.fraction("duplicate", default.duplicate),
        delay=fields.fraction("delay", default.delay),
        reorder=fields.fraction("reorder", default.reorder),
        most_delay_ms=fields.number("most_delay_ms", default.most_delay_ms),
        seed=fields.number("seed", default.seed),
    )


async def _fail_next(world: World, fields: Fields) -> None:
    count = fields.number("count", 1)
    if count < 1:
        raise ValueError(f"the count is at least 1, not {count}")
    _faults(world, fields).next(fields.text("operation"), *[_fault(fields)] * count)


async def _always(world: World, fields: Fields) -> None:
    """Set or end a lasting fault. Without `fault`, or with null, it ends."""
    fault = _fault(fields) if fields.has("fault") else None
    _faults(world, fields).always(fields.text("operation"), fault)


def _faults(world: World, fields: Fields) -> Faults:
    provider = fields.provider()
    if provider == "shopify":
        return world.shopify.faults
    return world.meta.faults if provider == "meta" else world.razorpay.faults


def _fault(fields: Fields) -> Fault:
    """Parse `http {status, body?, retry_after?}`, `html {status?}`, `slow {seconds}`, `drop` or `refuse`."""
    match fields.text("fault"):
        case "http":
            headers = {"Retry-After": str(fields.number("retry_after"))} if fields.has("retry_after") else {}
            return Fault.http(_status(fields.number("status")), fields.maybe_text("body"), headers)
        case "html":
            return Fault.html(_status(fields.number("status", 502)))
        case "slow":
            return Fault.slow(fields.fraction("seconds", 10.0))
        case "drop":
            return Fault.drop_after_accepting()
        case "refuse":
            return Fault.refuse_connection()
        case other:
            raise ValueError(f"no fault {other!r}; there are http, html, slow, drop, refuse")


def _status(status: int) -> int:
    if not 200 <= status <= 599:
        raise ValueError(f"an HTTP status is from 200 to 599, not {status}")
    return status


async def _shopify_count(world: World, fields: Fields) -> None:
    world.shopify.count(fields.text("variant"), fields.number("pieces"))


COMMANDS: Final[dict[str, Command]] = {
    "write": _write,
    "send": _send,
    "reply": _reply,
    "tap": _tap,
    "fill": _fill,
    "owner_writes": _owner_writes,
    "stop_offers": _stop_offers,
    "resume_offers": _resume_offers,
    "expire_token": _expire_token,
    "renew_token": _renew_token,
    "set_webhook": _set_webhook,
    "subscribe": _subscribe,
    "unsubscribe": _unsubscribe,
    "pay": _pay,
    "fail": _fail,
    "authorize": _authorize,
    "capture": _capture,
    "settle_late": _settle_late,
    "refund": _refund,
    "settle_refund": _settle_refund,
    "refund_delay": _refund_delay,
    "dispute": _dispute,
    "expire": _expire,
    "cancel": _cancel,
    "enable_webhook": _enable_webhook,
    "configure": _configure,
    "fee_bearer": _fee_bearer,
    "lose": _lose,
    "duplicate": _duplicate,
    "delay": _delay,
    "mischief": _mischief,
    "fail_next": _fail_next,
    "always": _always,
    "shopify_fault": _shopify_fault,
    "shopify_cancel": _shopify_cancel,
    "shopify_fulfil": _shopify_fulfil,
    "shopify_refund": _shopify_refund,
    "shopify_count": _shopify_count,
}
"""
`write {wa_id, text, name?}` · `send {wa_id, kind, body}` (what is not text) ·
`reply {wa_id, text, to}` (a part of what is replied to) ·
`tap {wa_id, title}` ·
`fill {wa_id, values}` (an address form, with Meta's names of its fields) ·
`owner_writes {wa_id, text}` (in the WhatsApp Business app) ·
`stop_offers {wa_id}` · `resume_offers {wa_id}` · `expire_token` · `renew_token` ·
`set_webhook {url?}` (the callback address that Meta shows) · `subscribe` · `unsubscribe` ·
`pay {url, amount?, currency?, method?}` · `fail {url, reason?, description?, method?}` (with `wa_id` in place
of `url`, the newest link or order card that this person was shown) ·
`authorize {url, amount?, currency?, method?}` · `capture {payment}` · `settle_late {payment}` ·
`refund {payment, amount?}` · `settle_refund {refund, status}` · `refund_delay {ms}` ·
`dispute {payment, state}` · `expire {url}` · `cancel {url}` · `enable_webhook` ·
`configure {status, name?}` (a payment configuration at Meta) · `fee_bearer {who}` ·
`lose {provider, count?}` · `duplicate {provider, count?}` ·
`delay {provider, ms, count?}` · `mischief {lose?, duplicate?, delay?, reorder?, most_delay_ms?, seed?}` ·
`fail_next {provider, operation, fault, count?, …}` · `always {provider, operation, fault?, …}` ·
`shopify_fault {kind, amount?}` (at the next order: `lost`, `timeout` and `unclear`, which make it;
`throttled`, `token`; `total` adds `amount` paise to each new order, until it is 0) ·
`shopify_cancel {order}` · `shopify_fulfil {order, delivered?}` · `shopify_refund {order, amount}` (what the
store's own people do, by the order's name there or its key here) · `shopify_count {variant, pieces}` (how
many of a variant, by its id, are available there)
"""
