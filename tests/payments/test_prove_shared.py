"""Answers that standings share are those that the real step gives in each of them."""

import re
from itertools import islice
from time import process_time
from typing import Any, Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.document.shape import TRIGGER
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger.state import OrderState
from payments.processing.actions import SHOP
from payments.prover import munshi as munshis
from payments.prover.customer import Customer
from payments.prover.munshi import Munshi
from payments.prover.prove import prove
from payments.prover.reads import Reads
from payments.prover.slices import ANY, Slice
from payments.prover.standing import ASKED
from payments.prover.timers import QUIET, Running, Timer
from payments.shop.orders import Order
from tests.payments.planted_flows import SHIPPED

EACH: Final = 23
"""Every so many answers are compared: all of them take minutes."""


def shipped() -> Flow:
    return load(SHIPPED, "flows.yaml", SHOP, limits=LIMITS)


def answered(munshi: Munshi, standing: int, event: munshis.Event) -> tuple[object, ...]:
    answer = munshi.answer(standing, event)
    effect = munshi.effects.values[answer.effect]
    after = munshi.standings.values[answer.standing]
    orders = [repr(after.orders[key]) for key in sorted(after.orders)]
    heard = (effect.calls, effect.spoke, effect.shows, effect.without_template)
    return (repr(after.conversation), orders, after.rest_key, heard, answer.broken)


@pytest.mark.parametrize("story", ["paid in part", "links kept"])
def test_a_shared_answer_is_the_answer_of_the_real_step(story: str, monkeypatch: pytest.MonkeyPatch) -> None:
    flow = shipped()
    shared = prove(flow, seconds=100, clock=process_time, only=lambda part: part.name == story).munshi
    customer = Customer(shared.flow, shared.standings, Slice("everything", ANY))
    asked = [
        (number, event)
        for number in range(len(shared.standings))
        for event in customer.doings(number)
    ]  # fmt: skip
    chosen = list(islice(asked, 0, None, EACH))
    answers = [answered(shared, number, event) for number, event in chosen]

    monkeypatch.setattr(munshis, "_SHARED", frozenset())
    alone = Munshi(flow)
    numbers = [alone.number(standing) for standing in shared.standings.values]
    for (number, event), answer in zip(chosen, answers, strict=True):
        assert answered(alone, numbers[number], event) == answer, event.key
    assert alone.steps == len(chosen) > 2 * shared.steps / EACH, "answers are shared"


def test_no_state_can_be_called_as_a_clock_of_the_search() -> None:
    running = Running(kept=frozenset({"asked", "quiet"}))
    assert not any(running.keeps(Timer(5, "", name)) for name in (ASKED, QUIET))
    assert not any(re.fullmatch(TRIGGER, name) for name in (ASKED, QUIET))


def test_reads_of_an_order_are_noted_from_the_outside_only() -> None:
    order = Order("sim-1-1", "10001", "sim-1", (), 18000, "INR", 0, 1)
    reads = Reads()
    noted = reads.noting({order.key: OrderState(order)})[order.key]
    assert noted.status == "unpaid"
    assert not noted.attempts
    assert list(reads.found) == [("sim-1-1", "status"), ("sim-1-1", "attempts")]
    plain: Any = reads.plain(noted)
    assert type(plain) is OrderState
    assert plain == OrderState(order)
