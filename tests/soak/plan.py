"""What a soak does, and for how long."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Database: TypeAlias = Literal["sqlite", "postgres"]

_KILLED_SHARE: Final = 0.4


@dataclass(frozen=True, slots=True)
class Plan:
    """How long, how fast and how rough. Seconds are real ones."""

    database: Database
    seed: int
    seconds: float
    """How long customers come."""
    rate: float | None = None
    """Purchases begun in a second; None: half of what the machine is found to do."""
    pace: int = 1
    """How many times as fast as the machine's the clocks run."""
    calibrate_seconds: float = 20.0
    hold: tuple[float, float] = (8.0, 14.0)
    """Shortest and longest time for which a trouble lasts."""
    notices: float = 60.0
    """How long a full disk may go unnoticed: the log of the database may have room that it uses again."""
    rises: float = 15.0
    """How soon after a trouble the shop must be ready."""
    freeze: tuple[float, float] = (2.0, 12.0)
    """Shortest and longest time for which a process is frozen."""
    calm: tuple[float, float] = (6.0, 15.0)
    """Shortest and longest time between two troubles."""
    kinds: tuple[str, ...] = ()
    """The troubles to play, once each and in this order; empty: all, shuffled, again and again."""
    patience: float = 45.0
    """How long customers wait before they tap again; for a confirmation they wait four times as long."""
    pause: float = 1.5
    """Longest time for which a customer thinks before a tap."""
    crowded: float = 60.0
    """For how many seconds' customers the shop has room. More would tap again and again, and a machine that
    is too busy for them would never get over it."""
    closing: float = 240.0
    """How long customers who are still there may stay, once nobody comes any more; then they leave."""
    settle_seconds: float = 900.0
    """How long all that is left may take, once nobody comes any more."""
    bug: str = ""
    """The planted bug that is to be noticed."""

    @property
    def killing_seconds(self) -> float:
        """How long processes are killed. Later none is, so that one lives long enough to be measured."""
        return self.seconds if self.kinds else self.seconds * _KILLED_SHARE


def long(database: Database, minutes: float, rate: float | None, seed: int) -> Plan:
    """Return the plan of `make soak`."""
    return Plan(database, seed, minutes * 60, rate)


def short(database: Database, seed: int, kinds: tuple[str, ...], bug: str = "") -> Plan:
    """Return a plan of some seconds, with each of the troubles once."""
    return Plan(
        database,
        seed,
        seconds=float("inf"),
        rate=4,
        pace=8,
        hold=(1.6, 2.0),
        freeze=(0.8, 1.2),
        calm=(0.1, 0.3),
        kinds=kinds,
        rises=90,
        pause=0.2,
        patience=20,
        closing=12,
        crowded=6,
        settle_seconds=240,
        bug=bug,
    )
