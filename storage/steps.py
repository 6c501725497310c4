"""Claim what is due, let a pure function decide, save all of it: one transaction for many conversations."""

import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

import structlog
from tortoise.exceptions import IntegrityError

from payments.case import Advanced, Case
from storage.cases import Waiting, load_due
from storage.changes import Changes, changes, park, write
from storage.transaction import Transaction

Advance: TypeAlias = Callable[[Case], Advanced]
"""Decides one conversation's due events. Pure: it may be asked twice about the same case."""

_ERROR: Final = 4000
"""Characters of a traceback that are kept; its end says what went wrong."""

log = structlog.get_logger()


class Refused(Exception):
    """The database would not hold what a batch decided. `number` is its first event."""

    def __init__(self, number: int, conversations: int, error: str) -> None:
        super().__init__(error)
        self.number = number
        self.conversations = conversations
        self.error = error


@dataclass(frozen=True, slots=True)
class _Failed:
    number: int
    """The event to park."""
    error: str


async def advance_due(tx: Transaction, advance: Advance, now: int, limit: int) -> int:
    """Step up to `limit` conversations that have due events; how many events were answered.

    Where `advance` raises, that conversation's first event is parked and the others stay due; the
    rest of the batch is saved. What the database itself refuses fails the whole batch, as Refused.
    """
    waiting = await load_due(tx, now, limit)
    batch, answered = Changes(), 0
    for one in waiting:
        decided = _decide(one, advance, now)
        if isinstance(decided, _Failed):
            await park(tx, decided.number, decided.error, now)
            answered += 1
        else:
            batch.add(decided)
            answered += len(decided.handled)
    if batch.handled:
        try:
            await write(tx, batch)
        except IntegrityError as error:
            raise Refused(batch.handled[0][0], len(waiting), _text(error)) from error
    return answered


def _decide(one: Waiting, advance: Advance, now: int) -> Changes | _Failed:
    """The rows to write. If the events fail together, the first is tried alone before it is blamed."""
    first = replace(one.case, events=one.case.events[:1])
    for case in (one.case, first) if len(one.case.events) > 1 else (first,):
        try:
            return changes(one.id, case, advance(case), now)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this conversation's alone
            failure = error
    return _failed(one, failure)


def _failed(one: Waiting, error: Exception) -> _Failed:
    number = one.case.events[0].number
    # The message may quote the customer: it goes to the database, not to the log.
    log.error("event parked", event_number=number, error=type(error).__name__)
    return _Failed(number, _text(error))


def _text(error: Exception) -> str:
    return "".join(traceback.format_exception(error)).replace("\x00", "")[-_ERROR:]
