"""What the board of orders shows, as values. Pure but for `read`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.whatsapp.channel import WHATSAPP
from payments.ledger.order_sums import sums
from payments.ledger.state import OrderState, Task
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import LADDER, Stage, following, is_forward
from payments.shop.local_time import instant, local_date
from payments.shop.order_terms import Fulfilment
from storage.database.records import Records
from storage.reports import order_queries
from storage.reports.desk import DeskOrder, Listed, OrderFilter, UnreadableOrder

MOST: Final = 200
"""Orders that are shown at most: more than anybody does in a day by hand."""
MONEY: Final = "money"
"""The column of orders with which only money is to be settled."""


@dataclass(frozen=True, slots=True)
class Card:
    """An order on the board."""

    key: str
    number: str
    placed_at: int
    """Milliseconds since 1970, UTC."""
    column: str
    """A stage, or `money`."""
    stage: Stage | None
    name: str
    phone: str
    goods: str
    slot: str
    is_pickup: bool
    owed: int
    due: int
    currency: str
    tasks: tuple[Task, ...]
    forward: tuple[Stage, ...]
    """Where it may go from here, nearest first."""
    why_unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Board:
    """The board of now."""

    shop: str
    columns: tuple[str, ...]
    cards: tuple[Card, ...]
    cut: bool
    """Whether there is more to do than is shown."""

    def of(self, column: str) -> tuple[Card, ...]:
        """Return the cards of a column, oldest first."""
        return tuple(card for card in self.cards if card.column == column)


async def read(records: Records, shop: Shop, name: str, now: int) -> Board:
    """Return the board at `now`, milliseconds since 1970. Raises StorageError."""
    to_do = await order_queries.listed(records.reads, OrderFilter(todo=True, limit=MOST), WHATSAPP.naming)
    today = local_date(shop.timezone, now)
    day = OrderFilter(stage=Stage.DELIVERED, limit=MOST).between(
        instant(shop.timezone, today, 0), instant(shop.timezone, today + timedelta(days=1), 0)
    )
    delivered = await order_queries.listed(records.reads, day, WHATSAPP.naming)
    used = tuple(stage for stage in LADDER if stage in (*shop.stages, Stage.PLACED, Stage.DELIVERED))
    known = {order.key: order for order in (_card(one, used) for one in (*delivered.orders, *to_do.orders))}
    cards = tuple(sorted(known.values(), key=lambda card: (card.placed_at, card.key)))
    return Board(name, (*map(str, used), MONEY), cards, to_do.next is not None)


def _card(order: Listed, used: tuple[Stage, ...]) -> Card:
    return _unreadable(order) if isinstance(order, UnreadableOrder) else card(order, used)


def card(order: DeskOrder, used: tuple[Stage, ...]) -> Card:
    """Return an order as its card, in a shop that uses these stages, in their order."""
    state, found = order.state, sums(order.state)
    return Card(
        key=state.key,
        number=state.order.number,
        placed_at=state.order.placed_at,
        column=_column(state, used),
        stage=state.stage,
        name=order.name,
        phone=order.phone,
        goods=", ".join(f"{line.quantity} × {line.name}" for line in state.lines),
        slot=state.to.slot_name,
        is_pickup=state.to.how is Fulfilment.PICKUP,
        owed=found["owed"],
        due=found["due"],
        currency=state.order.currency,
        tasks=tuple(state.tasks),
        forward=following(state.stage, used) if state.running and state.stage is not None else (),
    )


def _column(state: OrderState, used: tuple[Stage, ...]) -> str:
    """Return where an order stands. One in a stage that the shop uses no more stands in the one before."""
    if state.stage is None or (state.stage.ended and state.stage is not Stage.DELIVERED):
        return MONEY
    if state.stage is Stage.DELIVERED and state.tasks:
        return MONEY
    return str([stage for stage in used if not is_forward(state.stage, stage)][-1])


def _unreadable(order: UnreadableOrder) -> Card:
    return Card(
        key=order.key, number=order.number, placed_at=order.placed_at, column=MONEY, stage=None, name="",
        phone="", goods="", slot="", is_pickup=False, owed=0, due=0, currency="INR", tasks=(), forward=(),
        why_unreadable=order.why,
    )  # fmt: skip
