"""What the staff ask about many orders: what is to do, the figures of a day, an order by its number."""

from collections.abc import Sequence
from typing import Final

from payments.ledger.day import Day
from payments.ledger.state import OrderState
from payments.processing.named_orders import asks_for_to_do, numbers_in, period_in
from payments.processing.step_input import TO_DO, StepInput, ToDo
from payments.shop.business_day import Period
from payments.shop.fulfilment import Stage
from storage.database.transaction import Row, Transaction
from storage.inbox.step_inputs import OrderRows, Unusable, Waiting, load_orders, order_state

_PAGE: Final = 500
"""Orders of a day that are in memory at once."""


class Unreadable(Exception):
    """An order's rows cannot be read. It concerns only who asks for them."""


async def with_lists(tx: Transaction, loaded: Sequence[Waiting | Unusable]) -> list[Waiting | Unusable]:
    """Return `loaded` with what the events of the staff ask for. Whose cannot be read becomes Unusable."""
    days: dict[Period, Day] = {}
    found: list[Waiting | Unusable] = []
    for one in loaded:
        if isinstance(one, Waiting) and one.given.conversation.id in one.given.staff:
            try:
                found.append(Waiting(one.id, await _with_lists(tx, one.given, days)))
            except Unreadable as error:
                found.append(Unusable(one.given.events[0].number, error))
        else:
            found.append(one)
    return found


async def _with_lists(tx: Transaction, given: StepInput, days: dict[Period, Day]) -> StepInput:
    """Return `given` with the lists. `days` are those that another step of the batch has asked for."""
    numbers = sorted({number for event in given.events for number in numbers_in(event)})
    if numbers:
        given = given._replace(numbered=await numbered(tx, numbers))
    if any(asks_for_to_do(event) for event in given.events):
        given = given._replace(to_do=await to_do(tx))
    periods = [period for event in given.events if (period := period_in(event)) is not None]
    for period in periods:
        if period not in days:
            days[period] = await day(tx, period)
    return given._replace(days={period: days[period] for period in periods}) if periods else given


async def numbered(tx: Transaction, numbers: Sequence[str]) -> dict[str, str]:
    """Return the keys of the orders with these numbers, by number; the newest, if two have one."""
    rows = await tx.fetch(_NUMBERED, list(numbers))
    return {row["number"]: row["key"] for row in rows}


async def to_do(tx: Transaction) -> ToDo:
    """Return the orders that the shop still has to do something about. Raises Unreadable."""
    rows = await tx.fetch(_TO_DO, TO_DO)
    [all_of_them] = await tx.fetch(_COUNT)
    states = {state.key: state for state in await _states(tx, rows)}
    oldest = tuple(states[row["key"]] for row in rows if row["key"] in states)
    return ToDo(oldest, all_of_them["orders"])


async def day(tx: Transaction, period: Period) -> Day:
    """Return the figures of the orders of `period`. Raises Unreadable.

    Reads the orders that were placed in it, whose money moved in it, or whose money is still to be taken or
    given back.
    """
    seconds = (period.start // 1000, period.end // 1000)
    rows = await tx.fetch(_PLACED, period.start, period.end)
    rows += await tx.fetch(_MONEY, *seconds)
    rows += await tx.fetch(_OWED)
    unique = list({row["key"]: row for row in rows}.values())
    found = Day(to_do={Stage(row["stage"]): row["orders"] for row in await tx.fetch(_STAGES)})
    for start in range(0, len(unique), _PAGE):
        for state in await _states(tx, unique[start : start + _PAGE]):
            found.add(state, period)
    return found


async def _states(tx: Transaction, rows: Sequence[Row]) -> list[OrderState]:
    wanted = [(row["conversation_id"], row["key"]) for row in rows]
    loaded = await load_orders(tx, wanted)
    return [_state(tx.installation, one) for orders in loaded.values() for one in orders]


def _state(installation: str, rows: OrderRows) -> OrderState:
    try:
        return order_state(installation, rows)
    except Exception as error:
        raise Unreadable(f"order {rows.order['key']} cannot be read: {error}") from error


_NUMBERED: Final = "SELECT number, key FROM orders WHERE number = ANY($1::text[]) ORDER BY placed_at"
# The first condition is that of the partial index, word for word.
_TO_DO: Final = """
SELECT conversation_id, key FROM orders WHERE todo IS NOT NULL ORDER BY placed_at, key LIMIT $1"""
_COUNT: Final = "SELECT COUNT(*) AS orders FROM orders WHERE todo IS NOT NULL"
_STAGES: Final = """
SELECT stage, COUNT(*) AS orders FROM orders
WHERE todo IS NOT NULL AND stage IN ('placed', 'accepted', 'preparing', 'ready', 'out') GROUP BY stage"""
_PLACED: Final = "SELECT conversation_id, key FROM orders WHERE placed_at >= $1 AND placed_at < $2"
_MONEY: Final = """
SELECT conversation_id, order_key AS key FROM fact
WHERE entity IN ('payment', 'refund') AND at >= $1 AND at < $2"""
_OWED: Final = "SELECT conversation_id, key FROM orders WHERE todo IS NOT NULL AND todo <> 'goods'"
