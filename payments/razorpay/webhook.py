"""One Razorpay webhook, read into facts. Pure: the signature was checked before, storing comes after.

Nothing here trusts a time: the envelope's `created_at` of `payment_link.*` is the link's creation,
and events come in any order, any number of times.

Source: Razorpay docs, "Webhook Payloads" (payments, orders, payment links, refunds, disputes), 2026.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from payments.ledger.facts import Fact
from payments.razorpay.entities import (
    ID,
    ORDER_NOTE,
    Entity,
    UnusableError,
    fact,
    notes,
    of_refunded,
    text,
)
from payments.shop.orders import conversation_of, order_key_of

MAX_ORDER_KEY: Final = 40
"""Razorpay's limit for a reference id, which holds the order key."""
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

_EVENT = re.compile(r"[a-z0-9_.]{1,64}", re.ASCII)
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
    facts: tuple[Fact, ...]
    problems: tuple[str, ...] = ()
    """Why something that the event promises is not among the facts; for people, holds no values."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """What an event says of one entity in its payload."""

    entity: str
    state: str
    certain: bool = True
    """False where the event is about something else, and the entity must say itself that it is so."""


_CAPTURED = _Claim("payment", "captured")
_PAID = _Claim("payment", "captured", certain=False)

_CLAIMS: Final[Mapping[str, tuple[_Claim, ...]]] = {
    **{f"payment.{state}": (_Claim("payment", state),) for state in ("authorized", "captured", "failed")},
    "order.paid": (_PAID, _Claim("order", "paid")),
    **{
        f"payment_link.{state}": (_PAID, _Claim("payment_link", state))
        for state in ("paid", "partially_paid")
    },
    **{f"payment_link.{state}": (_Claim("payment_link", state),) for state in ("expired", "cancelled")},
    **{f"refund.{state}": (_Claim("refund", state),) for state in ("created", "processed", "failed")},
    **{
        f"payment.dispute.{state}": (_Claim("dispute", state),)
        for state in ("created", "under_review", "action_required", "won", "lost", "closed")
    },
}

_Entities = Mapping[str, Entity]


def read(body: Mapping[str, Any]) -> Notice:
    """The facts of one webhook. Never raises on a JSON object; an unknown event has no facts."""
    event = text(body.get("event"), _EVENT) or ""
    entities = _entities(body.get("payload"))
    keys = _order_keys(entities)
    order_key = keys[0] if len(keys) == 1 else None
    problems = ["the entities name more than one of our orders"] if len(keys) > 1 else []
    facts = []
    for claim in _claims(event, entities):
        try:
            facts.append(_fact(claim, entities, order_key or ""))
        except UnusableError as problem:
            problems.append(f"{claim.entity}: {problem}")
    return Notice(
        event=event,
        account_id=text(body.get("account_id"), ID),
        order_key=order_key,
        link_id=_link_id(entities),
        facts=tuple(facts),
        problems=tuple(problems),
    )


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


def _claims(event: str, entities: _Entities) -> tuple[_Claim, ...]:
    claims = _CLAIMS.get(event, ())
    refund = any(claim.entity == "refund" for claim in claims)
    if refund and _payment(entities).get("captured") is True:
        # No refund event promises a capture, but it may be the first to tell of one.
        return (_CAPTURED, *claims)
    return claims


def _fact(claim: _Claim, entities: _Entities, order_key: str) -> Fact:
    entity = entities.get(claim.entity)
    if entity is None:
        raise UnusableError("missing")
    if not claim.certain and entity.get("status") != claim.state:
        raise UnusableError(f"status is not {claim.state!r}")
    return fact(claim.entity, claim.state, entity, order_key, **_around(claim.entity, entities))


def _around(kind: str, entities: _Entities) -> dict[str, str]:
    """What the other entities of an event say about the one that a fact is about."""
    link_id = _link_id(entities)
    if kind == "payment" and link_id:
        return {"link": link_id}
    return of_refunded(_payment(entities)) if kind == "refund" else {}


def _payment(entities: _Entities) -> Entity:
    return entities.get("payment", {})


def _entities(payload: object) -> dict[str, Entity]:
    if not isinstance(payload, Mapping):
        return {}
    wrapped = ((kind, item.get("entity")) for kind, item in payload.items() if isinstance(item, Mapping))
    return {kind: entity for kind, entity in wrapped if isinstance(entity, Mapping)}


def _order_keys(entities: _Entities) -> tuple[str, ...]:
    """The distinct keys of ours that `entities` name: by their notes, or failing that by reference."""
    noted = tuple(dict.fromkeys(_ours(notes(entity).get(ORDER_NOTE) for entity in entities.values())))
    if noted:
        return noted
    return tuple(dict.fromkeys(_ours(_references(entities))))


def _references(entities: _Entities) -> Iterator[object]:
    for kind, name in (("payment_link", "reference_id"), ("order", "receipt")):
        reference = entities.get(kind, {}).get(name)
        yield order_key_of(reference) if isinstance(reference, str) else None


def _ours(keys: Iterator[object]) -> Iterator[str]:
    for key in keys:
        if isinstance(key, str) and len(key) <= MAX_ORDER_KEY and conversation_of(key):
            yield key


def _link_id(entities: _Entities) -> str | None:
    named = text(entities.get("payment_link", {}).get("id"), ID)
    if named:
        return named
    description = _payment(entities).get("description")
    found = _LINK_IN_DESCRIPTION.fullmatch(description) if isinstance(description, str) else None
    return f"plink_{found['id']}" if found else None
