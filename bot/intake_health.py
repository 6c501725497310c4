"""Whether webhooks can be stored: known from those that failed, and from a write of our own."""

import asyncio
from dataclasses import dataclass, field
from typing import Final

import structlog

from payments.processing.notice import Notice, NoticeKind
from storage import Store

PATHS: Final = frozenset({"/whatsapp/webhook", "/payments/webhook"})
"""Where providers come."""
_PROBE_SECONDS: Final = 5.0
"""How long a write that succeeded says that the next would."""
_LARGE: Final = 256 * 1024
"""Characters written by a probe after a webhook failed: a full disk may still take a few."""

log = structlog.get_logger()


@dataclass(slots=True)
class IntakeHealth:
    """The webhooks that could not be stored, until operators are told of them."""

    unstored: int = 0
    """Webhooks that were answered 5xx."""
    reason: str = ""
    """The kind of the last error."""
    _written_at: float | None = None
    """When a write last succeeded, in seconds of the caller's clock."""
    _telling: asyncio.Lock = field(default_factory=asyncio.Lock)

    def failed(self, error: Exception) -> None:
        """Count a webhook that could not be stored, because of `error`."""
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
        await self.recovered(store, now)

    async def recovered(self, store: Store, now: int) -> None:
        """Tell operators which webhooks failed, now that the database takes them; once they are told, forget.

        If the notice cannot be stored, that is logged, and the next write that succeeds tells it.
        """
        if not self.unstored or self._telling.locked():
            return
        async with self._telling:
            count, reason = self.unstored, self.reason
            said = (
                f"webhooks could not be stored (the last time {count}, {reason}) and were answered 5xx. Meta"
                " and Razorpay send them again by themselves. Look at the disk, and at the database's own log"
            )
            try:
                await store.tell([Notice(NoticeKind.UNSTORED, "webhooks", said)], now)
            except Exception:
                log.exception("notice not stored", kind="unstored")
                return
            self.unstored -= count
        log.warning("webhooks are stored again", failed=count, error=reason)
