"""Parses a webhook body from Meta into customers' messages, statuses of our messages, and the rest.

Pure; raises nothing. Any field may be missing or of another type than documented, and new kinds appear
without notice. What cannot be read becomes an `Unread`; it is neither dropped nor an error.
All results can be stored: they hold no NUL and no half surrogate pair.

Source: Meta, WhatsApp Cloud API, "Webhooks", 2026.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any, Final, TypeAlias

import orjson

from bot.card_data import json_without_card_data
from bot.json_text import storable
from bot.whatsapp import news, payment_news
from bot.whatsapp.alerts import alert
from bot.whatsapp.contents import meaning
from bot.whatsapp.identity import Alias, Sender, contacts_by_id, recipient, sender
from bot.whatsapp.limits import OPAQUE
from bot.whatsapp.loose import Json, clipped, identifier, integer, items, mapping, word
from bot.whatsapp.news import Echo, Preference
from bot.whatsapp.payment_news import Configuration, PaymentHint
from flows.engine.events import Event
from flows.messages import limits
from payments.processing.notice import Notice

__all__ = ["InboundMessage", "Parsed", "Receipt", "Sender", "Unread", "parse"]

# Seconds stay under this until the year 5138; milliseconds have been over it since 1973.
_MILLISECONDS_FROM: Final = 100_000_000_000


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message from a customer."""

    key: str
    """Meta's message id (`wamid…`). A repeated message has the same key."""
    phone_number_id: str | None
    """The business number it was sent to."""
    sender: Sender
    event: Event | None
    """None: the message is stored but needs no answer; `ignored` says why."""
    ignored: str | None
    sent_at: int
    """Milliseconds since 1970, UTC, by Meta's clock (whole seconds); 0 if unreadable."""
    quote: str | None
    """Id of the message that it replies to, or whose button it is; None if Meta names none."""
    fragment: Json
    """What is stored as evidence: a webhook `value` with only this message, its contact and its metadata."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """A status of a message of ours. Receipts come in any order, and some never come."""

    key: str
    """`<wamid>:<status>`"""
    phone_number_id: str | None
    wamid: str
    status: str
    """`sent`, `delivered`, `read`, `played`, `failed`, or a word that Meta has added since."""
    opaque: str | None
    """`biz_opaque_callback_data` of the send."""
    error: Json | None
    """`{"code", "title", "details"}` of the first error, each None if missing."""
    recipient: tuple[Alias, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """Any other part of a body, stored as it came but for card data. `key` is a hash of the content."""

    key: str
    reason: str
    fragment: Json
    notice: Notice | None = None
    """Notice for the operator about it, if any."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """All parts of one webhook body, in its order."""

    messages: tuple[InboundMessage, ...]
    receipts: tuple[Receipt, ...]
    unread: tuple[Unread, ...]
    echoes: tuple[Echo, ...] = ()
    preferences: tuple[Preference, ...] = ()
    hints: tuple[PaymentHint, ...] = ()
    configurations: tuple[Configuration, ...] = ()


_NEWS: Final[Mapping[str, Callable[[Json], Iterator[Echo | Preference | None]]]] = {
    news.ECHOES: news.echoes,
    news.PREFERENCES: news.preferences,
}
"""By webhook field: what reads it. A change in which it finds nothing is stored as unread."""

_Item: TypeAlias = InboundMessage | Receipt | Unread | Echo | Preference | PaymentHint | Configuration


def parse(body: Mapping[str, Any]) -> Parsed:
    """Parse a webhook body, without the card data that people wrote. Raises nothing on any JSON.

    One body may hold up to a thousand messages and statuses of several business numbers, even the same one
    twice.
    """
    # Cards are taken out before anything is made of the body, so that no part of it can keep one.
    parts = tuple(_entries(json_without_card_data(storable(dict(body)))))
    return Parsed(
        messages=tuple(item for item in parts if isinstance(item, InboundMessage)),
        receipts=tuple(item for item in parts if isinstance(item, Receipt)),
        unread=tuple(item for item in parts if isinstance(item, Unread)),
        echoes=tuple(item for item in parts if isinstance(item, Echo)),
        preferences=tuple(item for item in parts if isinstance(item, Preference)),
        hints=tuple(item for item in parts if isinstance(item, PaymentHint)),
        configurations=tuple(item for item in parts if isinstance(item, Configuration)),
    )


def _entries(body: Json) -> Iterator[_Item]:
    entries = body.get("entry")
    if body.get("object") != "whatsapp_business_account" or not isinstance(entries, list):
        yield _unread("not a WhatsApp webhook body", body)
        return
    for entry in entries:
        changes = entry.get("changes") if isinstance(entry, dict) else None
        if not isinstance(changes, list):
            yield _unread("entry without changes", {"entry": entry})
            continue
        for change in changes:
            yield from _change(mapping(change), {**entry, "changes": [change]})


def _change(change: Json, alone: Json) -> Iterator[_Item]:
    """Yield the items of one change. `alone` is its entry without the other changes."""
    field, value = change.get("field"), change.get("value")
    if isinstance(field, str) and field in _NEWS:
        yield from _news(field, mapping(value), alone)
        return
    if field != "messages" or not isinstance(value, dict):
        unread = _unread(f"field {word(field) or 'without a name'}", alone)
        yield replace(unread, notice=alert(field, value))
        if field == payment_news.CONFIGURATION and (found := payment_news.configuration(mapping(value))):
            yield found
        return
    parts = {name: value[name] for name in ("messages", "statuses", "errors") if name in value}
    if not parts or not all(isinstance(part, list) for part in parts.values()):
        yield _unread("no readable list of messages or statuses", alone)
    contacts = contacts_by_id(value.get("contacts"))
    for message in items(parts.get("messages")):
        contact = _contact_of(message, contacts, "from", "from_user_id")
        yield _message(message, contact, value)
    for status in items(parts.get("statuses")):
        contact = _contact_of(status, contacts, "recipient_id", "recipient_user_id")
        yield _status(status, contact, value)
    if errors := items(parts.get("errors")):
        yield _unread("errors about no message", {"metadata": value.get("metadata"), "errors": errors})


def _news(field: str, value: Json, alone: Json) -> Iterator[_Item]:
    """Yield each item of a change of news. Only what cannot be read is kept outside of any customer."""
    name = news.LISTS[field]
    given = items(value.get(name))
    if not given:
        yield _unread(f"field {field}, without a list", alone)
    for item, found in zip(given, _NEWS[field](value), strict=True):
        fragment = {"metadata": value.get("metadata"), name: [item]}
        yield _unread(f"field {field}, unreadable", fragment) if found is None else found


def _message(message: object, contact: Json, value: Json) -> InboundMessage | Unread:
    fragment = _fragment("messages", message, contact, value)
    fields = mapping(message)
    key = identifier(fields.get("id"))
    if key is None:
        return _unread("message without an id", fragment)
    from_whom = sender(fields, contact)
    if not from_whom.aliases:
        return _unread("message that names no sender", fragment)
    event, ignored = meaning(fields)
    return InboundMessage(
        key=key,
        phone_number_id=_phone_number_id(value),
        sender=from_whom,
        event=event,
        ignored=ignored,
        sent_at=_milliseconds(fields.get("timestamp")),
        quote=identifier(mapping(fields.get("context")).get("id")),
        fragment=fragment,
    )


def _status(status: object, contact: Json, value: Json) -> Receipt | PaymentHint | Unread:
    fragment = _fragment("statuses", status, contact, value)
    fields = mapping(status)
    if fields.get("type") == payment_news.PAYMENT:
        hint = payment_news.hint(fields, _phone_number_id(value))
        return hint or _unread("word of a payment in the chat that was not made", fragment)
    wamid, state = identifier(fields.get("id")), word(fields.get("status"))
    if wamid is None or state is None:
        return _unread("status without a message id or a state", fragment)
    opaque = fields.get("biz_opaque_callback_data")
    return Receipt(
        key=f"{wamid}:{state}",
        phone_number_id=_phone_number_id(value),
        wamid=wamid,
        status=state,
        opaque=opaque if isinstance(opaque, str) and limits.length(opaque) <= OPAQUE else None,
        error=_error(fields.get("errors")),
        recipient=recipient(fields, contact),
    )


def _error(errors: object) -> Json | None:
    first = next(iter(items(errors)), None)
    if not isinstance(first, dict):
        return None
    return {
        "code": integer(first.get("code")),
        "title": clipped(first.get("title")),
        "details": clipped(mapping(first.get("error_data")).get("details")),
    }


def _contact_of(item: object, contacts: dict[str, Json], *fields: str) -> Json:
    """Return the contact that `item` names in one of `fields`; empty if there is none."""
    ids = (mapping(item).get(field) for field in fields)
    return next((contacts[id] for id in ids if isinstance(id, str) and id in contacts), {})


def _fragment(part: str, item: object, contact: Json, value: Json) -> Json:
    """Return a webhook `value` that holds only `item`. Parsing it again gives the same result."""
    fragment: Json = {"metadata": value.get("metadata"), part: [item]}
    return {**fragment, "contacts": [contact]} if contact else fragment


def _unread(reason: str, fragment: Json) -> Unread:
    digest = sha256(orjson.dumps(fragment, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return Unread(f"unread:{digest}", reason, fragment)


def _phone_number_id(value: Json) -> str | None:
    return identifier(mapping(value.get("metadata")).get("phone_number_id"))


def _milliseconds(timestamp: object) -> int:
    """Return milliseconds. Meta sends seconds as text; numbers and milliseconds have been seen as well."""
    moment = integer(timestamp)
    if moment is None or not 0 < moment < _MILLISECONDS_FROM * 1000:
        return 0
    return moment if moment >= _MILLISECONDS_FROM else moment * 1000
