"""Check whether a payment may count for the order it names: a valid signature is not enough. Pure.

The id of its link ties a payment to our account and mode: only our own keys can have made that link.
A payment that names no link, or a link that we do not know yet, waits until a look-up with our own keys
finds it.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import assert_never

from payments.ledger.facts import EntityType, Fact, FactState
from payments.ledger.holds import Mismatch
from payments.ledger.state import OrderState
from payments.shop.orders import Attempt, AttemptStatus, Mode


def judged(
    facts: Iterable[Fact], state: OrderState, *, ours: str | None, account: str | None, mode: Mode | None
) -> list[Fact]:
    """Return `facts`, with the mismatch marked on each payment that does not fit.

    `ours` is Razorpay's id of our account, `account` the one that the event names, `mode` that of the keys in
    use. Where one of them is unknown (None), it is no mismatch.
    """
    return [_marked(fact, _mismatch(fact, state, ours, account, mode)) for fact in facts]


def may_have_taken(fact: Fact, attempts: Iterable[Attempt]) -> tuple[Attempt, ...]:
    """Return the attempts on whose links the payment in `fact` may have been made."""
    requested = [attempt for attempt in attempts if attempt.status is not AttemptStatus.PLANNED]
    link = fact.detail.link
    if not link:
        return tuple(requested)
    linked = [attempt for attempt in requested if attempt.link_id == link]
    return tuple(linked or [attempt for attempt in requested if attempt.link_id is None])


def known_account(facts: Iterable[Fact], state: OrderState, account: str | None) -> str | None:
    """Return `account` if its event also names a link that only our own keys can have made, else None."""
    own_links = {attempt.link_id for attempt in state.attempts if attempt.link_id}
    names_own_link = any(
        fact.entity is EntityType.PAYMENT and fact.detail.link in own_links for fact in facts
    )
    return account if names_own_link else None


def _marked(fact: Fact, mismatch: Mismatch | None) -> Fact:
    return replace(fact, detail=replace(fact.detail, mismatch=mismatch)) if mismatch else fact


def _mismatch(
    fact: Fact, state: OrderState, ours: str | None, account: str | None, mode: Mode | None
) -> Mismatch | None:
    if fact.entity is not EntityType.PAYMENT or fact.state not in (FactState.AUTHORIZED, FactState.CAPTURED):
        return None
    if ours and account and account != ours:
        return Mismatch.ACCOUNT
    attempts = may_have_taken(fact, state.attempts)
    if not attempts:
        return Mismatch.LINK
    if attempts[0].link_id is None or attempts[0].link_id != fact.detail.link:
        return Mismatch.UNVERIFIED
    return _mode_mismatch(attempts[0].mode, mode)


def _mode_mismatch(link: Mode | None, keys: Mode | None) -> Mismatch | None:
    if link is keys or keys is None:
        return None
    match link:
        case None:
            return None
        case Mode.TEST:
            return Mismatch.TEST_MODE
        case Mode.LIVE:
            return Mismatch.LIVE_MODE
        case _:
            assert_never(link)
