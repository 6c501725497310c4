"""Claim what is due, let a pure function decide, save all of it: one transaction for many conversations."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import structlog
from tortoise.exceptions import IntegrityError

from payments.processing.case import Advanced, Case
from payments.shop.stock import after
from storage.database.transaction import SoldOut, Transaction
from storage.inbox import stock
from storage.inbox.cases import Unusable, Waiting, load_due
from storage.inbox.changes import Changes, changes, error_text, park, write
from storage.inbox.nonces import Draw

Advance: TypeAlias = Callable[[Case], Advanced]
"""Decides one conversation's due events. Pure: it may be asked twice about the same case."""

log = structlog.get_logger()


class Refused(Exception):
    """The database would not hold what a batch decided. `number` is its first event."""

    def __init__(self, number: int, error: str) -> None:
        super().__init__(error)
        self.number = number
        self.error = error


async def advance_due(
    tx: Transaction, advance: Advance, now: int, limit: int, events: int, draw: Draw
) -> int:
    """Step up to `limit` conversations, up to `events` due events of each; how many events were answered.

    An event that cannot be read is parked. Where a conversation cannot be read or `advance` raises,
    its first event is parked and the others stay due; the rest of the batch is saved. What the
    database itself refuses fails the whole batch, as Refused.
    """
    batch, answered = Changes(), 0
    waiting = await load_due(tx, now, limit, events, draw)
    left: Mapping[str, int] = await stock.left(tx) if waiting else {}
    for one in waiting:
        decided = one if isinstance(one, Unusable) else _decide(one, left, advance, now)
        if isinstance(decided, Unusable):
            # The message may quote the customer: it goes to the database, not to the log.
            log.error("event parked", event_number=decided.number, error=type(decided.error).__name__)
            await park(tx, decided.number, error_text(decided.error), now)
            answered += 1
        else:
            batch.add(decided)
            left = after(left, decided.moves) if decided.moves else left
            answered += len(decided.handled)
    if batch.handled:
        try:
            await write(tx, batch, now)
        except IntegrityError as error:
            raise Refused(batch.handled[0][0], error_text(error)) from error
        except SoldOut as error:
            error.number = batch.handled[0][0]
            raise
    return answered


def _decide(one: Waiting, left: Mapping[str, int], advance: Advance, now: int) -> Changes | Unusable:
    """The rows to write. If the events fail together, the first is tried alone before it is blamed."""
    case = replace(one.case, left=left)
    try:
        return changes(one.id, case, advance(case), now)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this conversation's alone
        failed = Unusable(case.events[0].number, error)
    if len(case.events) == 1:
        return failed
    return _decide(replace(one, case=replace(case, events=case.events[:1])), left, advance, now)
