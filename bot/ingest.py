"""Converts what came from outside (webhooks, our own API, links of lost books) into arrivals. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import orjson

from bot.card_data import without_card_data
from bot.notices import halted
from bot.whatsapp import phones, receipts
from bot.whatsapp.channel import REPEATED
from bot.whatsapp.identity import PHONE
from bot.whatsapp.inbound import InboundMessage, Parsed, Receipt, Unread
from bot.whatsapp.news import Echo, Preference
from bot.whatsapp.payment_news import PaymentHint
from flows.engine import events
from payments.ledger import facts
from payments.ledger.facts import Detail, EntityType, Fact, FactState
from payments.ledger.state import OrderState
from payments.processing import results
from payments.processing.bodies import OrderRequested, StaffAction, request_to_json, staff_action_to_json
from payments.processing.notice import Notice, NoticeKind
from payments.processing.results import LinkFound
from payments.processing.step_input import EventKind
from payments.processing.verbs import NEWS, WROTE
from payments.razorpay import webhook
from payments.razorpay.fetched import Reading
from payments.razorpay.gateway import Link
from payments.shop.fulfilment import Stage, is_forward
from payments.shop.orders import Mode, Order, conversation_of, is_card, order_key_of
from payments.shopify.webhook import News, Topic
from storage.database.queues import Lane
from storage.inbox.arrival import Arrival
from storage.inbox.idempotency import Once
from storage.outbox.resend import Remedy

_LONGEST_KEY: Final = 200


def from_whatsapp(parsed: Parsed, phone_number_id: str, now: int) -> list[Arrival]:
    """Return one arrival for each message, status and unread part of a webhook body.

    A message to another business number is stored and not answered. `now` is in milliseconds since 1970, UTC.
    """
    return [
        *(_message(message, phone_number_id, now) for message in parsed.messages),
        *(_receipt(receipt, phone_number_id) for receipt in parsed.receipts),
        *(_unread(part) for part in parsed.unread),
        *(_echo(echo, phone_number_id) for echo in parsed.echoes),
        *(_preference(preference, phone_number_id) for preference in parsed.preferences),
        *(_hint(hint, phone_number_id) for hint in parsed.hints),
    ]


def _message(message: InboundMessage, phone_number_id: str, now: int) -> Arrival:
    raw = _text(message.fragment)
    elsewhere = message.phone_number_id not in (None, phone_number_id)
    if elsewhere:
        return Arrival(
            _key(message.key), EventKind.OTHER, {"reason": "sent to another number"}, raw, pending=False
        )
    if message.event is None:
        return Arrival(
            _key(message.key),
            EventKind.OTHER,
            {"reason": message.ignored},
            raw,
            aliases=message.sender.aliases,
            formerly=message.sender.formerly,
            told_at=message.sent_at,
            pending=False,
        )
    body = {
        "event": events.to_json(message.event),
        "name": message.sender.name,
        # Meta repeats a message for `REPEATED` at most. An older timestamp comes from a wrong clock.
        "sent_at": message.sent_at if now - message.sent_at <= REPEATED else 0,
    }
    if message.quote is not None:
        body["quote"] = message.quote
    return Arrival(
        _key(message.key),
        EventKind.CHAT,
        body,
        raw,
        aliases=message.sender.aliases,
        told_at=message.sent_at,
        name=message.sender.name,
    )


def _receipt(receipt: Receipt, phone_number_id: str) -> Arrival:
    ours = receipt.phone_number_id in (None, phone_number_id)
    body = receipts.body(receipt.wamid, receipt.status, receipt.opaque, receipt.error)
    return Arrival(
        _key(receipt.key),
        EventKind.RECEIPT if ours else EventKind.OTHER,
        body,
        opaque=receipt.opaque if ours else None,
        recipient=receipt.recipient if ours else (),
        pending=ours,
        notice=_account_refused(body) if ours else None,
    )


def _account_refused(body: Mapping[str, Any]) -> Notice | None:
    """Return a notice if the message failed because WhatsApp refuses our account, else None."""
    if body["remedy"] is not Remedy.LATER:
        return None
    details = body["error"]["details"] or body["error"]["title"]
    return halted(Lane.CHAT, f"{details or 'no details given'} (code {body['code']})")


def _unread(part: Unread) -> Arrival:
    raw = _text(part.fragment)
    return Arrival(
        _key(part.key), EventKind.OTHER, {"reason": part.reason}, raw, pending=False, notice=part.notice
    )


def _echo(echo: Echo, phone_number_id: str) -> Arrival:
    """Return the arrival of what the owner wrote to a customer without us: a person has the chat."""
    body = staff_action_to_json(StaffAction("", "the WhatsApp Business app", WROTE))
    return _news(echo, EventKind.STAFF, body, phone_number_id)


def _preference(preference: Preference, phone_number_id: str) -> Arrival:
    return _news(preference, EventKind.PREFERENCE, {"stopped": preference.stopped}, phone_number_id)


def _hint(hint: PaymentHint, phone_number_id: str) -> Arrival:
    """Return the arrival of word that a card was paid: as an order of Razorpay's that is to be looked up."""
    key, raw = _key(hint.key), _text(hint.fragment)
    order_key = order_key_of(hint.reference)
    ours = is_card(hint.reference) and conversation_of(order_key) is not None
    if hint.phone_number_id not in (None, phone_number_id) or not ours:
        return Arrival(key, EventKind.OTHER, {"reason": "of no card of ours"}, raw, pending=False)
    told = Fact(
        order_key,
        EntityType.ORDER,
        hint.order_id,
        FactState.PAID,
        hint.amount,
        hint.currency,
        hint.at,
        Detail(link=hint.reference),
    )
    content = {"event": "whatsapp.payment", "order_key": order_key, "facts": [facts.to_json(told)]}
    return Arrival(key, EventKind.FACTS, content, raw, order_key=order_key)


