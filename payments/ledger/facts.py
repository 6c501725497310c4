"""Facts: what Razorpay said about one payment, link or order. Append-only: a fact never changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Fact:
    """A report that one entity was in one state. Two facts with the same `identity` say the same."""

    order_key: str
    """Key of the order it is about; empty if the event named none of ours."""
    entity: str
    """`payment`, `payment_link`, `order`, `refund` or `dispute`."""
    entity_id: str
    """Razorpay's id (`pay_…`, `plink_…`, `order_…`, …)."""
    state: str
    """The entity's status as Razorpay names it (`captured`, `failed`, `paid`, `expired`, …)."""
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


_FIELDS: Final = tuple(field.name for field in fields(Fact))


def to_json(fact: Fact) -> dict[str, Any]:
    """Return a JSON-ready dict. Inverse of `from_json`."""
    return {name: getattr(fact, name) for name in _FIELDS}


def from_json(value: Mapping[str, Any]) -> Fact:
    """Return the fact that `to_json` wrote."""
    return Fact(**value)


def in_body(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the facts, as `to_json` wrote them, in the body of a webhook's event or of a call's result.

    Values of another shape are skipped: the body of a parked event may hold anything.
    """
    for holder in (body, body.get("fields")):
        facts = holder.get("facts") if isinstance(holder, Mapping) else None
        if isinstance(facts, list):
            yield from (fact for fact in facts if isinstance(fact, Mapping))
