"""Prunes old rows once a day, in small batches with pauses, so that customers never wait long."""

import asyncio
from typing import Final

import structlog

from bot.context import Context
from bot.workers.rounds import Rounds
from storage.operations.retention import EVERY

BATCH: Final = 250
"""Events, and entries, of one transaction."""
LOOK_SECONDS: Final = 60.0
"""Seconds between two looks whether a run is due."""
SHARE: Final = 0.04
"""The share of the time that a run may take from the database."""
_LONGEST_PAUSE: Final = 30.0
"""Seconds; well below the lease."""

log = structlog.get_logger()


class Retention:
    """Deletes what is older than `Settings.keep_chats`, until closed. Each process has one."""

    def __init__(self, context: Context, *, share: float = SHARE) -> None:
        """`share` is the share of the time for which a run may work; 1 makes no pauses."""
        self._context = context
        self._share = share
        self._rounds = Rounds()

    def close(self) -> None:
        """End a run after its batch; the next process goes on with it at once."""
        self._rounds.close()

    async def run(self) -> None:
        """Prune whenever a run is due, until closed. A failed run is logged and tried again.

        The first look is at once: the last run may have been missed.
        """
        await self._rounds.run(self.prune, LOOK_SECONDS, "pruning failed")

    async def prune(self) -> bool:
        """Delete all that is old, if a run is due. Return whether this process did the run to its end."""
        store, clock = self._context.store, self._context.clock
        begun = clock.now()
        lease = await store.begin_pruning(begun)
        if lease is None:
            return False
        before = begun - self._context.settings.keep_chats
        events, entries, time = 0, 0, asyncio.get_running_loop().time
        while not self._rounds.closed:
            start = time()
            pruned = await store.prune(lease, before, clock.now(), BATCH)
            if pruned is None:
                return False
            lease, events, entries = pruned.lease, events + pruned.events, entries + pruned.entries
            if max(pruned.events, pruned.entries, pruned.told) < BATCH:
                await store.finish_pruning(lease, begun + EVERY)
                if events or entries:
                    log.info("pruned", events=events, entries=entries, before=before)
                return True
            await self._rounds.wait(min((time() - start) * (1 / self._share - 1), _LONGEST_PAUSE))
        await store.finish_pruning(lease, begun)
        log.info("pruning goes on at the next start", events=events, entries=entries, before=before)
        return False
