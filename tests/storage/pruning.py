"""Prunes a whole database at once."""

from storage import Store
from storage.operations.retention import EVERY
from tests.storage.handwritten_rows import NOW


async def prune_all(store: Store, before: int, now: int = NOW, limit: int = 250) -> tuple[int, int]:
    """Prune everything that was finished before `before`; return how many events and entries went."""
    lease = await store.begin_pruning(now)
    assert lease is not None
    events = entries = 0
    while (done := await store.prune(lease, before, now, limit)) is not None:
        lease, events, entries = done.lease, events + done.events, entries + done.entries
        if max(done.events, done.entries) < limit:
            await store.finish_pruning(lease, now + EVERY)
            return events, entries
    raise AssertionError("another process has taken over")
