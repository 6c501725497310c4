"""Load orders, each with its attempts, facts, refunds and amendments, and read their rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from payments.ledger.facts import Detail, EntityType, Fact, FactState, detail_from_json, is_known
from payments.ledger.holds import from_codes
from payments.ledger.refunds import Refund, RefundStatus
from payments.ledger.state import OrderState
from payments.shop.amendments import Amendment, AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.order_terms import destination_from_json, terms_from_json
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle, Line, Mode, Order
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction


class Unreadable(Exception):
    """The rows of an order cannot be read. `key` names the order. It concerns only who asks for it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(message)
        self.key = key


@dataclass(frozen=True, slots=True)
class OrderRows:
    """An order's rows, not parsed yet."""

    order: Row
    attempts: Sequence[Row]
    facts: Sequence[Row]
    refunds: Sequence[Row]
    amendments: Sequence[Row]


async def load_orders(
    tx: Transaction, wanted: Sequence[tuple[int, str]]
) -> defaultdict[int, list[OrderRows]]:
    """Load the rows of those orders of `wanted` (conversation, order key) that exist, by conversation."""
    found: defaultdict[int, list[OrderRows]] = defaultdict(list)
    orders, *money = await _books(tx, wanted)
    attempts = by_order(await tx.fetch_rows(_ATTEMPTS, "bigint text", wanted)) if orders else {}
    for row in orders:
        rows = (table.get(row["key"], ()) for table in (attempts, *money))
        found[row["conversation_id"]].append(OrderRows(row, *rows))
    return found


async def load_books(tx: Transaction, wanted: Sequence[tuple[int, str]]) -> list[OrderRows]:
    """Load the rows of orders like `load_orders`, without their attempts: a link is no money."""
    orders, *money = await _books(tx, wanted)
    return [OrderRows(row, (), *(table.get(row["key"], ()) for table in money)) for row in orders]


_ByOrder: TypeAlias = Mapping[str, Sequence[Row]]


async def _books(
    tx: Transaction, wanted: Sequence[tuple[int, str]]
) -> tuple[list[Row], _ByOrder, _ByOrder, _ByOrder]:
    """Return the rows of orders, and of their facts, refunds and amendments."""
    if not wanted:
        return [], {}, {}, {}
    orders = await tx.fetch_rows(_ORDERS, "bigint text", wanted)
    facts = by_order(await tx.fetch_rows(_FACTS, "bigint text", wanted)) if orders else {}
    refunds = by_order(await tx.fetch_rows(_REFUNDS, "bigint text", wanted)) if facts else {}
    due = any(row["stage"] is not None for row in orders)
    amendments = by_order(await tx.fetch_rows(_AMENDMENTS, "bigint text", wanted)) if due else {}
    return orders, facts, refunds, amendments


# CROSS JOIN makes SQLite take the VALUES first and seek in the table; IN (VALUES …) would scan it.
_ORDERS = """
SELECT o.* FROM (VALUES {rows}) AS v CROSS JOIN orders o
WHERE o.conversation_id = v.column1 AND o.key = v.column2"""
_ATTEMPTS = """
SELECT a.* FROM (VALUES {rows}) AS v CROSS JOIN attempt a
WHERE a.conversation_id = v.column1 AND a.order_key = v.column2 ORDER BY a.order_key, a.ordinal"""
_FACTS = """
SELECT f.* FROM (VALUES {rows}) AS v CROSS JOIN fact f
WHERE f.conversation_id = v.column1 AND f.order_key = v.column2 ORDER BY f.id"""

_REFUNDS = """
SELECT r.* FROM (VALUES {rows}) AS v CROSS JOIN refund r
WHERE r.conversation_id = v.column1 AND r.order_key = v.column2 ORDER BY r.key"""


_AMENDMENTS = """
SELECT a.* FROM (VALUES {rows}) AS v CROSS JOIN amendment a
WHERE a.conversation_id = v.column1 AND a.order_key = v.column2 ORDER BY a.caused_by, a.key"""


