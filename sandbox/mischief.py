"""Delivery failures of webhooks: by chance, and on command."""

import random
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from sandbox.ladders import Provider

T = TypeVar("T")

Fate: TypeAlias = tuple[int, ...]
"""The delay in milliseconds of each delivered copy of an event; empty: the event is lost."""

LOST: Final[Fate] = ()


@dataclass(frozen=True, slots=True)
class Mischief:
    """Chances of delivery failures. Raises ValueError for a chance outside 0 to 1 or a delay below 1 ms."""

    lose: float = 0.0
    """Chance that an event is never delivered, although its provider takes it for delivered."""
    duplicate: float = 0.0
    """Chance that an event is delivered twice."""
    delay: float = 0.0
    """Chance of each copy to be late, so that later events may overtake it."""
    reorder: float = 0.0
    """Chance that events emitted together are delivered in another order."""
    most_delay_ms: int = 60_000
    """The longest delay, in milliseconds of the sandbox's clock."""
    seed: int = 0
    """The same events with the same seed have the same fate."""

    def __post_init__(self) -> None:
        for name in ("lose", "duplicate", "delay", "reorder"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a chance from 0 to 1, not {getattr(self, name)}")
        if self.most_delay_ms < 1:
            raise ValueError(f"most_delay_ms is at least 1, not {self.most_delay_ms}")


class Trickster:
    """Decides the fate of each event. Each provider has its own random source, independent of the others."""

    def __init__(self, mischief: Mischief) -> None:
        self.mischief = mischief
        self._ordered: defaultdict[Provider, deque[Fate]] = defaultdict(deque)
        self._dice: dict[Provider, random.Random] = {}
        self.plan(mischief)

    def plan(self, mischief: Mischief) -> None:
        """Use these chances from now on, with reseeded random sources. Fates that `order` queued stay."""
        self.mischief = mischief
        providers: tuple[Provider, ...] = ("meta", "razorpay", "shopify")
        self._dice = {
            provider: random.Random(f"{mischief.seed} {provider}")  # noqa: S311 - repeatable on purpose
            for provider in providers
        }

    def order(self, provider: Provider, fate: Fate, count: int) -> None:
        """Queue `fate` for `count` events, after those queued before. Raises ValueError if `count` < 1."""
        if count < 1:
            raise ValueError(f"the count is at least 1, not {count}")
        self._ordered[provider].extend([fate] * count)

    def fate(self, provider: Provider) -> Fate:
        """Return the fate of the provider's next event."""
        if self._ordered[provider]:
            return self._ordered[provider].popleft()
        dice, chances = self._dice[provider], self.mischief
        if dice.random() < chances.lose:
            return LOST
        copies = 2 if dice.random() < chances.duplicate else 1
        return tuple(self._delay(dice) for _ in range(copies))

    def arranged(self, provider: Provider, events: Iterable[T]) -> list[T]:
        """Return events that were emitted together in the order of their delivery."""
        arranged, dice = list(events), self._dice[provider]
        if dice.random() < self.mischief.reorder:
            dice.shuffle(arranged)
        return arranged

    def _delay(self, dice: random.Random) -> int:
        is_late = dice.random() < self.mischief.delay
        return dice.randint(1, self.mischief.most_delay_ms) if is_late else 0
