"""Load due conversations, let a pure function decide, and save the changes, in one transaction for many."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import structlog
from tortoise.exceptions import IntegrityError

from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from payments.processing.versions import NotReady
from payments.shop import quotas, stock, switches
from payments.shop.business_day import Period
from storage.database.transaction import SoldOut, Transaction
from storage.inbox import order_numbers, product_switch, unheard
from storage.inbox import quotas as stored_quotas
from storage.inbox import stock as stored_stock
from storage.inbox.changes import Rows, Saving, error_text, park, rows_of, write
from storage.inbox.customers import Naming
from storage.inbox.day_figures import Known
from storage.inbox.nonces import Draw
from storage.inbox.order_lists import with_lists
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


@dataclass(frozen=True, slots=True)
class Shared:
    """What all steps of a batch share: each leaves the next one what it has not taken."""

    left: Mapping[str, int]
    """Pieces left of each counted article."""
    off: frozenset[str]
    """Skus of products and variants that the shop has switched off."""
    taken: Mapping[str, int]
    """How often each slot and coupon is taken."""
    next_number: int
    """Number of the next order."""

    def after(self, changes: ChangeSet) -> "Shared":
        """Return what a step leaves to the next one."""
        if not (changes.moves or changes.bookings or changes.placed or changes.switches):
            return self
        return Shared(
            stock.after(self.left, changes.moves),
            switches.after(self.off, changes.switches),
            quotas.after(self.taken, changes.bookings),
            self.next_number + len(changes.placed),
        )


_NOTHING: Final = Shared({}, frozenset(), {}, 0)


async def advance_due(
    tx: Transaction,
    advance: Advance,
    now: int,
    limit: int,
    events: int,
    draw: Draw,
    naming: Naming,
    known: Known,
    *,
    alone: bool = False,
) -> tuple[int, Mapping[int, Period]]:
    """Step up to `limit` conversations, up to `events` due events of each.

    Return how many events were answered, and the days of those events that ask for figures and are not among
    `known`, by number. They stay due.

    An event that cannot be read is parked. If a conversation cannot be read or `advance` raises, its first
    event is parked and its others stay due; the rest of the batch is saved. If `advance` raises NotReady, all
    its events stay due. If the database refuses the
    changes, the whole batch fails with Refused, or with SoldOut. `alone`: no other process takes an order
    number, pieces or places before the commit.
    """
    batch: list[list[Rows]] = []
    first, answered = 0, 0
    due = await load_due(tx, now, limit, events, draw, naming)
    loaded, lacking = await with_lists(tx, due, known)
    shared = await _read_shared(tx, now, alone) if loaded else _NOTHING
    for item in loaded:
        decided = item if isinstance(item, Unusable) else _decide(item, shared, advance, now)
        if decided is None:
            continue
        if isinstance(decided, Unusable):
            # The error's message may quote the customer: it goes to the database, not to the log.
            log.error("event parked", event_number=decided.number, error=type(decided.error).__name__)
            await park(tx, decided.number, error_text(decided.error), now)
            answered += 1
        else:
            changes, rows = decided
            batch.append(rows)
            shared = shared.after(changes)
            first = first or changes.results[0].number
            answered += len(changes.results)
    if batch:
        await unheard.send(tx, (item.given for item in loaded if isinstance(item, Waiting)), now)
        try:
            await write(tx, batch, now)
        except IntegrityError as error:
            raise Refused(first, error_text(error)) from error
        except SoldOut as error:
            error.number = first
            raise
    return answered, lacking


async def _read_shared(tx: Transaction, now: int, alone: bool) -> Shared:
    number = await order_numbers.following(tx, locked=alone)
    left, off = await stored_stock.left(tx), frozenset(await product_switch.off(tx))
    return Shared(left, off, await stored_quotas.taken(tx, now), number)


def _decide(
    waiting: Waiting, shared: Shared, advance: Advance, now: int
) -> tuple[ChangeSet, list[Rows]] | Unusable | None:
    """Return the changes and their rows; None if the events stay due, because `advance` is not ready.

    If several events fail together, try the first alone.
    """
    given = waiting.given._replace(
        left=shared.left,
        off=shared.off,
        taken=shared.taken,
        next_number=shared.next_number,
    )
    try:
        changes = advance(given)
        return changes, rows_of(Saving(waiting.id, given, changes, now))
    except NotReady:
        return None
    except Exception as error:  # noqa: BLE001 - any error concerns only this conversation
        failed = Unusable(given.events[0].number, error)
    if len(given.events) == 1:
        return failed
    first = Waiting(waiting.id, given._replace(events=given.events[:1]))
    return _decide(first, shared, advance, now)
