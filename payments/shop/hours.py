"""When the shop is open: `hours:` of the flow file, in the shop's time zone."""

from datetime import date, timedelta
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, model_validator

from flows.document.shape import Spec, one_or_many
from payments.shop.local_time import (
    DAY_MINUTES,
    WEEKDAYS,
    Date,
    TimeRange,
    TimesOfDay,
    instant,
    local_date,
    weekdays,
)

HORIZON: Final = 60
"""Days. A shop that does not open within them is taken to be closed for good."""


def _days(key: str) -> str:
    weekdays(key)
    return key


class Hours(Spec):
    """Opening hours: `{mon-sat: "9:00-21:00", sun: "9:00-13:00", closed: [2026-11-08]}`.

    A weekday that is not named is closed. A range past midnight belongs to the day on which it starts, also
    if the next day is `closed`.
    """

    days: dict[Annotated[str, AfterValidator(_days)], TimesOfDay]
    """By weekdays as written: `mon-sat`."""
    closed: Annotated[tuple[Date, ...], BeforeValidator(one_or_many)] = ()
    """Dates on which the shop does not open, as `2026-11-08`."""

    @model_validator(mode="before")
    @classmethod
    def _days_stand_beside_closed(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError("hours without a day: write for example {mon-sat: '9:00-21:00'}")  # noqa: TRY004
        days = {key: times for key, times in value.items() if key != "closed"}
        return {"days": days, **({"closed": value["closed"]} if "closed" in value else {})}

    @model_validator(mode="after")
    def _each_day_is_given_once(self) -> "Hours":
        if not self.days:
            raise ValueError("hours without a day: write for example mon-sat: '9:00-21:00'")
        given: dict[int, str] = {}
        for key in self.days:
            for day in weekdays(key):
                if day in given:
                    raise ValueError(f"'{WEEKDAYS[day]}' is given twice: in '{given[day]}' and in '{key}'")
                given[day] = key
        return self

    @model_validator(mode="after")
    def _nights_end_before_mornings(self) -> "Hours":
        for day, name in enumerate(WEEKDAYS):
            night, morning = self.of_weekday(day)[-1:], self.of_weekday((day + 1) % 7)[:1]
            if night and morning and night[0].end - DAY_MINUTES > morning[0].start:
                following = WEEKDAYS[(day + 1) % 7]
                raise ValueError(f"'{night[0]}' of {name} and '{morning[0]}' of {following} overlap")
        return self

    def of_weekday(self, weekday: int) -> tuple[TimeRange, ...]:
        """Return the ranges of a weekday (0 is Monday), in order. Empty if the shop is closed."""
        return next((times for key, times in self.days.items() if weekday in weekdays(key)), ())

    def of_date(self, day: date) -> tuple[TimeRange, ...]:
        """Return the ranges that start on `day`, in order. Empty if the shop is closed."""
        return () if day in self.closed else self.of_weekday(day.weekday())


def is_open(hours: Hours | None, zone: ZoneInfo, now: int) -> bool:
    """Whether the shop is open at `now` (milliseconds). Without `hours` it always is."""
    if hours is None:
        return True
    today = local_date(zone, now)
    return any(
        instant(zone, day, times.start) <= now < instant(zone, day, times.end)
        for day in (today - timedelta(days=1), today)
        for times in hours.of_date(day)
    )


def is_open_on(hours: Hours | None, day: date) -> bool:
    """Whether the shop opens at any time of `day`."""
    return hours is None or bool(hours.of_date(day))


def opens_at(hours: Hours | None, zone: ZoneInfo, now: int) -> int | None:
    """Return when the shop opens next (milliseconds). None if it is open, or stays closed for 60 days."""
    if hours is None or is_open(hours, zone, now):
        return None
    today = local_date(zone, now)
    starts = (
        instant(zone, day, times.start)
        for day in (today + timedelta(days=n) for n in range(HORIZON + 1))
        for times in hours.of_date(day)
    )
    return next((start for start in starts if start > now), None)
