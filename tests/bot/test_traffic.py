"""Circuits and the sending rate, by the providers' answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.notices import halted
from bot.retry import Failure
from bot.workers.circuit_breaker import PROBE, Circuit
from bot.workers.throughput import HIGHEST, LOWEST, Throughput
from bot.workers.traffic import Traffic
from storage.database.queues import Lane

NOW = 1_790_000_000_000


def opened() -> Circuit:
    circuit = Circuit()
    circuit.record_halt(NOW)
    return circuit


def test_closed_everything_goes() -> None:
    circuit = Circuit()
    circuit.record_claim(NOW)
    assert not circuit.is_open
    assert circuit.room(256, NOW) == 256


def test_open_one_goes_in_thirty_seconds() -> None:
    circuit = opened()
    left = []
    for now in range(NOW, NOW + 5 * PROBE, 200):
        if circuit.room(256, now):
            assert circuit.room(256, now) == 1
            circuit.record_claim(now)
            left.append(now - NOW)
            circuit.record_halt(now + 100)
    assert left == [PROBE, 2 * PROBE + 200, 3 * PROBE + 400, 4 * PROBE + 600]


def test_a_probe_that_hangs_is_followed_by_another() -> None:
    circuit = opened()
    circuit.record_claim(NOW + PROBE)
    assert circuit.room(9, NOW + 2 * PROBE - 1) == 0
    assert circuit.room(9, NOW + 2 * PROBE) == 1


def test_a_probe_that_never_went_out_is_made_at_once() -> None:
    circuit = opened()
    circuit.record_claim(NOW + PROBE)
    circuit.record_unsent(NOW + PROBE + 1)
    assert circuit.room(9, NOW + PROBE + 1) == 1


def test_what_went_out_before_says_nothing() -> None:
    circuit = opened()
    assert not circuit.record_answer(NOW)
    assert circuit.is_open
    assert circuit.record_answer(NOW + PROBE)
    assert circuit.room(9, NOW + PROBE) == 9
    assert not circuit.record_answer(NOW + PROBE), "told once"


@pytest.mark.parametrize("failure", list(Failure))
def test_which_failures_say_that_the_account_is_good(failure: Failure) -> None:
    traffic = Traffic()
    traffic.record_failure(Lane.CHAT, Failure.HALT, NOW, NOW)
    closes = traffic.record_failure(Lane.CHAT, failure, NOW + PROBE, NOW + PROBE)
    assert closes is (failure in (Failure.PERMANENT, Failure.PAIR_RATE, Failure.THROTTLED))
    assert traffic.circuits[Lane.CHAT].is_open is not closes


def test_one_account_is_not_the_other() -> None:
    traffic = Traffic()
    traffic.record_failure(Lane.POLL, Failure.HALT, NOW, NOW)
    assert [traffic.room(lane, 2, NOW) for lane in (Lane.CHAT, Lane.PAY, Lane.POLL)] == [2, 0, 0]
    traffic.record_claim(Lane.PAY, 1, NOW + PROBE)
    assert traffic.room(Lane.POLL, 2, NOW + PROBE) == 0, "they share the probe"
    assert traffic.record_success(Lane.PAY, NOW + PROBE)
    assert traffic.room(Lane.POLL, 2, NOW + PROBE) == 2
    assert halted(Lane.PAY, "x") == halted(Lane.POLL, "x")
    assert halted(Lane.CHAT, "x").subject == "whatsapp"
    assert "WHATSAPP_ACCESS_TOKEN" in halted(Lane.CHAT, "x").said


def test_no_limit_until_there_is_one() -> None:
    traffic = Traffic()
    for second in range(60):
        traffic.record_claim(Lane.CHAT, 10_000, NOW + second * 1000)
        assert traffic.room(Lane.CHAT, 10_000, NOW + second * 1000) == 10_000
    traffic.record_failure(Lane.PAY, Failure.THROTTLED, NOW, NOW)
    assert traffic.throughput.rate is None


def sent(throughput: Throughput, seconds: float, start: int, allowed: float = float("inf")) -> int:
    """Messages that leave in so many seconds, polled every 0.2 s; the number may send `allowed` a second."""
    count, budget = 0, 0.0
    for now in range(start, start + int(seconds * 1000), 200):
        budget = min(allowed, budget + allowed * 0.2)
        leaving = throughput.room(256, now)
        throughput.record_claim(leaving)
        count += leaving
        budget -= leaving
        if budget < 0:
            budget = 0.0
            throughput.record_throttle(now, now + 50)
    return count


@pytest.mark.parametrize("allowed", [20, 80, 400])
def test_it_finds_what_a_number_may_send(allowed: int) -> None:
    throughput = Throughput()
    throughput.record_throttle(NOW, NOW)
    sent(throughput, 20, NOW, allowed)
    assert 0.4 * allowed <= sent(throughput, 60, NOW + 20_000, allowed) / 60 <= 1.1 * allowed


def test_what_left_is_counted() -> None:
    throughput = Throughput()
    throughput.record_throttle(NOW, NOW)
    throughput.record_claim(throughput.room(500, NOW + 1000))
    assert throughput.room(500, NOW + 1000) == 0
    assert throughput.room(500, NOW + 1100) == pytest.approx(50, abs=8)


def test_it_grows_until_there_is_no_limit_again() -> None:
    throughput = Throughput()
    for n in range(20):
        throughput.record_throttle(NOW + n, NOW + n)
    assert throughput.rate is not None
    slow = throughput.rate
    assert LOWEST <= slow <= 2
    sent(throughput, 30, NOW + 1000)
    assert 10 * slow < throughput.rate < HIGHEST
    sent(throughput, 60, NOW + 31_000)
    assert throughput.rate is None


def test_refusals_of_one_volley_slow_it_once() -> None:
    throughput = Throughput()
    for n in range(500):
        throughput.record_throttle(NOW - 1000 + n, NOW + n)
    assert throughput.rate == HIGHEST / 2
    throughput.record_throttle(NOW + 501, NOW + 600)
    assert throughput.rate == HIGHEST / 4


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(1, 300), st.booleans()), max_size=50))
def test_it_never_stops_and_never_bursts(turns: list[tuple[int, int, bool]]) -> None:
    throughput, now = Throughput(), NOW
    throughput.record_throttle(now, now)
    for pause, wanted, refused in turns:
        now += pause
        room = throughput.room(wanted, now)
        assert 0 <= room <= wanted
        if throughput.rate is not None:
            assert room <= max(1, throughput.rate / 4)
        throughput.record_claim(room)
        if refused:
            throughput.record_throttle(now, now + 1)
    assert throughput.room(1, now + 1500) == 1
