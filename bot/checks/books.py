"""Checks the database, and lists what in it waits for a person."""

from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from typing import Final

from bot.checks.closed_days import on_closed_days
from bot.checks.finding import LONGEST, Finding
from bot.checks.flow import shop_of
from bot.checks.held import held_lines
from bot.counted import counted
from bot.log import mask
from bot.settings import Settings
from payments.ledger.holds import needs_person
from storage.database.errors import StorageError
from storage.database.records import reading
from storage.reports import backlog
from storage.reports.backlog import Held, Parked, Promised, Told

_SHOWN: Final = 10
"""Maximum rows shown of each list, the oldest first."""
_DAMAGED: Final = "stop the server, keep the file, and put your last backup back with 'munshi restore'"
_UPDATED: Final = "'munshi serve' brings one that is there up to date; 'munshi migrate' makes a new one"


async def database(settings: Settings) -> AsyncIterator[Finding]:
    """Yield whether the database is sound, and what waits in it: parked events, held money, notices."""
    try:
        async with reading(settings.database_url) as records:
            if damage := await records.damage():
                yield Finding("database", False, f"the file is damaged: {damage[:LONGEST]}", _DAMAGED)
                return
            parked = await backlog.parked(records)
            held = await backlog.held(records)
            notices = await backlog.notices(records)
            promised = await backlog.promised(records)
    except (StorageError, OSError) as error:
        yield Finding("database", False, str(error), _UPDATED)
        return
    yield Finding("database", True, "there, and up to date")
    if closed := await _closed(settings, promised):
        yield closed
    yield _parked(parked)
    yield held_money(held)
    yield _notices(notices)


async def orders(settings: Settings) -> AsyncIterator[Finding]:
    """Yield a finding if orders are promised for days that the flow file closes."""
    try:
        async with reading(settings.database_url) as records:
            promised = await backlog.promised(records)
    except (StorageError, OSError):
        return  # who reads the database says so
    if closed := await _closed(settings, promised):
        yield closed


async def _closed(settings: Settings, promised: Sequence[Promised]) -> Finding | None:
    shop = await shop_of(settings)
    return None if shop is None else on_closed_days(promised, shop)


def _parked(parked: Sequence[Parked]) -> Finding:
    if not parked:
        return Finding("events", True, "none is parked")
    mend = (line for event in parked[:_SHOWN] for line in _parked_lines(event))
    said = f"{len(parked)} parked: they could not be handled"
    return Finding("events", False, said, _listed(mend, len(parked), "replay mended ones to see the next"))


def _parked_lines(event: Parked) -> Iterator[str]:
    yield f"event {event.number} ({event.kind}, customer {event.conversation or 'unknown'}): {why(event)}"
    yield f"    mend what this says (often the flow), then: munshi replay {event.number}"


def why(event: Parked) -> str:
    """Return the last line of the error for which an event was parked, its phone numbers masked."""
    return mask(event.error.rpartition("\n")[2])[:LONGEST]


def held_money(held: Sequence[Held]) -> Finding:
    """Return a finding about the orders whose held money waits for a person."""
    for_person = [order for order in held if needs_person(order.reason)]
    if not for_person:
        waits = f"; {counted(len(held), 'order')} with a link for the rest, or a remainder" if held else ""
        return Finding("money", True, f"none waits for a person{waits}")
    mend = (line.removeprefix("  ") for order in for_person[:_SHOWN] for line in held_lines(order))
    said = f"held in {counted(len(for_person), 'order')}, and waits for you"
    return Finding("money", False, said, _listed(mend, len(for_person), "see munshi ledger"))


def _notices(notices: Sequence[Told]) -> Finding:
    if not notices:
        return Finding("notices", True, "none")
    mend = (line for notice in notices[:_SHOWN] for line in _notice_lines(notice))
    said = f"{len(notices)} you have not seen to"
    return Finding("notices", False, said, _listed(mend, len(notices), "see to these first"))


def _notice_lines(notice: Told) -> Iterator[str]:
    yield f"notice {notice.number} ({notice.kind} {notice.subject}): {mask(notice.said)}"
    yield f"    when that is done: munshi doctor --seen {notice.number}"


def _listed(lines: Iterable[str], count: int, more: str) -> str:
    """Join `lines` and, if the list was cut, how many of `count` are left out and `more`."""
    rest = (f"… and {count - _SHOWN} more: {more}",) if count > _SHOWN else ()
    return "\n    ".join((*lines, *rest))
