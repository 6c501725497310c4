"""Whether a payment may count for the order it names: a valid signature is not yet permission. Pure."""

from collections.abc import Iterable
from dataclasses import replace

from payments.case import OrderState
from payments.facts import Fact
from payments.ledger import MISFIT
from payments.orders import Attempt


def judged(
    facts: Iterable[Fact], state: OrderState, *, ours: str | None, account: str | None, mode: str | None
) -> list[Fact]:
    """`facts`, those of payments that do not fit marked with the reason.

    `ours` is Razorpay's id of our account, `account` the one that the event names, `mode` (`test` or
    `live`) that of the keys in use. None where nobody said: that is no reason to doubt.
    """
    return [_marked(fact, _misfit(fact, state, ours, account, mode)) for fact in facts]


def known_account(facts: Iterable[Fact], state: OrderState, account: str | None) -> str | None:
    """`account`, if the event that names it also names a link that only our own keys can have made."""
    made = {attempt.link_id for attempt in state.attempts if attempt.link_id}
    named = any(fact.entity == "payment" and fact.detail.get("link") in made for fact in facts)
    return account if named else None


def _marked(fact: Fact, reason: str) -> Fact:
    return replace(fact, detail={**fact.detail, MISFIT: reason}) if reason else fact


def _misfit(fact: Fact, state: OrderState, ours: str | None, account: str | None, mode: str | None) -> str:
    if fact.entity != "payment" or fact.state not in ("authorized", "captured"):
        return ""
    if ours and account and account != ours:
        return "paid into another Razorpay account"
    made = _made(fact, state.attempts)
    if made is None:
        return "paid on a link that Munshi did not make"
    if mode and made.mode and made.mode != mode:
        return f"paid in {made.mode} mode"
    return ""


def _made(fact: Fact, attempts: Iterable[Attempt]) -> Attempt | None:
    """The attempt that `fact` is a payment of; one whose link is not known yet may be any."""
    attempts = tuple(attempts)
    link = fact.detail.get("link")
    named = [attempt for attempt in attempts if link and attempt.link_id == link]
    maybe = [attempt for attempt in attempts if not link or (attempt.link_id is None and attempt.payable)]
    return next(iter((*named, *maybe)), None)
