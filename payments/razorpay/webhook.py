"""One Razorpay webhook, read into facts. Pure: the signature was checked before, storing comes after.

Nothing here trusts a time: the envelope's `created_at` of `payment_link.*` is the link's creation,
and events come in any order, any number of times.

Source: Razorpay docs, "Webhook Payloads" (payments, orders, payment links, refunds, disputes), 2026.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from payments.facts import Fact
from payments.orders import conversation_of, order_key_of

ORDER_NOTE: Final = "munshi_order"
"""The note of a payment link that names our order; Razorpay copies it to its orders and payments."""

MAX_INTEGER: Final = 2**63 - 1
"""What a database can keep; a larger amount or time is nonsense."""
MAX_ORDER_KEY: Final = 40
"""Razorpay's limit for a reference id, which holds the order key."""
MAX_DETAIL: Final = 500
"""Characters kept of a free text (`error_description`)."""
MAX_DEPTH: Final = 32
"""Levels of a body that are kept; Razorpay's own have at most 7."""

PERSONAL: Final = frozenset(
    {
        "acquirer_data",
        "account_number",
        "bank_account",
        "bank_transfer",
        "billing_address",
        "card",
        "card_id",
        "contact",
        "customer",
        "customer_details",
        "customer_id",
        "email",
        "payer_account_type",
        "payer_bank_account",
        "payer_name",
        "shipping_address",
        "token",
        "token_id",
        "upi",
        "virtual_account",
        "vpa",
        "wallet",
    }
)
"""Keys that say who paid and with what."""