def by_order(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """Return `rows` grouped by their `order_key`."""
    grouped = defaultdict(list)
    for row in rows:
        grouped[row["order_key"]].append(row)
    return grouped


def order_state(installation: str, rows: OrderRows) -> OrderState:
    """Return the order in `rows`, with all that is known of its money. Raises Unreadable."""
    try:
        return _order_state(installation, rows)
    except Exception as error:
        key = rows.order["key"]
        raise Unreadable(key, f"order {key} cannot be read: {error!r}; look into the table orders") from error


def _order_state(installation: str, rows: OrderRows) -> OrderState:
    return OrderState(
        order=order_of(installation, rows.order),
        facts=tuple(_fact(row) for row in rows.facts if is_known(row["entity"], row["state"])),
        attempts=tuple(attempt_of(attempt) for attempt in rows.attempts),
        lifecycle=Lifecycle(rows.order["lifecycle"]),
        refunds=tuple(_refund(refund) for refund in rows.refunds),
        fulfilled=rows.order["fulfilled"],
        held=rows.order["held"],
        held_for=from_codes(rows.order["held_for"]),
        stage=None if rows.order["stage"] is None else Stage(rows.order["stage"]),
        stage_by=rows.order["stage_by"] or "",
        stage_at=rows.order["stage_at"] or 0,
        rating=rows.order["rating"],
        amendments=tuple(_amendment(amendment) for amendment in rows.amendments),
    )


def order_of(installation: str, row: Mapping[str, Any]) -> Order:
    """Return the order in a row of `orders`."""
    return Order(
        key=row["key"],
        number=row["number"],
        conversation=f"{installation}-{row['conversation_id']}",
        lines=tuple(Line(*line) for line in loads(row["lines"])),
        total=row["total"],
        currency=row["currency"],
        placed_at=row["placed_at"],
        placed_by=row["placed_by"],
        to=destination_from_json(loads(row["destination"])),
        terms=terms_from_json(loads(row["terms"])),
    )


def attempt_of(row: Mapping[str, Any]) -> Attempt:
    """Return the attempt in a row of `attempt`."""
    return Attempt(
        reference_id=row["reference_id"],
        order_key=row["order_key"],
        ordinal=row["ordinal"],
        amount=row["amount"],
        currency=row["currency"],
        expires_at=row["expires_at"],
        status=AttemptStatus(row["status"]),
        link_id=row["link_id"],
        short_url=row["short_url"],
        mode=None if row["mode"] is None else Mode(row["mode"]),
    )


def _fact(row: Row) -> Fact:
    detail = row["detail"]
    return Fact(
        order_key=row["order_key"],
        entity=_ENTITIES[row["entity"]],
        entity_id=row["entity_id"],
        state=_STATES[row["state"]],
        amount=row["amount"],
        currency=row["currency"],
        at=row["at"],
        detail=_NO_DETAIL if detail == "{}" else detail_from_json(loads(detail)),
    )


# Faster than to call the enums, for each fact of each order of a step.
_ENTITIES: Final = {str(one): one for one in EntityType}
_STATES: Final = {str(one): one for one in FactState}
_NO_DETAIL: Final = Detail()


def _refund(row: Row) -> Refund:
    return Refund(
        key=row["key"],
        order_key=row["order_key"],
        payment_id=row["payment_id"],
        amount=row["amount"],
        reason=row["reason"],
        status=RefundStatus(row["status"]),
        refund_id=row["refund_id"],
    )


def _amendment(row: Row) -> Amendment:
    return Amendment(
        key=row["key"],
        order_key=row["order_key"],
        kind=AmendmentKind(row["kind"]),
        by=row["changed_by"],
        at=row["created_at"],
        amount=row["amount"],
        sku=row["sku"],
        pieces=row["pieces"],
        why=row["why"],
        to=None if row["destination"] is None else destination_from_json(loads(row["destination"])),
        shelf=bool(row["shelf"]),
    )
