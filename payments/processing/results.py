"""What the answer to a call says of an attempt or a refund. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from payments.ledger.facts import Fact
from payments.shop.orders import LINK_STATUSES, Attempt, AttemptStatus, moved

CREATED: Final = "payment_link.created"
REFUSED: Final = "payment_link.refused"
"""There is no link: `reason` says why, and `again` whether another try may bring one."""
WITHDRAWN: Final = "payment_link.withdrawn"
"""A link was cancelled, or had ended by itself; `status` says how."""
KEPT: Final = "payment_link.kept"
"""Razorpay would not cancel a link, and did not say that it is over: it can still be paid."""
FOUND: Final = "payment_link.found"
"""Lost books made a link for an order that these have: `facts` says how it stands."""
FETCHED: Final = "payments.fetched"
"""How a link stands, with its payments and refunds: `facts` holds them."""
REFUNDED: Final = "payment.refunded"
"""Razorpay took a refund on; `facts` says how it stands."""
REFUND_REFUSED: Final = "payment.refund_refused"
"""Razorpay will not make the refund `key`."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no link."""

    reason: str
    """Razorpay's words, or a reason of ours that flows know."""
    again: bool = True
    """Whether another try may bring a link; False where Razorpay will say the same once more."""


def answered(attempt: Attempt, name: str, fields: Mapping[str, Any]) -> tuple[Attempt, tuple[Fact, ...]]:
    """The attempt after the answer `name`, and what the answer says of its link.

    Raises KeyError if `name` is not an answer that a call about a link gives.
    """
    if name == REFUSED:
        return moved(attempt, AttemptStatus.REFUSED), ()
    if name == CREATED:
        attempt = replace(
            attempt, link_id=fields["link_id"], short_url=fields["short_url"], mode=fields.get("mode")
        )
        attempt = moved(attempt, AttemptStatus.CREATED)
    elif name == WITHDRAWN and _unseen(attempt, fields):
        return attempt, ()
    elif name == WITHDRAWN:
        attempt = replace(attempt, link_id=attempt.link_id or fields.get("link_id"))
    else:
        raise KeyError(f"unknown answer {name!r}")
    ended = LINK_STATUSES.get(fields["status"])
    return moved(attempt, ended or attempt.status), _fact(attempt, ended)


def unwanted(attempt: Attempt, name: str, fields: Mapping[str, Any]) -> bool:
    """Whether the answer leaves a payable link to an attempt that was withdrawn while it was being made.

    The cancelling that was asked for then may have come before Razorpay's look-up knew the link.
    """
    if name == WITHDRAWN:
        return attempt.payable and _unseen(attempt, fields)
    payable = name == CREATED and fields["status"] not in LINK_STATUSES
    return payable and attempt.status is not AttemptStatus.CREATED


def _unseen(attempt: Attempt, fields: Mapping[str, Any]) -> bool:
    """Whether Razorpay knew of no link by the reference id of one that it has made."""
    return attempt.link_id is not None and fields.get("link_id") is None


def _fact(attempt: Attempt, ended: AttemptStatus | None) -> tuple[Fact, ...]:
    """The end of a link, as its webhook would tell it; of one that was never made, there is none."""
    if ended is None or attempt.link_id is None:
        return ()
    paid = attempt.amount if ended is AttemptStatus.PAID else 0
    return (Fact(attempt.order_key, "payment_link", attempt.link_id, str(ended), paid, attempt.currency, 0),)
