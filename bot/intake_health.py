"""Health of the webhook intake: counts webhooks that could not be stored, and probes the database."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog

from payments.processing.notice import Notice, NoticeKind
from storage import Store

PATHS: Final = frozenset({"/whatsapp/webhook", "/payments/webhook", "/webhooks/shopify"})
"""Paths to which providers post webhooks."""
_PROBE_SECONDS: Final = 5.0
"""How long a successful write counts as proof that the next one succeeds."""
_LARGE: Final = 256 * 1024
"""Characters that a probe writes after a webhook failed. A full disk may still take a small write."""

log = structlog.get_logger()


@dataclass(slots=True)
class IntakeHealth:
    """The webhooks that could not be stored and of which no notice is stored yet."""

    unstored: int = 0
    """Webhooks that were answered 5xx."""
    reason: str = ""
    """Class name of the last error."""
    _written_at: float | None = None
    """Time of the last successful write, in seconds of the caller's clock."""
    _notifying: asyncio.Lock = field(default_factory=asyncio.Lock)

    def failed(self, error: Exception) -> None:
        """Count a webhook that could not be stored because of `error`."""
        self.unstored += 1
        self.reason = type(error).__name__

    async def check(self, store: Store, now: int, seconds: float) -> None:
        """Write a probe, unless a write succeeded a moment ago. Raises TimeoutError or StorageError.

        `now` is in milliseconds since 1970, UTC; `seconds` is a monotonic clock.
        """
        recent = self._written_at is not None and seconds - self._written_at < _PROBE_SECONDS
        if recent and not self.unstored:
            return
        await store.probe(now, _LARGE if self.unstored else 0)
        self._written_at = seconds
        await self.recovered(store, now)

    async def recovered(self, store: Store, now: int) -> None:
        """Store a notice about the webhooks that failed, now that the database works, and reset their count.

        If the notice cannot be stored, log that; the next successful write tries again.
        """
        if not self.unstored or self._notifying.locked():
            return
        async with self._notifying:
            count, reason = self.unstored, self.reason
            message = (
                f"webhooks could not be stored (the last time {count}, {reason}) and were answered 5xx. Meta"
                " and Razorpay send them again by themselves. Look at the disk, and at the database's own log"
            )
            try:
                await store.tell([Notice(NoticeKind.UNSTORED, "webhooks", message)], now)
            except Exception:
                log.exception("notice not stored", kind="unstored")
                return
            self.unstored -= count
        log.warning("webhooks are stored again", failed=count, error=reason)
