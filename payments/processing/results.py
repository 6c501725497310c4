"""The results of calls to the payment provider, as events for the conversation. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Final, TypeAlias

from payments.ledger import facts as fact_values
from payments.ledger import link_ends
from payments.ledger.facts import EntityType, Fact
from payments.shop.orders import (
    LINK_STATUSES,
    Attempt,
    AttemptStatus,
    LinkStatus,
    Mode,
    moved,
    order_key_of,
)


@dataclass(frozen=True, slots=True)
class LinkCreated:
    """A link was made. `status` is its status at the provider."""

    reference_id: str
    link_id: str
    short_url: str
    status: LinkStatus
    mode: Mode | None = None
    """The mode of the key that made it."""


@dataclass(frozen=True, slots=True)
class LinkRefused:
    """The provider made no link."""

    reference_id: str
    reason: str
    again: bool = True
    """Whether another try may make one."""
    certain: bool = True
    """False of a card that may have reached the customer after all."""


@dataclass(frozen=True, slots=True)
class LinkWithdrawn:
    """A link was cancelled, or had ended before. `status` says how."""

    reference_id: str
    link_id: str | None
    """None if the provider knows of no link by this reference id."""
    status: LinkStatus


@dataclass(frozen=True, slots=True)
class LinkKept:
    """The provider would not cancel a link and did not say that it is over, so it can still be paid."""

    reference_id: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class CardPaidElsewhere:
    """A card is said to have been paid on an order of the provider's that our own keys do not see."""

    reference_id: str
    order_id: str
    """`order_…`"""


@dataclass(frozen=True, slots=True)
class CardArrived:
    """A card reached the customer after it was said not to have: it can be paid."""

    reference_id: str


@dataclass(frozen=True, slots=True)
class LinkFound:
    """A link was found that lost books made for an order of these books."""

    reference_id: str
    link_id: str
    short_url: str
    status: LinkStatus
    amount: int
    """Paise."""
    currency: str
    mode: Mode
    facts: tuple[Fact, ...] = ()
    """Facts about the link and its payments."""
    problems: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaymentsFetched:
    """The state of a link, with its payments and refunds, was fetched."""

    reference_id: str
    facts: tuple[Fact, ...] = ()
    problems: tuple[str, ...] = ()
    """Parts of the answer that could not be read."""
    asked: bool = False
    """Whether the customer asked and waits for an answer, whatever it is."""


@dataclass(frozen=True, slots=True)
class RefundMade:
    """The provider accepted a refund. `facts` have its state."""

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
    | CardPaidElsewhere
    | CardArrived
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
    CardPaidElsewhere: "payment_card.paid_elsewhere",
    CardArrived: "payment_card.arrived",
    LinkFound: "payment_link.found",
    PaymentsFetched: "payments.fetched",
    RefundMade: "payment.refunded",
    RefundRefused: "payment.refund_refused",
}
_KINDS: Final = {name: kind for kind, name in _NAMES.items()}
_FIELDS: Final = {kind: tuple(field.name for field in fields(kind)) for kind in _NAMES}


def name_of(result: Result) -> str:
    """Return the result's name in the inbox and in what people read."""
    return _NAMES[type(result)]


def order_of(result: Result) -> str:
    """Return the key of the order that the result is about."""
    if isinstance(result, (RefundMade, RefundRefused)):
        return result.order_key
    return order_key_of(result.reference_id)


def to_json(result: Result) -> dict[str, Any]:
    """Return `{"name", "fields"}`, JSON-ready. Inverse of `from_json`."""
    values = {name: getattr(result, name) for name in _FIELDS[type(result)]}
    if "facts" in values:
        values["facts"] = [fact_values.to_json(fact) for fact in values["facts"]]
    if "problems" in values:
        values["problems"] = list(values["problems"])
    return {"name": name_of(result), "fields": values}


def from_json(value: Mapping[str, Any]) -> Result:
    """Return the result that `to_json` wrote. Raises KeyError, TypeError or ValueError on another shape."""
    kind = _KINDS.get(value["name"])
    if kind is None:
        raise KeyError(f"unknown answer {value['name']!r}")
    values = dict(value["fields"])
    if "status" in values:
        values["status"] = _link_status(values["status"])
    if values.get("mode") is not None:
        values["mode"] = Mode(values["mode"])
    if "facts" in values:
        values["facts"], unreadable = fact_values.read_all(values["facts"])
        if unreadable:
            values["problems"] = (*values.get("problems", ()), *unreadable)
    if "problems" in values:
        values["problems"] = tuple(values["problems"])
    return kind(**values)


def _link_status(word: str) -> LinkStatus:
    """Return the status called `word`. One that another version wrote counts as a link that can be paid."""
    return LinkStatus(word) if word in _LINK_WORDS else LinkStatus.CREATED


_LINK_WORDS: Final = frozenset(LinkStatus)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no link."""

    reason: str
    """The provider's words, or a reason of ours that flows know."""
    again: bool = True
    """Whether another try may make a link; False if the provider would refuse it again."""


def answered(attempt: Attempt, result: LinkCreated | LinkWithdrawn) -> tuple[Attempt, tuple[Fact, ...]]:
    """Return the attempt after `result`, and the fact of its link's end, if it has ended."""
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
    """Return whether a link can still be paid whose attempt was withdrawn while the link was being made.

    The call that should have cancelled it may have come before the provider's look-up knew the link.
    """
    if isinstance(result, LinkWithdrawn):
        return attempt.payable and _unseen(attempt, result)
    return result.status not in LINK_STATUSES and attempt.status is not AttemptStatus.CREATED


def _unseen(attempt: Attempt, result: LinkWithdrawn) -> bool:
    """Return whether the provider found no link by this reference id, although it has made one."""
    return attempt.link_id is not None and result.link_id is None


def _fact(attempt: Attempt, ended: AttemptStatus | None) -> tuple[Fact, ...]:
    """Return the fact of a link's end, as its webhook would tell it. A link that was never made has none."""
    if ended is None or attempt.link_id is None:
        return ()
    paid = attempt.amount if ended is AttemptStatus.PAID else 0
    return (
        Fact(
            attempt.order_key,
            EntityType.PAYMENT_LINK,
            attempt.link_id,
            link_ends.STATES[ended],
            paid,
            attempt.currency,
            0,
        ),
    )
