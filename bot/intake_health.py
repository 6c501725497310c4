"""Whether what comes to the doors can be stored: known from what failed, and from a write of our own."""

from dataclasses import dataclass
from typing import Final

import structlog

from payments.processing.changes import Notice
from storage import Store

PATHS: Final = frozenset({"/whatsapp/webhook", "/payments/webhook"})
"""Where providers come."""
_PROBE_SECONDS: Final = 5.0
"""How long a write that succeeded says that the next would."""
_LARGE: Final = 256 * 1024
"""Characters that are written where something could not be stored: a full disk may still take a few."""

log = structlog.get_logger()


@dataclass(slots=True)
class Doors:
    """What could not be stored since something last could."""

    unstored: int = 0
    """Webhooks that were answered 500."""
    reason: str = ""
    """The kind of the last error."""
    _written_at: float | None = None
    """When a write last succeeded, in seconds of the caller's clock."""

    def failed(self, error: Exception) -> None:
        """A webhook could not be stored, because of `error`."""
        self.unstored += 1
        self.reason = type(error).__name__

    async def check(self, store: Store, now: int, seconds: float) -> None:
        """Write something, unless that succeeded a moment ago. Raises TimeoutError or StorageError.

        `now` is in milliseconds since 1970, UTC; `seconds` is a clock that is never set.
        """
        recent = self._written_at is not None and seconds - self._written_at < _PROBE_SECONDS
        if recent and not self.unstored:
            return
        await store.probe(now, _LARGE if self.unstored else 0)
        self._written_at = seconds
        if self.unstored:
            await self.recovered(store, now)

    async def recovered(self, store: Store, now: int) -> None:
        """What comes is stored again: tell what was not."""
        count, reason = self.unstored, self.reason
        self.unstored = 0
        log.warning("webhooks are stored again", failed=count, error=reason)
        said = (
            f"webhooks could not be stored (the last time {count}, {reason}) and were answered 500. Meta and "
            "Razorpay send them again by themselves. Look at the disk, and at the database's own log"
        )
        await store.tell([Notice("unstored", "webhooks", said)], now)
