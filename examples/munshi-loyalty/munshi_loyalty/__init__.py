"""Stamp cards: one stamp for each order over a sum, and a gift for a full card. Pure.

The stamps of a customer are in the flow's variable `stamps`, so Munshi keeps them with the chat.
"""

from collections.abc import Mapping
from typing import Final

from pydantic import BaseModel, Field

from flows.engine.own_actions import Done, OwnAction, Seen


class StampArgs(BaseModel):
    """Arguments of `loyalty.stamp`."""

    total: int = Field(ge=0)
    """What the order costs, in paise."""
    least: int = Field(default=0, ge=0)
    """Orders below this sum get no stamp, in paise."""
    card: int = Field(default=10, ge=1, le=99)
    """Stamps on a full card."""


class SpendArgs(BaseModel):
    """Arguments of `loyalty.spend`."""

    card: int = Field(default=10, ge=1, le=99)
    """Stamps on a full card."""


def stamp(seen: Seen, args: StampArgs) -> Done:
    """Give a stamp for an order. `loyalty.full` follows when the card is full with it."""
    if args.total < args.least:
        return Done()
    stamps = _stamps(seen) + 1
    if stamps % args.card:
        return Done({"stamps": stamps})
    return Done({"stamps": stamps}, "full", {"stamps": stamps})


def spend(seen: Seen, args: SpendArgs) -> Done:
    """Take a full card back. Refused with `loyalty.too_few`, if it is not full."""
    stamps = _stamps(seen)
    if stamps < args.card:
        return Done(event="too_few", fields={"stamps": stamps, "missing": args.card - stamps})
    return Done({"stamps": stamps - args.card})


def _stamps(seen: Seen) -> int:
    return int(seen.variables.get("stamps") or 0)


ACTIONS: Final[Mapping[str, OwnAction]] = {
    "stamp": OwnAction(
        about="gives the customer a stamp for an order",
        args=StampArgs,
        run=stamp,
        sets={"stamps": "integer"},
        follows={"full": {"stamps": int}},
    ),
    "spend": OwnAction(
        about="takes a full card back, for a gift",
        args=SpendArgs,
        run=spend,
        sets={"stamps": "integer"},
        refuses={"too_few": {"stamps": int, "missing": int}},
    ),
}
"""What the entry point names: name of an action, without `loyalty.` -> the action."""
