"""Webhooks that are not for us: those with wrong signatures, and messages for another number."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog

from payments.processing.notice import Notice, NoticeKind
from storage import Store

MANY: Final = 3
"""Webhooks refused for their signature, with none accepted since the first, that are no accident."""
A_WHILE: Final = 60_000
"""Milliseconds that must lie between the first and the last of them."""
_NUMBERS: Final = 100
"""Most other numbers that are remembered as logged."""
_SHOWN: Final = 6
"""Characters of another number's id that the log shows: its last ones."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Door:
    refused: int = 0
    since: int = 0


@dataclass(slots=True)
class RefusedWebhooks:
    """What one process has seen of them. All times are milliseconds since 1970, UTC."""

    _doors: dict[str, _Door] = field(default_factory=dict)
    _numbers: set[str] = field(default_factory=set)

    def accepted(self, path: str) -> None:
        """Forget what was refused at `path`: a right signature came there."""
        self._doors.pop(path, None)

    async def refused(self, path: str, setting: str, store: Store, now: int) -> None:
        """Count a signature that came to `path` and does not fit `setting`; after many, tell operators.

        Counting starts anew once the notice is stored. If storing it raises, the next refusal tells.
        """
        door = self._doors.setdefault(path, _Door(since=now))
        door.refused += 1
        if door.refused < MANY or now - door.since < A_WHILE:
            return
        said = (
            f"{door.refused} signed webhooks came to {path}, and none with a signature that fits {setting}."
            f" If nothing else arrives, {setting} is wrong, and we hear of no payments or messages. Copy it"
            " anew from the provider's dashboard and start again; what was refused is sent again."
        )
        await store.tell([Notice(NoticeKind.SIGNATURE, path, said)], now)
        self._doors.pop(path, None)

    def elsewhere(self, numbers: Iterable[str]) -> None:
        """Log each number other than ours that messages came for, once. The log shows its end only."""
        for number in numbers:
            if number not in self._numbers and len(self._numbers) < _NUMBERS:
                log.warning(
                    "messages for another number are not answered",
                    phone_number_id=f"…{number[-_SHOWN:]}",
                    mend="check WHATSAPP_PHONE_NUMBER_ID, or the app's other subscriptions",
                )
                self._numbers.add(number)