def _news(news: Echo | Preference, kind: EventKind, body: Mapping[str, Any], phone_number_id: str) -> Arrival:
    """Return the arrival of news about a customer; it is only kept if it is another number's."""
    key, raw = _key(news.key), _text(news.fragment)
    if news.phone_number_id not in (None, phone_number_id):
        return Arrival(key, EventKind.OTHER, {"reason": "of another number"}, raw, pending=False)
    return Arrival(key, kind, body, raw, aliases=news.customer)


def from_razorpay(
    raw: bytes, read: webhook.WebhookFacts, order_key: str | None, body: Mapping[str, Any], mode: Mode
) -> Arrival:
    """Return the arrival of one Razorpay webhook. `order_key` names the order it is about, if it is ours.

    `mode` is the mode of our keys, because an event does not name its mode.
    The inbox key is the digest of the bytes, because the event id is in a header, which is not signed.
    """
    fact_rows = [facts.to_json(fact) | {"order_key": order_key or ""} for fact in read.facts]
    redacted = _text(webhook.without_personal_data(body))
    content = {
        "event": read.event,
        "order_key": order_key,
        "facts": fact_rows,
        "problems": list(read.problems),
        "account": read.account_id,
        "mode": mode,
    }
    if order_key is None or not (fact_rows or read.problems):
        return Arrival(
            webhook.digest(raw), EventKind.OTHER, content, redacted, order_key=order_key, pending=False
        )
    return Arrival(webhook.digest(raw), EventKind.FACTS, content, redacted, order_key=order_key)


def from_shopify(news: News, digest: str, state: OrderState) -> list[Arrival]:
    """Return the arrivals of news of an order's copy at Shopify; none if a copy that is read again is enough.

    `digest` is that of the body. What moves the goods names where they are: nothing happens to an order that
    has moved meanwhile. Money that was paid, and goods that are out, are called off by people only.
    """
    key, order, stage = f"shopify:{digest}", state.order, state.stage
    if news.topic is Topic.REFUNDED:
        body, notice = {"reason": "a refund at Shopify"}, _refund_there(order)
        said = f"A refund of order #{order.number} was recorded at Shopify. It moves no money here."
        return [
            Arrival(key, EventKind.OTHER, body, order_key=order.key, pending=False, notice=notice),
            _done_there(f"{key}:told", order, NEWS, said),
        ]
    if news.topic is Topic.CANCELLED:
        if not state.goods_due:
            return []
        if stage in _HERE and not state.balance.payments:
            return [_done_there(key, order, "cancel", "", stage)]
        said = f"Order #{order.number} was cancelled at Shopify, and goes on here. Who may has to decide."
        return [_done_there(key, order, NEWS, said)]
    moves = stage is not None and news.stage is not None and is_forward(stage, news.stage)
    return [_done_there(key, order, "stage", str(news.stage), stage)] if moves else []


def sent_there(order: Order, stage: Stage | None) -> Arrival | None:
    """Return the arrival of an order's goods that were sent from Shopify, if here they have not left.

    Its copy says so: the news of it came before the copy was known, or not at all.
    """
    if stage not in _HERE:
        return None
    return _done_there(f"shopify:sent:{order.key}", order, "stage", str(Stage.OUT), stage)


def _done_there(key: str, order: Order, verb: str, value: str, stage: Stage | None = None) -> Arrival:
    action = StaffAction(
        order.key, "Shopify", verb, value, expected=str(stage or ""), money=False, elsewhere=True
    )
    return Arrival(key, EventKind.STAFF, staff_action_to_json(action), order_key=order.key)


_HERE: Final = frozenset({Stage.PLACED, Stage.ACCEPTED, Stage.PREPARING, Stage.READY})
"""Stages in which the goods of an order have not left."""


def _refund_there(order: Order) -> Notice:
    said = (
        f"A refund was recorded at Shopify for order #{order.number}. It moves no money: what was paid by"
        " Razorpay goes back only from here. Say so with 'less', 'allowance' or 'cancel', if it should."
    )
    return Notice(NoticeKind.SHOPIFY, f"refund {order.key}", said)


