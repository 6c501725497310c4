"""How badly the world behaves in one history: drawn from its seed, each kind on or off (swarm testing)."""

import random
from dataclasses import dataclass
from typing import Final

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Weather:
    """Chances of misfortune. A chance of 0 switches it off."""

    lose: float = 0.0
    """A webhook never comes, and its sender believes that it did."""
    duplicate: float = 0.0
    """A webhook comes two or three times, perhaps at once."""
    delay: float = 0.0
    """A webhook comes up to three hours late, behind those that followed it."""
    nameless: float = 0.0
    """A webhook about a payment does not name its link."""
    hung_up: float = 0.0
    """Who brings a webhook does not wait for the answer, and whoever serves them is cancelled."""
    refused: float = 0.0
    """A call fails before it has an effect."""
    cut_off: float = 0.0
    """A call has its effect, and its answer is lost."""
    stubborn: float = 0.0
    """A link is not cancelled, for good, in words that nobody knows."""
    slow: float = 0.0
    """A call takes many seconds."""
    crash: float = 0.0
    """The process dies, per hundred database operations and per call."""
    token: bool = False
    """WhatsApp's token expires for a while."""
    bounced: float = 0.0
    """A message is accepted, and fails a moment later for a reason that passes."""
    undeliverable: float = 0.0
    """A message is accepted, and fails a moment later for good."""
    uncaptured: float = 0.0
    """The bank says yes and nobody captures: hours later, Razorpay lets the money go."""
    unlinkable: float = 0.0
    """A link is refused for good, in words that will hold for the next one too."""
    names: float = 0.0
    """A customer is known by an id instead of a number, by both, or has another number."""
    restored: bool = False
    """The disk is lost, and a backup of some minutes before is put in its place."""
    fees: bool = False
    """The payer bears Razorpay's fee: it comes on top of what the link asks for."""

    @classmethod
    def drawn(cls, dice: random.Random) -> "Weather":
        """One in eight is fair; in the others each misfortune is there or not, mild or bad."""
        if dice.random() < 1 / 8:
            return cls()

        def chance(*most: float) -> float:
            return dice.choice((0.0, *most))

        return cls(
            lose=chance(0.1, 0.5, 1.0),
            duplicate=chance(0.2, 0.6),
            delay=chance(0.1, 0.5),
            nameless=chance(0.1, 0.5),
            hung_up=chance(0.05, 0.3),
            refused=chance(0.05, 0.2),
            cut_off=chance(0.05, 0.2),
            stubborn=chance(0.1, 0.5),
            slow=chance(0.05, 0.2),
            crash=chance(0.002, 0.01),
            token=dice.random() < 0.25,
            bounced=chance(0.05, 0.2),
            undeliverable=chance(0.02, 0.1),
            uncaptured=chance(0.05, 0.2),
            unlinkable=chance(0.05, 0.2),
            names=chance(0.1, 0.3),
            fees=dice.random() < 0.25,
            restored=dice.random() < 0.4,
        )
