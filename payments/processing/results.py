"""What a call to the payment provider answered, as events for the conversation. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeAlias

from payments.ledger import facts as fact_values
from payments.ledger.facts import Fact
from payments.shop.orders import LINK_STATUSES, Attempt, AttemptStatus, moved, order_key_of


@dataclass(frozen=True, slots=True)
class LinkCreated:
    """A link was made. `status` is the provider's word for how it stands."""

    reference_id: str
    link_id: str
    short_url: str
    status: str
    mode: str | None = None
    """`test` or `live`: of the key that made it."""


@dataclass(frozen=True, slots=True)
class LinkRefused:
    """There is no link."""

    reference_id: str
    reason: str
    again: bool = True
    """Whether another try may bring one."""


@dataclass(frozen=True, slots=True)
class LinkWithdrawn:
    """A link was cancelled, or had ended by itself; `status` says how."""

    reference_id: str
    link_id: str | None
    """None if the provider knows of no link by this reference id."""
    status: str


@dataclass(frozen=True, slots=True)
class LinkKept:
    """The provider would not cancel a link, and did not say that it is over: it can still be paid."""

    reference_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class LinkFound:
    """Lost books made a link for an order that these have."""

    reference_id: str
    link_id: str
    short_url: str
    status: str
    amount: int
    """Paise."""
    currency: str
    mode: str
    facts: tuple[Fact, ...] = ()
    """How it stands."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentsFetched:
    """How a link stands, with its payments and refunds."""

    reference_id: str
    facts: tuple[Fact, ...] = ()
    problems: tuple[str, ...] = ()
    """What was told and cannot be read."""
    asked: bool = False
    """Whether the customer waits for the answer, whatever it is."""


@dataclass(frozen=True, slots=True)
class RefundMade:
    """The provider took a refund on; `facts` say how it stands."""

    order_key: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class RefundRefused:
    """The provider will not make the refund `key`."""

    order_key: str
    key: str


Result: TypeAlias = (
    LinkCreated
    | LinkRefused
    | LinkWithdrawn
    | LinkKept
    | LinkFound
    | PaymentsFetched
    | RefundMade
    | RefundRefused
)

_NAMES: Final[Mapping[type[Result], str]] = {
    LinkCreated: "payment_link.created",
    LinkRefused: "payment_link.refused",
    LinkWithdrawn: "payment_link.withdrawn",
    LinkKept: "payment_link.kept",
    LinkFound: "payment_link.found",
    PaymentsFetched: "payments.fetched",
    RefundMade: "payment.refunded",
    RefundRefused: "payment.refund_refused",
}
_KINDS: Final = {name: kind for kind, name in _NAMES.items()}
_FIELDS: Final = {kind: tuple(field.name for field in fields(kind)) for kind in _NAMES}


def name_of(result: Result) -> str:
    """The result's name in the inbox and in what people read."""
    return _NAMES[type(result)]


def order_of(result: Result) -> str:
    """The key of the order that the result is about."""
    if isinstance(result, (RefundMade, RefundRefused)):
        return result.order_key
    return order_key_of(result.reference_id)


def to_json(result: Result) -> dict[str, Any]:
    """`{"name", "fields"}`, JSON-ready. Inverse of `from_json`."""
    told = {name: getattr(result, name) for name in _FIELDS[type(result)]}
    if "facts" in told:
        told["facts"] = [fact_values.to_json(fact) for fact in told["facts"]]
    if "problems" in told:
        told["problems"] = list(told["problems"])
    return {"name": name_of(result), "fields": told}


def from_json(value: Mapping[str, Any]) -> Result:
    """The result that `to_json` wrote. Raises KeyError or TypeError on any other shape."""
    kind = _KINDS.get(value["name"])
    if kind is None:
        raise KeyError(f"unknown answer {value['name']!r}")
    told = dict(value["fields"])
    if "facts" in told:
        told["facts"] = tuple(fact_values.from_json(fact) for fact in told["facts"])
    if "problems" in told:
        told["problems"] = tuple(told["problems"])
    return kind(**told)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no link."""

    reason: str
    """The provider's words, or a reason of ours that flows know."""
    again: bool = True
    """Whether another try may bring a link; False where the provider will say the same once more."""


def answered(attempt: Attempt, result: LinkCreated | LinkWithdrawn) -> tuple[Attempt, tuple[Fact, ...]]:
    """The attempt after `result`, and what that says of its link."""
    if isinstance(result, LinkCreated):
        made = replace(attempt, link_id=result.link_id, short_url=result.short_url, mode=result.mode)
        attempt = moved(made, AttemptStatus.CREATED)
    elif _unseen(attempt, result):
        return attempt, ()
    else:
        attempt = replace(attempt, link_id=attempt.link_id or result.link_id)
    ended = LINK_STATUSES.get(result.status)
    return moved(attempt, ended or attempt.status), _fact(attempt, ended)


def unwanted(attempt: Attempt, result: LinkCreated | LinkWithdrawn) -> bool:
    """Whether the result leaves a payable link to an attempt that was withdrawn while it was being made.

    The cancelling that was asked for then may have come before the provider's look-up knew the link.
    """
    if isinstance(result, LinkWithdrawn):
        return attempt.payable and _unseen(attempt, result)
    return result.status not in LINK_STATUSES and attempt.status is not AttemptStatus.CREATED


def _unseen(attempt: Attempt, result: LinkWithdrawn) -> bool:
    """Whether the provider knew of no link by the reference id of one that it has made."""
    return attempt.link_id is not None and result.link_id is None


def _fact(attempt: Attempt, ended: AttemptStatus | None) -> tuple[Fact, ...]:
    """The end of a link, as its webhook would tell it; of one that was never made, there is none."""
    if ended is None or attempt.link_id is None:
        return ()
    paid = attempt.amount if ended is AttemptStatus.PAID else 0
    return (Fact(attempt.order_key, "payment_link", attempt.link_id, str(ended), paid, attempt.currency, 0),)
