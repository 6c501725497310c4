"""Counts webhooks that are not for us: wrong signatures, and messages for another number."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog

from payments.processing.notice import Notice, NoticeKind
from storage import Store

MANY: Final = 3
"""Webhooks with a wrong signature, none accepted in between, after which a notice is stored."""
A_WHILE: Final = 60_000
"""Minimum time between the first and the last of them, in milliseconds."""
_NUMBERS: Final = 100
"""Maximum count of other numbers that are remembered as logged."""
_SHOWN: Final = 6
"""How many of the last characters of another number's id the log shows."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Counter:
    refused: int = 0
    since: int = 0


@dataclass(slots=True)
class RefusedWebhooks:
    """Refused webhooks of one process. All times are milliseconds since 1970, UTC."""

    _counters: dict[str, _Counter] = field(default_factory=dict)
    _numbers: set[str] = field(default_factory=set)

    def accepted(self, path: str) -> None:
        """Reset the count of `path`: a webhook with a valid signature arrived there."""
        self._counters.pop(path, None)

    async def refused(self, path: str, setting: str, store: Store, now: int) -> None:
        """Count a signature at `path` that does not match `setting`'s secret; after many, store a notice.

        The count restarts once the notice is stored. If storing it raises, the next refusal tries again.
        """
        counter = self._counters.setdefault(path, _Counter(since=now))
        counter.refused += 1
        if counter.refused < MANY or now - counter.since < A_WHILE:
            return
        message = (
            f"{counter.refused} signed webhooks came to {path}, and none with a signature that fits"
            f" {setting}."
            f" If nothing else arrives, {setting} is wrong, and we hear of no payments or messages. Copy it"
            " anew from the provider's dashboard and start again; what was refused is sent again."
        )
        await store.tell([Notice(NoticeKind.SIGNATURE, path, message)], now)
        self._counters.pop(path, None)

    def elsewhere(self, numbers: Iterable[str]) -> None:
        """Log once each other number that messages were sent to. The log shows only its last characters."""
        for number in numbers:
            if number not in self._numbers and len(self._numbers) < _NUMBERS:
                log.warning(
                    "messages for another number are not answered",
                    phone_number_id=f"…{number[-_SHOWN:]}",
                    mend="check WHATSAPP_PHONE_NUMBER_ID, or the app's other subscriptions",
                )
                self._numbers.add(number)