_ID = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_EVENT = re.compile(r"[a-z0-9_.]{1,64}", re.ASCII)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_LINK_IN_DESCRIPTION = re.compile(r"#(?P<id>[A-Za-z0-9]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Notice:
    """What one webhook says."""

    event: str
    """Razorpay's name of it (`payment.captured`); empty when the body has none."""
    account_id: str | None
    order_key: str | None
    """Ours; None when the body names no order of a Munshi, or names two."""
    link_id: str | None
    """`plink_…`"""
    razorpay_order_id: str | None
    """`order_…`, with the prefix even where the body leaves it out."""
    facts: tuple[Fact, ...]
    problems: tuple[str, ...] = ()
    """Why something that the event promises is not among the facts; for people, holds no values."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What an event says of one entity in its payload."""

    entity: str
    state: str
    amount: str
    """Name of the field that holds the paise."""
    certain: bool = True
    """False where the event is about something else, and the entity must say itself that it is so."""


_PAID = _Claim("payment", "captured", "amount", certain=False)

_CLAIMS: Final[Mapping[str, tuple[_Claim, ...]]] = {
    **{
        f"payment.{state}": (_Claim("payment", state, "amount"),)
        for state in ("authorized", "captured", "failed")
    },
    "order.paid": (_PAID, _Claim("order", "paid", "amount_paid")),
    **{
        f"payment_link.{state}": (_PAID, _Claim("payment_link", state, "amount_paid"))
        for state in ("paid", "partially_paid")
    },
    **{
        f"payment_link.{state}": (_Claim("payment_link", state, "amount_paid"),)
        for state in ("expired", "cancelled")
    },
    **{
        f"refund.{state}": (_Claim("refund", state, "amount"),)
        for state in ("created", "processed", "failed", "speed_changed")
    },
    **{
        f"payment.dispute.{state}": (_Claim("dispute", state, "amount"),)
        for state in ("created", "under_review", "action_required", "won", "lost", "closed")
    },
}

_DETAIL: Final[Mapping[str, tuple[str, ...]]] = {
    "payment": ("method", "error_reason", "error_description", "error_source"),
    "refund": ("payment_id",),
    "dispute": ("payment_id",),
}

_Entities = Mapping[str, Mapping[str, Any]]


class _UnusableError(Exception):
    """A field is not what its fact needs."""


def read(body: Mapping[str, Any]) -> Notice:
    """The facts of one webhook. Never raises on a JSON object; an unknown event has no facts."""
    event = _text(body.get("event"), _EVENT) or ""
    entities = _entities(body.get("payload"))
    keys = _order_keys(entities)
    order_key = keys[0] if len(keys) == 1 else None
    problems = ["the entities name more than one of our orders"] if len(keys) > 1 else []
    facts = []
    for claim in _CLAIMS.get(event, ()):
        try:
            facts.append(_fact(claim, entities, order_key or ""))
        except _UnusableError as problem:
            problems.append(f"{claim.entity}: {problem}")
    return Notice(
        event=event,
        account_id=_text(body.get("account_id"), _ID),
        order_key=order_key,
        link_id=_link_id(entities),
        razorpay_order_id=_razorpay_order_id(entities),
        facts=tuple(facts),
        problems=tuple(problems),
    )


def payment_facts(payments: Iterable[Any], order_key: str) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """The facts in payments that were asked for, and what could not be read.

    The facts are those that webhooks tell, so either may come first. Razorpay calls a payment
    `refunded` that was captured before.
    """
    facts, problems = [], []
    for payment in payments:
        entity = payment if isinstance(payment, Mapping) else {}
        state = _FETCHED.get(str(entity.get("status")))
        if state is None:
            continue
        try:
            facts.append(_fact(_Claim("payment", state, "amount"), {"payment": entity}, order_key))
        except _UnusableError as problem:
            problems.append(f"payment: {problem}")
    return tuple(facts), tuple(problems)


_FETCHED: Final = {
    "authorized": "authorized",
    "captured": "captured",
    "refunded": "captured",
    "failed": "failed",
}


def digest(raw: bytes) -> str:
    """Hex SHA-256 of a raw body: the key a repeat is known by.

    The event id would be shorter, but its header is not covered by the signature.
    """
    return sha256(raw).hexdigest()


def without_personal_data(body: Mapping[str, Any]) -> dict[str, Any]:
    """A deep copy of `body` without anything that says who paid or with what: what we keep."""
    return {key: _kept(value, 1) for key, value in body.items() if key not in PERSONAL}


def _kept(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {key: _kept(item, depth + 1) for key, item in value.items() if key not in PERSONAL}
    if isinstance(value, list):
        return [_kept(item, depth + 1) for item in value]
    return value


def _fact(claim: _Claim, entities: _Entities, order_key: str) -> Fact:
    entity = entities.get(claim.entity)
    if entity is None:
        raise _UnusableError("missing")
    if not claim.certain and entity.get("status") != claim.state:
        raise _UnusableError(f"status is not {claim.state!r}")
    return Fact(
        order_key=order_key,
        entity=claim.entity,
        entity_id=_entity_id(claim.entity, entity),
        state=claim.state,
        amount=_integer(entity, claim.amount),
        currency=_required(entity, "currency", _CURRENCY),
        at=_integer(entity, "created_at"),
        detail=_detail(claim.entity, entity),
    )


def _entity_id(kind: str, entity: Mapping[str, Any]) -> str:
    found = _required(entity, "id", _ID)
    return _with_prefix(found, "order_") if kind == "order" else found


def _detail(kind: str, entity: Mapping[str, Any]) -> dict[str, str]:
    named = ((name, entity.get(name)) for name in _DETAIL.get(kind, ()))
    return {name: _printable(value) for name, value in named if isinstance(value, str) and value}


def _printable(text: str) -> str:
    # A NUL or a lone surrogate is legal in JSON and refused by databases.
    return "".join(c if c.isprintable() else " " for c in text[:MAX_DETAIL])


def _integer(entity: Mapping[str, Any], name: str) -> int:
    value = entity.get(name)
    if type(value) is not int:  # a bool is an int to isinstance
        raise _UnusableError(f"{name} is {type(value).__name__}, not a whole number")
    if not 0 <= value <= MAX_INTEGER:
        raise _UnusableError(f"{name} is out of range")
    return value


def _required(entity: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    text = _text(entity.get(name), pattern)
    if text is None:
        raise _UnusableError(f"{name} is missing or malformed")
    return text


def _text(value: object, pattern: re.Pattern[str]) -> str | None:
    return value if isinstance(value, str) and pattern.fullmatch(value) else None


def _entities(payload: object) -> dict[str, Mapping[str, Any]]:
    if not isinstance(payload, Mapping):
        return {}
    wrapped = ((kind, item.get("entity")) for kind, item in payload.items() if isinstance(item, Mapping))
    return {kind: entity for kind, entity in wrapped if isinstance(entity, Mapping)}


def _order_keys(entities: _Entities) -> tuple[str, ...]:
    """The distinct keys of ours that `entities` name: by their notes, or failing that by reference."""
    noted = tuple(dict.fromkeys(_ours(_notes(entity).get(ORDER_NOTE) for entity in entities.values())))
    if noted:
        return noted
    return tuple(dict.fromkeys(_ours(_references(entities))))


def _notes(entity: Mapping[str, Any]) -> Mapping[str, Any]:
    notes = entity.get("notes")
    # PHP's empty map: a link without notes has `[]` or null here.
    return notes if isinstance(notes, Mapping) else {}


def _references(entities: _Entities) -> Iterator[object]:
    for kind, name in (("payment_link", "reference_id"), ("order", "receipt")):
        reference = entities.get(kind, {}).get(name)
        yield order_key_of(reference) if isinstance(reference, str) else None


def _ours(keys: Iterator[object]) -> Iterator[str]:
    for key in keys:
        if isinstance(key, str) and len(key) <= MAX_ORDER_KEY and conversation_of(key):
            yield key


def _link_id(entities: _Entities) -> str | None:
    named = _text(entities.get("payment_link", {}).get("id"), _ID)
    if named:
        return named
    description = entities.get("payment", {}).get("description")
    found = _LINK_IN_DESCRIPTION.fullmatch(description) if isinstance(description, str) else None
    return f"plink_{found['id']}" if found else None


def _razorpay_order_id(entities: _Entities) -> str | None:
    places = (("payment", "order_id"), ("payment_link", "order_id"), ("order", "id"))
    for kind, name in places:
        found = _text(entities.get(kind, {}).get(name), _ID)
        if found:
            return _with_prefix(found, "order_")
    return None


def _with_prefix(text: str, prefix: str) -> str:
    # One serialiser of payment_link.paid writes the order's id bare.
    return text if text.startswith(prefix) else prefix + text
