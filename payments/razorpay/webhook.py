"""Read one Razorpay webhook into facts. Pure: the caller has checked its signature and stores the facts.

No time in a webhook is trusted: the envelope's `created_at` of `payment_link.*` is the link's creation,
and events arrive in any order, any number of times.

Source: Razorpay docs, "Webhook Payloads" (payments, orders, payment links, refunds, disputes), 2026.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from payments.ledger.facts import EntityType, Fact, FactState
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
"""Razorpay's limit for a reference id, which contains the order key."""
MAX_DEPTH: Final = 32
"""Levels of a body that are kept. Razorpay's bodies have at most 7."""

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
"""Keys that say who paid, or with what. They are removed before a body is stored."""

_EVENT = re.compile(r"[a-z0-9_.]{1,64}", re.ASCII)
_LINK_IN_DESCRIPTION = re.compile(r"#(?P<id>[A-Za-z0-9]{1,64})", re.ASCII)


@dataclass(frozen=True, slots=True)
class WebhookFacts:
    """The content of one webhook."""

    event: str
    """Razorpay's event name (`payment.captured`); empty if the body has none."""
    account_id: str | None
    order_key: str | None
    """Key of our order; None if the body names no order of a Munshi, or names two."""
    link_id: str | None
    """`plink_…`"""
    payment_id: str | None
    """`pay_…`: of a refund or a dispute, the payment that it is about."""
    facts: tuple[Fact, ...]
    problems: tuple[str, ...] = ()
    """Why a fact that the event should give is missing. For people, without values."""


@dataclass(frozen=True, slots=True)
class _Claim:
    """A fact that an event gives about one entity in its payload."""

    entity: EntityType
    state: FactState
    certain: bool = True
    """False if the event is about another entity, so that this one's own status must confirm the state."""


_CAPTURED = _Claim(EntityType.PAYMENT, FactState.CAPTURED)
_PAID = _Claim(EntityType.PAYMENT, FactState.CAPTURED, certain=False)


def _each(entity: EntityType, *states: FactState) -> dict[str, tuple[_Claim, ...]]:
    """Return the claims of the events that are named for a state of their entity."""
    return {f"{entity}.{state}": (_Claim(entity, state),) for state in states}


_CLAIMS: Final[Mapping[str, tuple[_Claim, ...]]] = {
    **_each(EntityType.PAYMENT, FactState.AUTHORIZED, FactState.CAPTURED, FactState.FAILED),
    "order.paid": (_PAID, _Claim(EntityType.ORDER, FactState.PAID)),
    "payment_link.paid": (_PAID, _Claim(EntityType.PAYMENT_LINK, FactState.PAID)),
    "payment_link.partially_paid": (_PAID, _Claim(EntityType.PAYMENT_LINK, FactState.PARTIALLY_PAID)),
    **_each(EntityType.PAYMENT_LINK, FactState.EXPIRED, FactState.CANCELLED),
    **_each(EntityType.REFUND, FactState.CREATED, FactState.PROCESSED, FactState.FAILED),
    **{
        f"payment.dispute.{state}": (_Claim(EntityType.DISPUTE, state),)
        for state in (
            FactState.CREATED,
            FactState.UNDER_REVIEW,
            FactState.ACTION_REQUIRED,
            FactState.WON,
            FactState.LOST,
            FactState.CLOSED,
        )
    },
}

_Entities = Mapping[str, Entity]


def read(body: Mapping[str, Any]) -> WebhookFacts:
    """Return the facts of one webhook. Never raises on a JSON object. An unknown event has no facts."""
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
    return WebhookFacts(
        event=event,
        account_id=text(body.get("account_id"), ID),
        order_key=order_key,
        link_id=_link_id(entities),
        payment_id=next((fact.detail.payment_id for fact in facts if fact.detail.payment_id), None),
        facts=tuple(facts),
        problems=tuple(problems),
    )


def digest(raw: bytes) -> str:
    """Return the hex SHA-256 of a raw body: the key that recognises a repeated webhook.

    The event id would be shorter, but the signature does not cover its header.
    """
    return sha256(raw).hexdigest()


def without_personal_data(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a deep copy of `body` without `PERSONAL` keys. That copy is what we store."""
    return {key: _without_personal(value, 1) for key, value in body.items() if key not in PERSONAL}


def _without_personal(value: Any, depth: int) -> Any:
    if depth > MAX_DEPTH:
        return None
    if isinstance(value, Mapping):
        return {key: _without_personal(item, depth + 1) for key, item in value.items() if key not in PERSONAL}
    if isinstance(value, list):
        return [_without_personal(item, depth + 1) for item in value]
    return value


def _claims(event: str, entities: _Entities) -> tuple[_Claim, ...]:
    claims = _CLAIMS.get(event, ())
    refund = any(claim.entity is EntityType.REFUND for claim in claims)
    if refund and _payment(entities).get("captured") is True:
        # A refund event may be the first to show that its payment was captured.
        return (_CAPTURED, *claims)
    return claims


def _fact(claim: _Claim, entities: _Entities, order_key: str) -> Fact:
    entity = entities.get(claim.entity)
    if entity is None:
        raise UnusableError("missing")
    if not claim.certain and entity.get("status") != claim.state:
        raise UnusableError(f"status is not {str(claim.state)!r}")
    told = fact(claim.entity, claim.state, entity, order_key, _link_id(entities) or "")
    return of_refunded(told, _payment(entities)) if claim.entity is EntityType.REFUND else told


def _payment(entities: _Entities) -> Entity:
    return entities.get(EntityType.PAYMENT, {})


def _entities(payload: object) -> dict[str, Entity]:
    if not isinstance(payload, Mapping):
        return {}
    wrapped = ((kind, item.get("entity")) for kind, item in payload.items() if isinstance(item, Mapping))
    return {kind: entity for kind, entity in wrapped if isinstance(entity, Mapping)}


def _order_keys(entities: _Entities) -> tuple[str, ...]:
    """Return the distinct order keys of ours in `entities`: from notes, else from reference ids."""
    noted = tuple(dict.fromkeys(_own_keys(notes(entity).get(ORDER_NOTE) for entity in entities.values())))
    if noted:
        return noted
    return tuple(dict.fromkeys(_own_keys(_references(entities))))


def _references(entities: _Entities) -> Iterator[object]:
    for kind, name in ((EntityType.PAYMENT_LINK, "reference_id"), (EntityType.ORDER, "receipt")):
        reference = entities.get(kind, {}).get(name)
        yield order_key_of(reference) if isinstance(reference, str) else None


def _own_keys(keys: Iterator[object]) -> Iterator[str]:
    for key in keys:
        if isinstance(key, str) and len(key) <= MAX_ORDER_KEY and conversation_of(key):
            yield key


def _link_id(entities: _Entities) -> str | None:
    link_id = text(entities.get(EntityType.PAYMENT_LINK, {}).get("id"), ID)
    if link_id:
        return link_id
    description = _payment(entities).get("description")
    match = _LINK_IN_DESCRIPTION.fullmatch(description) if isinstance(description, str) else None
    return f"plink_{match['id']}" if match else None
