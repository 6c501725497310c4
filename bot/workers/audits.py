"""Audits the orders that changed, once an hour, and tells the operator when books are wrong."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from bot.context import Context
from bot.workers.rounds import Rounds
from payments.ledger import hints
from payments.ledger.audit import Discrepancy
from payments.processing.notice import Notice, NoticeKind

EVERY_SECONDS: Final = 3600.0
"""Seconds between two runs."""
BATCH: Final = 50
"""Orders of one transaction."""
SHARE: Final = 0.2
"""The share of the time that a run may take from the database."""
_TOLD: Final = 10
"""Orders of one run about which an operator is told; `munshi ledger` names them all."""

log = structlog.get_logger()


class Audits:
    """Audits what changed, until closed. Each process has one; what one has audited, another finds done."""

    def __init__(self, context: Context, *, share: float = SHARE) -> None:
        """`share` is the share of the time for which a run may work; 1 makes no pauses."""
        self._context = context
        self._share = share
        self._rounds = Rounds()

    def close(self) -> None:
        """End a run after its batch; the next process goes on with it."""
        self._rounds.close()

    async def run(self) -> None:
        """Audit every hour, until closed. A failed run is logged and tried again."""
        await self._rounds.run(self.audit, EVERY_SECONDS, "the audit failed")

    async def audit(self) -> int:
        """Audit all orders that changed. Return how many were right."""
        store, clock, time = self._context.store, self._context.clock, asyncio.get_running_loop().time
        after, right, wrong = "", 0, list[Discrepancy]()
        while not self._rounds.closed:
            start = time()
            batch = await store.audits.audit(after, clock.now(), BATCH)
            if batch is None:
                break
            after, right = batch.last, right + batch.audited
            wrong += batch.discrepancies[: _TOLD - len(wrong)]
            await self._rounds.rest(time() - start, self._share)
        if wrong:
            await store.tell(notices(wrong), clock.now())
        if right:
            log.info("audited", orders=right)
        return right


def notices(wrong: Sequence[Discrepancy]) -> list[Notice]:
    """Return a notice for each subject of `wrong`. Logs them too."""
    found = []
    for one in wrong:
        said = f"The books are wrong: {one.said} (expected {one.expected}, found {one.found})."
        notice = Notice(NoticeKind.BOOKS, one.subject, f"{said} To mend it: {hints.for_check(one.check)}.")
        log.error("notice", kind=notice.kind, subject=notice.subject, mend=notice.said)
        found.append(notice)
    return found
