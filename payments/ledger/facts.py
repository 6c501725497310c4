"""What Razorpay told us about one payment, link or order. Append-only; a fact is never changed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Fact:
    """One entity was seen in one state. Two facts with the same `identity` say the same thing."""

    order_key: str
    """The order it is about; empty when the event named none of ours."""
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
    """What people ask about later (`method`, `error_reason`, `error_description`), what it belongs to
    (`link` of a payment; `payment_id`, `key` and `captured` of a refund), why a payment does not fit
    its order (`mismatch`), and what of its amount is a fee that the payer bore (`on_top`). No card data."""

    @property
    def identity(self) -> tuple[str, str, str]:
        """(entity, entity id, state): the same fact from another event has the same identity."""
        return (self.entity, self.entity_id, self.state)


_FIELDS: Final = tuple(field.name for field in fields(Fact))


def to_json(fact: Fact) -> dict[str, Any]:
    """A JSON-ready dict. Inverse of `from_json`."""
    return {name: getattr(fact, name) for name in _FIELDS}


def from_json(value: Mapping[str, Any]) -> Fact:
    """The fact that `to_json` wrote."""
    return Fact(**value)


def in_body(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The facts, as `to_json` wrote them, in the body of a webhook's event or of an answer to a call.

    What has another shape is passed over: a body that waits for a person may hold anything.
    """
    for holder in (body, body.get("fields")):
        told = holder.get("facts") if isinstance(holder, Mapping) else None
        if isinstance(told, list):
            yield from (fact for fact in told if isinstance(fact, Mapping))
