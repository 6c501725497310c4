"""Waiting facts about money: success told once, whatever the order and however often they come."""

from collections.abc import Iterable
from itertools import permutations
from typing import Any

import pytest

from payments.case import Kind, Outcome
from payments.ledger import Verdict
from payments.orders import AttemptStatus
from tests.payments.waiting import Body, Store, facts, payment, success


def cases(order: Iterable[tuple[Kind, Body]], in_one: bool) -> list[list[tuple[Kind, Body]]]:
    doubled = [arrival for arrival in order for _ in range(2)]
    return [doubled] if in_one else [[arrival] for arrival in doubled]


@pytest.mark.parametrize("in_one", [True, False], ids=["in one case", "in eight cases"])
@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_the_four_success_events_in_any_order_and_twice_tell_once(
    store: Store, order: tuple[int, ...], in_one: bool
) -> None:
    key = store.order_with_link()
    four = success(key)
    verdicts: list[Verdict] = []
    for case in cases((four[i] for i in order), in_one):
        verdicts += store.take(*case).verdicts.values()
        assert Outcome.PARKED not in store.outcomes
    assert store.said.count("payment_successful") == 1
    assert verdicts.count(Verdict.PAID) == 1
    assert store.orders[key].verdict is Verdict.PAID
    assert len(store.orders[key].facts) == len({fact.identity for fact in store.orders[key].facts}) == 4
    assert store.status(key) is AttemptStatus.PAID
    assert store.conversation.state == "paid"
    assert store.conversation.data["order"]["status"] == "paid"
    assert store.conversation.data["cart"] == []


def test_a_repeated_fact_is_ignored(store: Store) -> None:
    key = store.order_with_link()
    store.take(facts(payment(key, "failed")), facts(payment(key, "failed")))
    assert store.outcomes == [Outcome.APPLIED, Outcome.IGNORED]
    assert store.said.count("payment_failed") == 1
    assert len(store.last.facts) == 1


@pytest.mark.parametrize("states", [("captured", "failed"), ("failed", "captured")])
def test_a_payment_that_failed_and_was_captured_is_captured(store: Store, states: tuple[str, str]) -> None:
    key = store.order_with_link()
    for state in states:
        store.take(facts(payment(key, state)))
    assert store.said.count("payment_successful") == 1
    assert store.said.count("payment_failed") == (1 if states[0] == "failed" else 0)
    assert store.said[-1] == "payment_successful"
    assert store.conversation.state == "paid"


@pytest.mark.parametrize(
    ("fact", "verdict", "said"),
    [
        ({"amount": 17_999}, Verdict.SHORT, "payment_held"),
        ({"currency": "USD"}, Verdict.UNKNOWN, "payment_held"),
        ({"amount": 18_001}, Verdict.OVERPAID, "payment_successful"),
    ],
)
def test_money_that_does_not_fit(store: Store, fact: dict[str, Any], verdict: Verdict, said: str) -> None:
    key = store.order_with_link()
    store.take(facts(payment(key, "captured", **fact)))
    assert store.last.verdicts == {key: verdict}
    assert store.said[-1] == said
    assert store.conversation.data["order"]["status"] == ("paid" if verdict.settled else "held")


def test_short_and_then_the_rest_is_success(store: Store) -> None:
    key = store.order_with_link()
    store.take(facts(payment(key, "captured", 8_000)), facts(payment(key, "captured", 10_000, "pay_2")))
    assert store.said[-2:] == ["payment_held", "payment_successful"]
    assert store.last.verdicts == {key: Verdict.PAID}
    store.take(facts(payment(key, "captured", 5, "pay_3")))
    assert store.last.verdicts == {key: Verdict.OVERPAID}
    assert store.said.count("payment_successful") == 1
