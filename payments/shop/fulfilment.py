"""Fulfilment stages: how far an order's goods have come. Beside payment, and independent of it. Pure.

An order has a stage once its goods are due: when it is paid, or when cash is promised for it.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final


class Stage(StrEnum):
    """Where the goods of an order are."""

    PLACED = "placed"
    ACCEPTED = "accepted"
    PREPARING = "preparing"
    READY = "ready"
    OUT = "out"
    """On the way to the customer."""
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    """The shop or the customer called it off before the goods left."""
    REFUSED = "refused"
    """The customer did not take the goods at the door."""
    RETURNED = "returned"
    """The customer gave the goods back."""

    @property
    def ended(self) -> bool:
        """Whether nothing more is to be done with the goods."""
        return self in _ENDED


LADDER: Final = (
    Stage.PLACED,
    Stage.ACCEPTED,
    Stage.PREPARING,
    Stage.READY,
    Stage.OUT,
    Stage.DELIVERED,
)
"""The stages that lead to the customer, in order."""
_ENDED: Final = frozenset({Stage.DELIVERED, Stage.CANCELLED, Stage.REFUSED, Stage.RETURNED})


def is_forward(stage: Stage, to: Stage) -> bool:
    """Return whether `to` lies further up the ladder than `stage`, by any number of rungs."""
    return stage in LADDER and to in LADDER and LADDER.index(stage) < LADDER.index(to)


def goods_are_here(stage: Stage | None) -> bool:
    """Return whether the goods can go back on the shelf untouched: nobody has begun to prepare them."""
    return stage in (None, Stage.PLACED, Stage.ACCEPTED)


def following(stage: Stage, used: Collection[Stage]) -> tuple[Stage, ...]:
    """Return the stages that the shop uses and that lie ahead of `stage`, nearest first."""
    return tuple(to for to in LADDER if is_forward(stage, to) and (to in used or to is Stage.DELIVERED))


def to_do(stage: Stage | None) -> bool:
    """Return whether the goods are due and not delivered."""
    return stage is not None and not stage.ended
