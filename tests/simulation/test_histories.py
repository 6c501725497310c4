"""Thousands of hostile histories: nothing is lost, nothing is doubled, and each rare state is reached."""

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.simulation.history import History, crowd, play

PEOPLE = 50
"""Histories that share one world, with its stock and its faults."""
WORLDS = int(os.environ.get("MUNSHI_HISTORIES", "2000")) // PEOPLE
SHARDS = 2
FIRST = int(os.environ.get("MUNSHI_SEED", "1"))

RARE: dict[str, float] = {
    "crash": 3,
    "crash before send": 1,
    "crash after send": 1,
    "send: accepted, and the answer lost": 3,
    "create: done, and the answer lost": 2,
    "refund: done, and the answer lost": 1,
    "a lost link was looked up and found": 3,
    "a link to be cancelled was paid": 3,
    "a link to be cancelled was expired": 1,
    "captured after the link was cancelled": 1,
    "captured after the link was expired": 1,
    "late authorisation after expiry": 1,
    "a cancelling was refused in unknown words": 3,
    "404, and not from Razorpay": 3,
    "the earlier order was paid while a later one waited": 1,
    "the earlier link was kept while another waited": 3,
    "a second authorised payment went back by itself": 3,
    "a refund was asked for again": 1,
    "an operator refunded in the dashboard": 1,
    "a send met an expired token": 1,
    "a free-form message met a closed window": 1,
    "payment.captured named no link": 3,
    "a message was accepted, and bounced": 10,
    "a message was accepted, and failed for good": 3,
    "authorised, and never captured": 1,
    "the payer bore the fee": 3,
    "a link was refused for good": 3,
    "a customer was known by an id alone": 3,
    "a customer changed numbers": 3,
    "two conversations were joined": 3,
    "a stray link was cancelled": 1,
    "money on a stray link was settled": 0.5,
    "a lost link of a known order was taken over": 0.5,
    "hung up: message": 3,
    "hung up: payment.captured": 1,
    "lost: payment.captured": 3,
    "lost: payment_link.expired": 1,
    "duplicated: payment.captured": 3,
    "delayed: payment.captured": 3,
    "duplicated: message": 3,
    "delayed: message": 3,
    "a step was compared with the store in memory": 5_000,
}
"""Rare state → how often each shard must reach it, per thousand histories."""


def report(history: History) -> str:
    """Return how to repeat a failed history, its violations and its chronicle."""
    lines = (f"seed {history.seed}: MUNSHI_SEED={history.seed} make simulate N={PEOPLE}", *history.violations)
    return "\n".join((*lines, "", *history.chronicle))


pytestmark = pytest.mark.usefixtures("quiet")


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_hostile_history_ends_right(shard: int, directory: Path) -> None:
    seen: Counter[str] = Counter()
    seeds = range(FIRST + shard, FIRST + WORLDS, SHARDS)
    for seed in seeds:
        history = play(seed, directory, crowd(PEOPLE))
        assert not history.violations, report(history)
        seen += history.seen
    histories = len(seeds) * PEOPLE
    if histories >= 1_000:
        too_rare = {state: n for state, n in RARE.items() if seen[state] < n * histories // 1_000}
        assert not too_rare, f"not reached often enough in {histories} histories: {too_rare}, of {seen}"


@pytest.mark.parametrize("seed", [3, 5, 8])
def test_a_seed_plays_the_same_history_again(seed: int, directory: Path) -> None:
    first, again = (play(seed, directory, crowd(8)) for _ in range(2))
    assert first.digest == again.digest
    assert first.digest != play(seed + 100, directory, crowd(8)).digest
