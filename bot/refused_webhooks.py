"""What comes to the webhooks and is not for us: wrong signatures, another number's messages."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import structlog

from payments.processing.changes import Notice
from storage import Store

MANY: Final = 3
"""Webhooks refused for their signature, and none accepted since the first, that are no accident."""
A_WHILE: Final = 60_000
"""Milliseconds that must be between the first and the last of them."""
_NUMBERS: Final = 100
"""Other numbers that are remembered as logged."""

log = structlog.get_logger()


@dataclass(slots=True)
class _Door:
    refused: int = 0
    since: int = 0
    told: bool = False


@dataclass(slots=True)
class Strangers:
    """One process's. All times are milliseconds since 1970, UTC."""

    _doors: dict[str, _Door] = field(default_factory=dict)
    _numbers: set[str] = field(default_factory=set)

    def accepted(self, path: str) -> None:
        """A signature that came to `path` was right."""
        self._doors.pop(path, None)

    async def refused(self, path: str, setting: str, store: Store, now: int) -> None:
        """A signature that came to `path` did not fit `setting`. After many, operators are told, once."""
        door = self._doors.setdefault(path, _Door(since=now))
        door.refused += 1
        if door.told or door.refused < MANY or now - door.since < A_WHILE:
            return
        door.told = True
        said = (
            f"{door.refused} signed webhooks came to {path}, and none with a signature that fits {setting}."
            f" If nothing else arrives, {setting} is wrong, and we hear of no payments or messages. Copy it"
            " anew from the provider's dashboard and start again; what was refused is sent again."
        )
        await store.tell([Notice("signature", path, said)], now)

    def elsewhere(self, numbers: Iterable[str]) -> None:
        """Messages came for other numbers than ours: each number is logged once."""
        for number in numbers:
            if number not in self._numbers and len(self._numbers) < _NUMBERS:
                self._numbers.add(number)
                log.warning(
                    "messages for another number are not answered",
                    phone_number_id=number,
                    mend="check WHATSAPP_PHONE_NUMBER_ID, or the app's other subscriptions",
                )
