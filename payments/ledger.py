"""The ledger: facts in, verdict out.

`verdict` is a pure fold that is commutative and idempotent: facts may come in any order and any
number of times. Times play no part in it; states are ranked instead.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import Final

from payments.facts import Fact


class Verdict(StrEnum):
    """What the facts about one order add up to."""

    UNPAID = "unpaid"
    AUTHORISED = "authorised"
    """The bank said yes, the money is not ours yet."""
    SHORT = "short"
    """Captured, but less than the order's total."""
    PAID = "paid"
    OVERPAID = "overpaid"
    """Captured more than the total; the order is paid, the surplus waits for a person."""
    UNKNOWN = "unknown"
    """Captured in another currency; waits for a person."""

    @property
    def settled(self) -> bool:
        """True once the whole total has been captured."""
        return self in (Verdict.PAID, Verdict.OVERPAID)


FOR_A_PERSON: Final = frozenset({Verdict.SHORT, Verdict.OVERPAID, Verdict.UNKNOWN})
"""Verdicts that a person must look at: money came that does not fit the order."""


def captured(facts: Iterable[Fact], currency: str) -> int:
    """Paise captured in `currency`, each payment counted once."""
    payments: dict[str, int] = {}
    for fact in facts:
        if _is_capture(fact) and fact.currency == currency:
            # The larger, should two sources ever differ: an order of arrival must not decide.
            payments[fact.entity_id] = max(fact.amount, payments.get(fact.entity_id, 0))
    return sum(payments.values())


def verdict(total: int, currency: str, facts: Iterable[Fact]) -> Verdict:
    """What `facts` add up to for an order of `total` paise."""
    facts = tuple(facts)
    sum_captured = captured(facts, currency)
    foreign = any(_is_capture(f) and f.currency != currency for f in facts)
    # Sums first, and they only grow: an order that is settled never falls back.
    if sum_captured >= total:
        return Verdict.OVERPAID if foreign or sum_captured > total else Verdict.PAID
    if foreign:
        return Verdict.UNKNOWN
    if sum_captured > 0:
        return Verdict.SHORT
    if any(f.entity == "payment" and f.state == "authorized" for f in facts):
        return Verdict.AUTHORISED
    return Verdict.UNPAID


def _is_capture(fact: Fact) -> bool:
    return fact.entity == "payment" and fact.state == "captured"
