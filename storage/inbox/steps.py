"""Load due conversations, let a pure function decide, and save the changes, in one transaction for many."""

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
from storage.inbox.customers import Naming
from storage.inbox.nonces import Draw
from storage.inbox.step_inputs import Unusable, Waiting, load_due

Advance: TypeAlias = Callable[[StepInput], ChangeSet]
"""Decides one conversation's due events. It must be pure: it may be called twice with the same input."""

log = structlog.get_logger()


class Refused(Exception):
    """The database refused the changes of a batch. `number` is the batch's first event."""

    def __init__(self, number: int, error: str) -> None:
        super().__init__(error)
        self.number = number
        self.error = error


async def advance_due(
    tx: Transaction, advance: Advance, now: int, limit: int, events: int, draw: Draw, naming: Naming
) -> int:
    """Step up to `limit` conversations, up to `events` due events of each; return how many were answered.

    An event that cannot be read is parked. If a conversation cannot be read or `advance` raises, its first
    event is parked and its others stay due; the rest of the batch is saved. If the database refuses the
    changes, the whole batch fails with Refused, or with SoldOut.
    """
    batch: list[list[Rows]] = []
    first, answered = 0, 0
    loaded = await load_due(tx, now, limit, events, draw, naming)
    left: Mapping[str, int] = await stock.left(tx) if loaded else {}
    for item in loaded:
        decided = item if isinstance(item, Unusable) else _decide(item, left, advance, now)
        if isinstance(decided, Unusable):
            # The error's message may quote the customer: it goes to the database, not to the log.
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
    waiting: Waiting, left: Mapping[str, int], advance: Advance, now: int
) -> tuple[ChangeSet, list[Rows]] | Unusable:
    """Return the changes and their rows. If several events fail together, try the first alone."""
    given = replace(waiting.given, left=left)
    try:
        changes = advance(given)
        return changes, rows_of(Saving(waiting.id, given, changes, now))
    except Exception as error:  # noqa: BLE001 - any error concerns only this conversation
        failed = Unusable(given.events[0].number, error)
    if len(given.events) == 1:
        return failed
    return _decide(replace(waiting, given=replace(given, events=given.events[:1])), left, advance, now)
