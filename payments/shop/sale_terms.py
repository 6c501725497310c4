"""What the shop allows besides paying at once: cash for the goods, and calling an order off."""

from typing import Annotated, Any, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator

from flows.document import durations
from flows.document.shape import Count
from payments.shop.fulfilment import LADDER, Stage
from payments.shop.money import Rupees

_RUNGS = tuple(stage for stage in LADDER if stage is not Stage.PLACED)


def _rung(value: Any) -> Stage:
    if value not in _RUNGS:
        raise ValueError(f"'{value}' is no stage: there are {', '.join(_RUNGS)}")
    return Stage(value)


Rung: TypeAlias = Annotated[Stage, BeforeValidator(_rung)]
"""A stage that a person puts an order into on its way to the customer."""


class CashTerms(BaseModel):
    """`cash: {up_to: 2000, refusals: 2}`: orders that are paid when the goods are handed over."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    up_to: Rupees | None = None
    """Rupees of the dearest order, kept in paise. Without it, any may be paid so."""
    refusals: Annotated[Count, Field(le=100)] = 2
    """A customer who refused so many orders at the door pays online."""


class CancelTerms(BaseModel):
    """`cancel: {within: 10 min, before: preparing}`: when a customer may call off an order that is due."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    within: int | None = None
    """Span of time from placing, kept in milliseconds. Without it, only the stage counts."""
    before: Rung = Stage.PREPARING
    """The first stage in which it is too late."""

    @field_validator("within", mode="before")
    @classmethod
    def _duration(cls, value: Any) -> int | None:
        return None if value is None else durations.parse(str(value))

    def allows(self, stage: Stage, placed_at: int, now: int) -> bool:
        """Return whether a customer may call off an order in this stage at `now`."""
        if stage not in LADDER or LADDER.index(stage) >= LADDER.index(self.before):
            return False
        return self.within is None or now < placed_at + self.within
