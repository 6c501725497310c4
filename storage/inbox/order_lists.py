"""What the staff are given of many customers: what is to do, a day, an order by number, chats in hand."""

from collections.abc import Sequence
from typing import Final

from payments.ledger.day import Day
from payments.processing.named_orders import asks_for_to_do, may_answer_a_customer, numbers_in, period_in
from payments.processing.step_input import TO_DO, StepInput, ToDo
from payments.shop.business_day import Period
from storage.database.transaction import Transaction
from storage.inbox import chats_in_hand
from storage.inbox.day_figures import Known, states
from storage.inbox.order_rows import Unreadable
from storage.inbox.step_inputs import Unusable, Waiting


async def with_lists(
    tx: Transaction, loaded: Sequence[Waiting | Unusable], known: Known
) -> tuple[list[Waiting | Unusable], dict[int, Period]]:
    """Return `loaded` with what the events of the staff ask for, and who lacks the figures of which day.

    Whose lists cannot be read becomes Unusable. An event that asks for a day and is not among `known` is left
    out, with all that come after it in its conversation.
    """
    found: list[Waiting | Unusable] = []
    lacking: dict[int, Period] = {}
    for one in loaded:
        if isinstance(one, Unusable) or one.given.conversation.id not in one.given.staff:
            found.append(one)
            continue
        periods = _periods(one)
        lacks = {number: period for number, period in periods.items() if number not in known}
        lacking |= lacks
        place = next((n for n, event in enumerate(one.given.events) if event.number in lacks), None)
        if place != 0:
            given = one.given._replace(events=one.given.events[:place])
            found.append(await _given_lists(tx, Waiting(one.id, given), known))
    return found, lacking


def _periods(one: Waiting) -> dict[int, Period]:
    """Return the days for whose figures the events of a conversation ask, by event."""
    return {event.number: period for event in one.given.events if (period := period_in(event)) is not None}


async def _given_lists(tx: Transaction, one: Waiting, known: Known) -> Waiting | Unusable:
    """Return a conversation of the staff with what its events ask for; Unusable if that cannot be read.

    If it cannot be read for several events, the first goes alone: it may not be the asker.
    """
    events = one.given.events
    try:
        days = {period: _figures(known, number) for number, period in _periods(one).items()}
        return Waiting(one.id, await _with_lists(tx, one.given._replace(days=days)))
    except Unreadable as error:
        if len(events) == 1:
            return Unusable(events[0].number, error)
    return await _given_lists(tx, Waiting(one.id, one.given._replace(events=events[:1])), known)


def _figures(known: Known, number: int) -> Day:
    """Return the figures for which event `number` asks. Raises Unreadable."""
    found = known[number]
    if isinstance(found, Unreadable):
        raise found
    return found


async def _with_lists(tx: Transaction, given: StepInput) -> StepInput:
    numbers = sorted({number for event in given.events for number in numbers_in(event)})
    if numbers:
        given = given._replace(numbered=await numbered(tx, numbers))
    if any(asks_for_to_do(event) for event in given.events):
        given = given._replace(to_do=await to_do(tx))
    if any(may_answer_a_customer(event) for event in given.events):
        given = given._replace(in_hand=await chats_in_hand.is_any(tx))
    return given


async def numbered(tx: Transaction, numbers: Sequence[str]) -> dict[str, str]:
    """Return the keys of the orders with these numbers, by number; the newest, if two have one."""
    rows = await tx.fetch(_NUMBERED, list(numbers))
    return {row["number"]: row["key"] for row in rows}


async def to_do(tx: Transaction) -> ToDo:
    """Return the orders that the shop still has to do something about. Raises Unreadable."""
    rows = await tx.fetch(_TO_BRING, TO_DO)
    if len(rows) < TO_DO:
        rows += await tx.fetch(_OTHER_TO_DO, TO_DO - len(rows))
    [all_of_them] = await tx.fetch(_COUNT)
    found = {state.key: state for state in await states(tx, rows)}
    goods_first = tuple(found[row["key"]] for row in rows if row["key"] in found)
    return ToDo(goods_first, all_of_them["orders"])


_NUMBERED: Final = "SELECT number, key FROM orders WHERE number = ANY($1::text[]) ORDER BY placed_at"
# The conditions are those of the partial indexes, word for word.
_TO_BRING: Final = """
SELECT conversation_id, key FROM orders
WHERE todo IS NOT NULL AND stage IN ('placed', 'accepted', 'preparing', 'ready', 'out')
ORDER BY placed_at, key LIMIT $1"""
_OTHER_TO_DO: Final = """
SELECT conversation_id, key FROM orders
WHERE todo IS NOT NULL AND COALESCE(stage, '') NOT IN ('placed', 'accepted', 'preparing', 'ready', 'out')
ORDER BY placed_at, key LIMIT $1"""
_COUNT: Final = "SELECT COUNT(*) AS orders FROM orders WHERE todo IS NOT NULL"
