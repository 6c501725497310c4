"""Sends the staff the figures of the day, at the time that the flow file says."""

from datetime import date
from typing import Final

import structlog

from bot.context import Context
from bot.staff import day_reports
from bot.workers.rounds import Rounds
from payments.shop.business_day import report_due
from payments.shop.catalogue import Shop

LOOK_SECONDS: Final = 20.0
"""Seconds between two looks whether a report is due."""

log = structlog.get_logger()


class DayReports:
    """Sends each day's report once, until closed. Each process has one.

    The report is an event of each member's conversation, with the date as its key. So it is stored once,
    however many processes find it due, and also after a restart.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._sent: date | None = None
        """The last day whose report is stored, or is not to be."""
        self._rounds = Rounds()

    def close(self) -> None:
        """Send no more."""
        self._rounds.close()

    async def run(self) -> None:
        """Send whatever report is due, until closed. What failed is logged and tried again."""
        await self._rounds.run(self.send_due, LOOK_SECONDS, "the day's report was not sent")

    async def send_due(self) -> date | None:
        """Store the report that is due, if there is one, and return its day; None if none is due."""
        shop: Shop = self._context.flow.sections["shop"]
        if shop.day_report is None:
            return None
        day = report_due(shop.timezone, shop.day_report, self._context.clock.now())
        if day is None or day == self._sent:
            return None
        if not await self._context.store.recent(1):
            self._sent = day  # nobody has ever written: a new shop has nothing to report tonight
            return None
        arrivals = await day_reports(self._context.store, self._context.flow, day, day.isoformat())
        if arrivals:
            await self._context.inbox.put(arrivals)
        self._sent = day
        log.info("the day's report is stored", day=day.isoformat(), to=len(arrivals))
        return day
