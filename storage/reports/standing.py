"""Who stands where: the customers of each version of the flow, for `munshi plan` and `munshi history`."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from flows.engine import conversation as conversations
from flows.engine.conversation import Conversation
from payments.processing.conversation_data import order_keys_in
from payments.processing.step_input import StepInput
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction
from storage.inbox.order_rows import load_orders, order_state

PAGE: Final = 500
"""Customers, or orders, that are read at once."""


async def standing(tx: Transaction, number: int, state: str) -> AsyncIterator[StepInput]:
    """Yield the customers who stand in `state` of the version `number`, as steps are given them."""
    last = 0
    while rows := await tx.fetch(_STANDING, number, state, last, PAGE):
        last = rows[-1]["id"]
        for given in await _inputs(tx, rows):
            yield given


_STANDING = """
SELECT id, version, snapshot FROM conversation
WHERE version = $1 AND state = $2 AND id > $3 AND merged_into IS NULL AND forgotten_at IS NULL
ORDER BY id LIMIT $4"""


async def with_open_orders(tx: Transaction) -> AsyncIterator[StepInput]:
    """Yield the customers with an open order, as steps are given them."""
    last = ""
    while rows := await tx.fetch(_OPEN, last, PAGE):
        last = rows[-1]["key"]
        ids = sorted({row["conversation_id"] for row in rows if row["lifecycle"] == "open"})
        for given in await _inputs(tx, await tx.fetch(_OF, ids)):
            yield given


# The condition of a partial index, word for word.
_OPEN = """
SELECT key, conversation_id, lifecycle FROM orders
WHERE lifecycle IN ('open', 'promised') AND key > $1 ORDER BY key LIMIT $2"""
_OF = "SELECT id, version, snapshot FROM conversation WHERE id = ANY($1::bigint[]) AND forgotten_at IS NULL"


async def heard_since(tx: Transaction, since: int) -> AsyncIterator[Conversation]:
    """Yield the conversations of those who wrote since this time, in milliseconds since 1970, UTC."""
    at, id = since, 0
    while rows := await tx.fetch(_HEARD, at, id, PAGE):
        at, id = rows[-1]["last_inbound_at"], rows[-1]["id"]
        for row in rows:
            yield _conversation(tx, row)


_HEARD = """
SELECT id, snapshot, last_inbound_at FROM conversation
WHERE (last_inbound_at, id) > ($1, $2) ORDER BY last_inbound_at, id LIMIT $3"""


async def _inputs(tx: Transaction, rows: Sequence[Row]) -> list[StepInput]:
    people = [(row, _conversation(tx, row)) for row in rows]
    wanted = [(row["id"], key) for row, one in people for key in sorted(order_keys_in(one.data))]
    orders = await load_orders(tx, wanted)
    return [_input(tx, row, one, orders.get(row["id"], ())) for row, one in people]


def _input(tx: Transaction, row: Row, one: Conversation, orders: Sequence[Any]) -> StepInput:
    states = {found.order["key"]: order_state(tx.installation, found) for found in orders}
    return StepInput(one, (), "", states, version=row["version"])


def _conversation(tx: Transaction, row: Row) -> Conversation:
    return conversations.from_json(f"{tx.installation}-{row['id']}", loads(row["snapshot"]))
