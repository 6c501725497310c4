"""The orders for the commands of those who run the shop; see `storage.reports.desk`."""

from collections.abc import Sequence

from tortoise.expressions import Q
from tortoise.queryset import QuerySet

from payments.processing.step_input import EventKind
from storage.database.models import Alias, Amendment, Attempt, Conversation, Fact, Inbox, Order, Refund
from storage.database.records import Records
from storage.database.transaction import Row
from storage.inbox.customers import Naming
from storage.inbox.step_inputs import OrderRows, by_order
from storage.reports.desk import DeskOrder, OrderFilter, OrderPage, People, desk_order, page


async def listed(records: Records, wanted: OrderFilter, naming: Naming) -> OrderPage:
    """Return one page of the orders that `wanted` describes."""
    query = _filtered(wanted).using_db(records.client)
    if wanted.phones is not None:
        names = Alias.filter(value__in=wanted.phones, kind=naming.passing).using_db(records.client)
        owners = [alias.conversation_id for alias in await names.only("conversation_id")]
        query = query.filter(conversation_id__in=owners)
    sort = ("placed_at", "key") if wanted.todo else ("-placed_at", "-key")
    rows = await query.order_by(*sort).limit(wanted.limit + 1).values()
    return page(await _orders(records, rows, naming), wanted.limit)


def _filtered(wanted: OrderFilter) -> QuerySet[Order]:
    query = Order.filter(placed_at__gte=wanted.since, placed_at__lt=wanted.until)
    if wanted.todo:
        # Matches any task. A planner does not match the ORM's "is not null" with the partial index.
        query = query.filter(todo__gte="")
    if wanted.stage is not None:
        query = query.filter(stage=wanted.stage)
    if wanted.payment is not None:
        query = query.filter(payment=wanted.payment)
    if (after := wanted.after) is not None and wanted.todo:
        beyond = Q(placed_at__gt=after.placed_at) | Q(key__gt=after.key)
        query = query.filter(beyond, placed_at__gte=after.placed_at)
    elif after is not None:
        beyond = Q(placed_at__lt=after.placed_at) | Q(key__lt=after.key)
        query = query.filter(beyond, placed_at__lte=after.placed_at)
    return query


async def detailed(records: Records, words: str, naming: Naming) -> list[DeskOrder]:
    """Return the orders with `words` as their key or their number, each with what the staff did."""
    named = Order.filter(Q(number=words) | Q(key=words[:64])).using_db(records.client)
    rows = await named.order_by("key").values()
    return await _orders(records, rows, naming, detailed=True)


async def _orders(
    records: Records, rows: Sequence[Row], naming: Naming, *, detailed: bool = False
) -> list[DeskOrder]:
    """Return the orders in `rows`, in this order."""
    keys, owners = [row["key"] for row in rows], sorted({row["conversation_id"] for row in rows})
    if not keys:
        return []
    client, of_page = records.client, Q(conversation_id__in=owners, order_key__in=keys)
    attempts = by_order(await Attempt.filter(of_page).using_db(client).order_by("ordinal").values())
    facts = by_order(await Fact.filter(of_page).using_db(client).order_by("id").values())
    refunds = by_order(await Refund.filter(of_page).using_db(client).order_by("key").values())
    changed = Amendment.filter(of_page).using_db(client).order_by("caused_by", "key")
    amendments = by_order(await changed.values())
    people = await _people(records, owners, naming)
    moves = by_order(await _moves(records, of_page) if detailed else ())
    return [
        desk_order(
            records.installation,
            OrderRows(row, *(table.get(row["key"], ()) for table in (attempts, facts, refunds, amendments))),
            people,
            moves.get(row["key"], ()),
        )
        for row in rows
    ]


async def _people(records: Records, ids: Sequence[int], naming: Naming) -> People:
    found = await Conversation.filter(id__in=ids).using_db(records.client).values("id", "snapshot")
    aliases = Alias.filter(conversation_id__in=ids, kind=naming.passing).using_db(records.client)
    # Oldest first, so that the newest remains.
    names = await aliases.order_by("told_at", "id").values("conversation_id", "value")
    return People(
        {row["id"]: row["snapshot"] for row in found},
        {row["conversation_id"]: row["value"] for row in names},
    )


async def _moves(records: Records, of_orders: Q) -> Sequence[Row]:
    """Return the staff's events about some orders."""
    handled = Inbox.filter(of_orders, kind=EventKind.STAFF, handled_at__gte=0).using_db(records.client)
    return await handled.order_by("id").values("order_key", "body", "trace", "handled_at")
