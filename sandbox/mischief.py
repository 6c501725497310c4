"""What goes wrong with webhooks on their way to the bot: by chance, and on command."""

import random
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias, TypeVar

from sandbox.ladders import Provider

T = TypeVar("T")

Fate: TypeAlias = tuple[int, ...]
"""The copies of an event that are delivered, each by how many milliseconds it is late; none: it is lost."""

LOST: Final[Fate] = ()


@dataclass(frozen=True, slots=True)
class Mischief:
    """How often deliveries go wrong. Raises ValueError for a chance outside 0 to 1 or a delay below 1 ms."""

    lose: float = 0.0
    """Chance that an event never comes, although its provider takes it for delivered."""
    duplicate: float = 0.0
    """Chance that it comes twice."""
    delay: float = 0.0
    """Chance of each copy to be late, and so to be overtaken."""
    reorder: float = 0.0
    """Chance that events emitted together come in another order."""
    most_delay_ms: int = 60_000
    """How late one can be, in the sandbox's clock."""
    seed: int = 0
    """The same events with the same seed have the same fate."""

    def __post_init__(self) -> None:
        for name in ("lose", "duplicate", "delay", "reorder"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} is a chance from 0 to 1, not {getattr(self, name)}")
        if self.most_delay_ms < 1:
            raise ValueError(f"most_delay_ms is at least 1, not {self.most_delay_ms}")


class Trickster:
    """Decides what becomes of each event. Each provider has dice of its own: neither disturbs the other."""

    def __init__(self, mischief: Mischief) -> None:
        self.mischief = mischief
        self._ordered: defaultdict[Provider, deque[Fate]] = defaultdict(deque)
        self._dice: dict[Provider, random.Random] = {}
        self.plan(mischief)

    def plan(self, mischief: Mischief) -> None:
        """Go by these chances from now on, with fresh dice. Orders for the next events stay."""
        self.mischief = mischief
        providers: tuple[Provider, ...] = ("meta", "razorpay")
        self._dice = {
            provider: random.Random(f"{mischief.seed} {provider}")  # noqa: S311 - repeatable on purpose
            for provider in providers
        }

    def order(self, provider: Provider, fate: Fate, count: int) -> None:
        """Let the next `count` events that have no orders yet have this fate. ValueError if `count` < 1."""
        if count < 1:
            raise ValueError(f"the count is at least 1, not {count}")
        self._ordered[provider].extend([fate] * count)

    def fate(self, provider: Provider) -> Fate:
        """What becomes of the provider's next event."""
        if self._ordered[provider]:
            return self._ordered[provider].popleft()
        dice, chances = self._dice[provider], self.mischief
        if dice.random() < chances.lose:
            return LOST
        copies = 2 if dice.random() < chances.duplicate else 1
        return tuple(self._lateness(dice) for _ in range(copies))

    def arranged(self, provider: Provider, events: Iterable[T]) -> list[T]:
        """Events emitted together, in the order in which they set out."""
        arranged, dice = list(events), self._dice[provider]
        if dice.random() < self.mischief.reorder:
            dice.shuffle(arranged)
        return arranged

    def _lateness(self, dice: random.Random) -> int:
        late = dice.random() < self.mischief.delay
        return dice.randint(1, self.mischief.most_delay_ms) if late else 0
