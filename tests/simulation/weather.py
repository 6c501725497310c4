"""How badly the outside behaves in one history. The seed turns each fault on or off (swarm testing)."""

import random
from dataclasses import dataclass
from typing import Final

SECOND: Final = 1000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


@dataclass(frozen=True, slots=True)
class Weather:
    """Probability of each fault, from 0 to 1; 0 and False turn it off."""

    lose: float = 0.0
    """A webhook never arrives, and its sender believes that it did."""
    duplicate: float = 0.0
    """A webhook arrives two or three times, perhaps at once."""
    delay: float = 0.0
    """A webhook arrives up to three hours late, after later ones."""
    nameless: float = 0.0
    """A webhook about a payment does not name its link."""
    hung_up: float = 0.0
    """The sender of a webhook hangs up before the answer, which cancels the request's handler."""
    refused: float = 0.0
    """A call fails before it has an effect."""
    cut_off: float = 0.0
    """A call has its effect, but its answer is lost."""
    stubborn: float = 0.0
    """Razorpay refuses for good to cancel a link, with an unknown error."""
    slow: float = 0.0
    """A call takes many seconds."""
    crash: float = 0.0
    """The process dies: chance at each call; a hundredth of it is the chance at each database operation."""
    token: bool = False
    """The WhatsApp token is expired for 20 minutes."""
    bounced: float = 0.0
    """A message is accepted and fails soon after, for a temporary reason."""
    undeliverable: float = 0.0
    """A message is accepted and fails soon after, for good."""
    uncaptured: float = 0.0
    """A payment is authorised and never captured; Razorpay refunds it hours later."""
    unlinkable: float = 0.0
    """Razorpay refuses for good to create a link, with an error that any other link would get too."""
    names: float = 0.0
    """A customer is known by a BSUID instead of a number, is known by both, or changes numbers."""
    restored: bool = False
    """The disk is lost, and an operator restores a backup made some minutes earlier."""
    fees: bool = False
    """The payer pays Razorpay's fee on top of the link's amount."""

    @classmethod
    def drawn(cls, dice: random.Random) -> "Weather":
        """Draw a weather. One in eight has no faults; in the others each is off, mild or severe."""
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
