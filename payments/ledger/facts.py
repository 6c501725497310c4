"""Facts: what Razorpay said about one payment, link or order. Append-only: a fact never changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any, Final


class EntityType(StrEnum):
    """What Razorpay reports about."""

    PAYMENT = "payment"
    PAYMENT_LINK = "payment_link"
    ORDER = "order"
    """Razorpay's own order, which stands behind a payment link."""
    REFUND = "refund"
    DISPUTE = "dispute"


class FactState(StrEnum):
    """States that a fact can report, as Razorpay names them. Two are our own."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    CONFIRMED = "confirmed"
    """Ours: we know through our own keys that the payment is captured, and ours."""
    RELEASED = "released"
    """Ours: we no longer wait for the capture of this authorised payment."""
    PAID = "paid"
    PARTIALLY_PAID = "partially_paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    CREATED = "created"
    PROCESSED = "processed"
    UNDER_REVIEW = "under_review"
    ACTION_REQUIRED = "action_required"
    WON = "won"
    LOST = "lost"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Fact:
    """A report that one entity was in one state. Two facts with the same `identity` say the same."""

    order_key: str
    """Key of the order it is about; empty if the event named none of ours."""
    entity: EntityType
    entity_id: str
    """Razorpay's id (`pay_…`, `plink_…`, `order_…`, …)."""
    state: FactState
    amount: int
    """Paise: of the payment, or paid so far on the link or order."""
    currency: str
    at: int
    """When Razorpay made the entity, in seconds since 1970, UTC. Never used to order facts."""
    detail: Mapping[str, Any] = field(default_factory=dict)
    """For people: `method`, `error_reason`, `error_description`. Of a payment: its `link`, why it does not
    fit its order (`mismatch`), and the part of its amount that is a fee borne by the payer (`on_top`).
    Of a refund: `payment_id`, `key` and `captured`. No card data."""

    @property
    def identity(self) -> tuple[str, str, str]:
        """(entity, entity id, state). The same fact from another event has the same identity."""
        return (self.entity, self.entity_id, self.state)

    def reports(self, entity: EntityType, state: FactState) -> bool:
        """Whether it says that an entity of this type was in this state."""
        return self.entity is entity and self.state is state


_FIELDS: Final = tuple(field.name for field in fields(Fact))


def to_json(fact: Fact) -> dict[str, Any]:
    """Return a JSON-ready dict. Inverse of `from_json`."""
    return {name: getattr(fact, name) for name in _FIELDS}


def from_json(value: Mapping[str, Any]) -> Fact:
    """Return the fact that `to_json` wrote. Raises TypeError or ValueError on another shape."""
    fact = Fact(**value)
    return replace(fact, entity=EntityType(fact.entity), state=FactState(fact.state))


def read_all(values: Iterable[Any]) -> tuple[tuple[Fact, ...], tuple[str, ...]]:
    """Return the facts that `to_json` wrote, and the problems of those that cannot be read."""
    facts, problems = [], []
    for value in values:
        try:
            facts.append(from_json(value))
        except (TypeError, ValueError) as error:
            problems.append(f"a fact cannot be read: {error}")
    return tuple(facts), tuple(problems)


def is_known(entity: str, state: str) -> bool:
    """Whether this version has these words. A newer version may have stored others."""
    return entity in _ENTITIES and state in _STATES


_ENTITIES: Final = frozenset(EntityType)
_STATES: Final = frozenset(FactState)


def reported_in(body: Mapping[str, Any], entity: EntityType, state: FactState) -> Iterator[Mapping[str, Any]]:
    """Yield the facts of `in_body` which say that an entity of this type was in this state.

    Nothing else about them is certain: a parked event may hold a fact that `from_json` refuses.
    """
    for fact in in_body(body):
        if fact.get("entity") == entity and fact.get("state") == state:
            yield fact


def in_body(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the facts, as `to_json` wrote them, in the body of a webhook's event or of a call's result.

    Values of another shape are skipped: the body of a parked event may hold anything.
    """
    for holder in (body, body.get("fields")):
        facts = holder.get("facts") if isinstance(holder, Mapping) else None
        if isinstance(facts, list):
            yield from (fact for fact in facts if isinstance(fact, Mapping))