def second_copy(order: Order, followed: str, other: str) -> Notice:
    """Return the notice that an order was made at Shopify a second time, as the first was not found there.

    `followed` and `other` are Shopify's ids.
    """
    said = (
        f"Order #{order.number} is at Shopify more than once: {followed} is the one that Munshi follows."
        f" Cancel {other} there, without a refund. The number is the last one of its page's address."
    )
    return Notice(NoticeKind.SHOPIFY, f"two {order.key}", said)


def unused(key: str, reason: str) -> Arrival:
    """Return the arrival of a signed body that says nothing that can be used."""
    return Arrival(_key(key), EventKind.OTHER, {"reason": reason}, pending=False)


def unreadable(raw: bytes, path: str, reason: str) -> Arrival:
    """Return the arrival of a signed body that is not JSON, with a notice for the operator.

    `path` is the path of the request. The provider is not asked to repeat it, because it would send the same
    bytes.
    """
    digest = sha256(raw).hexdigest()
    text = without_card_data(raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00"))
    message = (
        f"A webhook of {len(raw)} bytes came to {path} with a right signature and could not be read: "
        f"{reason}. Nothing in it was acted on. Look at what sits between the provider and Munshi; if it "
        f"came just so, report it. It is kept, without card numbers: see the table inbox, key"
        f" unreadable:{digest}"
    )
    return Arrival(
        f"unreadable:{digest}",
        EventKind.OTHER,
        {"reason": f"unreadable: {reason}", "path": path},
        text,
        pending=False,
        notice=Notice(NoticeKind.UNREADABLE, path, message),
    )


def from_lost_link(link: Link, mode: Mode, reading: Reading) -> Arrival:
    """Return the arrival of a payment link of our order that the restored database lacks.

    `reading` holds the facts about the link and the problems found while reading it.
    """
    link_facts, problems = reading
    found = LinkFound(
        reference_id=link.reference_id,
        link_id=link.id,
        short_url=link.short_url,
        status=link.status,
        amount=link.amount,
        currency=link.currency,
        mode=mode,
        facts=tuple(link_facts),
        problems=tuple(problems),
    )
    order_key = results.order_of(found)
    return Arrival(f"found:{link.id}", EventKind.RESULT, results.to_json(found), order_key=order_key)


def from_request(phone: str, wanted: OrderRequested, idempotency_key: str) -> Arrival:
    """Return the arrival of an order from our own API. `phone` is digits with the country code.

    The key counts for this customer only.
    """
    said = {name: _typed(name, value) for name, value in wanted.said.items()}
    body = request_to_json(replace(wanted, said=said))
    # A customer who was forgotten may be known by another spelling of the number afterwards.
    once = _once(min(phones.spellings(phone)), idempotency_key, body)
    return Arrival(f"request:{once.key}", EventKind.REQUEST, body, aliases=((PHONE, phone),), once=once)


def _typed(name: str, value: str | bool) -> str | bool:
    """Return what an order says as `name`, without card data where a person typed it."""
    return without_card_data(value) if name in ("address", "note") and isinstance(value, str) else value


def from_desk(action: StaffAction, idempotency_key: str) -> Arrival:
    """Return the arrival of what somebody of the shop does about an order over the API or in the shell.

    The key counts for this order only.
    """
    body = staff_action_to_json(action)
    once = _once(action.order_key, idempotency_key, body)
    return Arrival(f"desk:{once.key}", EventKind.STAFF, body, order_key=action.order_key, once=once)


def _once(about: str, idempotency_key: str, body: Mapping[str, Any]) -> Once:
    """Return the digests by which a repeated request is known. `about`: for whom or what its key counts."""
    asked = orjson.dumps(body, option=orjson.OPT_SORT_KEYS).decode()
    return Once(_digest(about, idempotency_key), _digest(idempotency_key, asked))


def _digest(*parts: str) -> str:
    return sha256("\n".join(parts).encode()).hexdigest()


def from_desk_chat(action: StaffAction, phone: str, idempotency_key: str) -> Arrival:
    """Return the arrival of what somebody of the shop does about a customer over the API or in the shell.

    `phone`: a known alias. The key counts for this customer only.
    """
    body = staff_action_to_json(action)
    once = _once(min(phones.spellings(phone)), idempotency_key, body)
    return Arrival(f"desk:{once.key}", EventKind.STAFF, body, aliases=((PHONE, phone),), once=once)


def from_operator_forget(phone: str, key: str) -> Arrival:
    """Return the arrival of an operator's wish that the customer be forgotten. `phone`: a known alias."""
    return Arrival(f"forget:{key}", EventKind.FORGET, {"by": "operator"}, aliases=((PHONE, phone),))


def from_operator_forget_chat(conversation: str, key: str) -> Arrival:
    """Return the arrival of the same wish about the customer of a conversation, who may have no number."""
    return Arrival(f"forget:{key}", EventKind.FORGET, {"by": "operator"}, opaque=f"{conversation}.0")


def _key(key: str) -> str:
    """Return `key`, or its hash if it is longer than any provider's key."""
    return key if len(key) <= _LONGEST_KEY else f"sha256:{sha256(key.encode('utf-8', 'replace')).hexdigest()}"


def _text(value: Any) -> str:
    return orjson.dumps(value).decode()
