"""Whether a payment may count for the order it names: a valid signature is not yet permission. Pure.

What ties a payment to our account and mode is the id of its link: only our own keys can have made that.
So one that names no link, or one of which we know nothing yet, waits until our own keys see it.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from payments.ledger.balance import MISMATCH
from payments.ledger.facts import Fact
from payments.ledger.state import OrderState
from payments.shop.orders import Attempt, AttemptStatus

UNVERIFIED: Final = "not seen by our own keys yet"
"""Why a payment does not count that may be of a link of ours: Razorpay is asked."""


def judged(
    facts: Iterable[Fact], state: OrderState, *, ours: str | None, account: str | None, mode: str | None
) -> list[Fact]:
    """`facts`, those of payments that do not fit marked with the reason.

    `ours` is Razorpay's id of our account, `account` the one that the event names, `mode` (`test` or
    `live`) that of the keys in use. None where nobody said: that is no reason to doubt.
    """
    return [_marked(fact, _mismatch(fact, state, ours, account, mode)) for fact in facts]


def may_have_taken(fact: Fact, attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """The attempts over whose links the payment may have come that `fact` tells of."""
    asked = [attempt for attempt in attempts if attempt.status is not AttemptStatus.PLANNED]
    link = fact.detail.get("link")
    if not link:
        return tuple(asked)
    named = [attempt for attempt in asked if attempt.link_id == link]
    return tuple(named or [attempt for attempt in asked if attempt.link_id is None])


def known_account(facts: Iterable[Fact], state: OrderState, account: str | None) -> str | None:
    """`account`, if the event that names it also names a link that only our own keys can have made."""
    made = {attempt.link_id for attempt in state.attempts if attempt.link_id}
    named = any(fact.entity == "payment" and fact.detail.get("link") in made for fact in facts)
    return account if named else None


def _marked(fact: Fact, reason: str) -> Fact:
    return replace(fact, detail={**fact.detail, MISMATCH: reason}) if reason else fact


def _mismatch(fact: Fact, state: OrderState, ours: str | None, account: str | None, mode: str | None) -> str:
    if fact.entity != "payment" or fact.state not in ("authorized", "captured"):
        return ""
    if ours and account and account != ours:
        return "paid into another Razorpay account"
    found = may_have_taken(fact, state.attempts)
    if not found:
        return "paid on a link that Munshi did not make"
    if found[0].link_id is None or found[0].link_id != fact.detail.get("link"):
        return UNVERIFIED
    made = found[0].mode
    return f"paid in {made} mode" if mode and made and made != mode else ""
