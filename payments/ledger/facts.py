"""Facts: what Razorpay said about one payment, link or order. Append-only: a fact never changes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any, Final

from payments.ledger.holds import MISMATCHES, Mismatch


class EntityType(StrEnum):
    """What Razorpay reports about."""

    PAYMENT = "payment"
    PAYMENT_LINK = "payment_link"
    ORDER = "order"
    """Razorpay's own order, which stands behind a payment link."""
    REFUND = "refund"
    DISPUTE = "dispute"


class FactState(StrEnum):
    """States that a fact can report, as Razorpay names them. Three are our own."""

    AUTHORIZED = "authorized"
    CAPTURED = "captured"
    FAILED = "failed"
    CONFIRMED = "confirmed"
    """Ours: we know through our own keys that the payment is captured, and ours."""
    RELEASED = "released"
    """Ours: we no longer wait for the capture of this authorised payment."""
    UNDONE = "undone"
    """Ours: a person had recorded this payment by mistake. Nobody took that money."""
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
class Detail:
    """What else a fact says. Every field may be missing, and has then its usual value. No card data."""

    link: str = ""
    """Of a payment: the id of the payment link it was made on; empty if unknown."""
    mismatch: Mismatch | None = None
    """Of a payment: why it does not fit its order; None if it fits."""
    on_top: int = 0
    """Of a payment: paise of its amount that are a fee borne by the payer."""
    fee: int | None = None
    """Of a payment: paise of Razorpay's fee; None before the capture."""
    payer_bears_fee: bool = False
    """Of a payment. Few events say so."""
    payment_id: str = ""
    """Of a refund or a dispute: the payment it is about."""
    key: str = ""
    """Of a refund: the key of the `RefundPayment` that made it; empty if it names none."""
    captured: bool = True
    """Of a refund: whether its payment was captured. If it was not, its money was never ours."""
    method: str = ""
    by: str = ""
    """Of money that a person took or gave back: the person's name."""
    error_reason: str = ""
    error_description: str = ""
    error_source: str = ""


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
    detail: Detail = Detail()

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
    return {name: getattr(fact, name) for name in _FIELDS} | {"detail": detail_to_json(fact.detail)}


def from_json(value: Mapping[str, Any]) -> Fact:
    """Return the fact that `to_json` wrote. Raises TypeError or ValueError on another shape."""
    fact = Fact(**value)
    return replace(
        fact,
        entity=EntityType(fact.entity),
        state=FactState(fact.state),
        detail=detail_from_json(value.get("detail")),
    )


def detail_to_json(detail: Detail) -> dict[str, Any]:
    """Return a JSON-ready dict of what is not as usual. Inverse of `detail_from_json`."""
    return {name: value for name, usual in _USUAL.items() if (value := getattr(detail, name)) != usual}


def detail_from_json(value: object) -> Detail:
    """Return the detail that `detail_to_json` wrote, of any version.

    It never raises, because the fact may be of captured money: unknown names are ignored, and an odd value
    counts as missing. But an odd mismatch is one: a payment must not fit because nobody knows why it didn't.
    """
    said = value if isinstance(value, Mapping) else {}
    read = {name: _READERS[name](said[name]) for name in _USUAL if name in said}
    return Detail(**{name: one for name, one in read.items() if one is not None})


def for_people(detail: Detail) -> dict[str, Any]:
    """Return the detail like `detail_to_json`, with the mismatch in words."""
    words = {"mismatch": MISMATCHES[detail.mismatch]} if detail.mismatch else {}
    return detail_to_json(detail) | words


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _paise(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None  # a bool is an int to isinstance


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _mismatch(value: object) -> Mismatch | None:
    known = next((mismatch for mismatch in Mismatch if mismatch == value), Mismatch.UNKNOWN)
    return known if value else None


_USUAL: Final[Mapping[str, object]] = {field.name: field.default for field in fields(Detail)}
_READERS: Final[Mapping[str, Callable[[object], Any]]] = {
    **dict.fromkeys(_USUAL, _text),
    "mismatch": _mismatch,
    "on_top": _paise,
    "fee": _paise,
    "payer_bears_fee": _flag,
    "captured": _flag,
}


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
