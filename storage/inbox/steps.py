"""Claim what is due, let a pure function decide, save all of it: one transaction for many conversations."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeAlias

import structlog
from tortoise.exceptions import IntegrityError

from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.shop.stock import after
from storage.database.transaction import SoldOut, Transaction
from storage.inbox import stock
from storage.inbox.changes import Rows, Saving, error_text, park, rows_of, write
from storage.inbox.nonces import Draw
from storage.inbox.step_inputs import Unusable, Waiting, load_due

Advance: TypeAlias = Callable[[StepInput], ChangeSet]
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
    batch: list[list[Rows]] = []
    first, answered = 0, 0
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
            changes, rows = decided
            batch.append(rows)
            left = after(left, changes.moves) if changes.moves else left
            first = first or changes.results[0].number
            answered += len(changes.results)
    if batch:
        try:
            await write(tx, batch, now)
        except IntegrityError as error:
            raise Refused(first, error_text(error)) from error
        except SoldOut as error:
            error.number = first
            raise
    return answered


def _decide(
    one: Waiting, left: Mapping[str, int], advance: Advance, now: int
) -> tuple[ChangeSet, list[Rows]] | Unusable:
    """What changes, and its rows. If events fail together, the first is tried alone before it is blamed."""
    given = replace(one.given, left=left)
    try:
        changes = advance(given)
        return changes, rows_of(Saving(one.id, given, changes, now))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is this conversation's alone
        failed = Unusable(given.events[0].number, error)
    if len(given.events) == 1:
        return failed
    return _decide(replace(one, given=replace(given, events=given.events[:1])), left, advance, now)
