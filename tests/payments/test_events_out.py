"""What other programs hear of an order's money: each payment once, when it counts."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger.facts import Fact
from payments.ledger.holds import Mismatch
from payments.processing.events_out import EventType, of_orders
from tests.builders import captured, order_state, payment, refunded

FACTS = (
    captured(id="pay_1"),
    captured(id="pay_2", on_top=7),
    captured(id="pay_3", mismatch=Mismatch.UNVERIFIED),
    payment("confirmed", id="pay_3"),
    captured(id="pay_4", mismatch=Mismatch.ACCOUNT),
    captured(id="pay_5", currency="USD"),
    payment("confirmed", id="pay_6"),
    payment("authorized", id="pay_6"),
    refunded("processed", of="pay_4"),
)


def told(steps: Sequence[Sequence[Fact]]) -> list[tuple[str, str, int]]:
    """Return what is told of payments and refunds: (type, id, amount)."""
    state, found = order_state(), []
    for facts in steps:
        after = state.with_facts(facts)
        events = of_orders({state.key: state}, {state.key: after})
        money = [(one.type, one.more.get("payment") or one.more.get("refund")) for one in events]
        found += [(str(type), one["id"], one["amount"]) for type, one in money if one]
        state = after
    return found


@given(st.permutations(FACTS), st.sets(st.integers(0, len(FACTS))))
def test_a_payment_is_told_once_when_it_counts(facts: list[Fact], cuts: set[int]) -> None:
    """In whatever order and in whatever steps it becomes known."""
    at = sorted({0, *cuts, len(facts)})
    steps = [facts[a:b] for a, b in pairwise(at)]
    total = FACTS[0].amount
    paid = [one for one in told(steps) if one[0] == EventType.CAPTURED]
    assert sorted(id for _, id, _ in paid) == ["pay_1", "pay_2", "pay_3"]
    assert {amount for _, _, amount in paid} == {total}, "with the fee that the payer bore"


@pytest.mark.parametrize("why", list(Mismatch))
def test_held_money_is_not_told_until_it_is_confirmed(why: Mismatch) -> None:
    held = captured(mismatch=why)
    assert told([[held]]) == []
    confirmed = replace(payment("confirmed"), amount=held.amount)
    assert [one[:2] for one in told([[held], [confirmed], [refunded("processed")]])] == [
        (EventType.CAPTURED, "pay_1"),
        (EventType.REFUNDED, "rfnd_1"),
    ]
