"""The first page: the board of orders by stage. A card is moved by its button, or by dragging it."""

from functools import partial
from json import dumps
from typing import Final
from urllib.parse import quote

from fastapi import Request
from nicegui import ui
from nicegui.events import GenericEventArguments

from bot.amounts import shown
from bot.console.context import Console
from bot.console.frame import base_of, empty, frame, told, visit_of
from bot.console.live import Live
from bot.console.orders.board import MONEY, MOST, Board, Card, read
from bot.console.orders.changing import Change, OrderChanges
from bot.console.orders.dialogs import how_paid
from bot.console.orders.words import ORDERS
from bot.console.server_desk import NotDone
from bot.console.visit import Visit
from bot.whatsapp.channel import WHATSAPP
from payments.ledger.state import Task
from payments.shop.fulfilment import Stage
from storage.accounts.people import Role
from storage.database.records import Records
from storage.inbox.order_rows import Unreadable
from storage.reports import order_queries

_ICONS: Final = {
    "placed": "inbox", "accepted": "thumb_up", "preparing": "skillet", "ready": "shopping_bag",
    "out": "moped", "delivered": "done_all", MONEY: "currency_rupee",
}  # fmt: skip
"""A picture beside the name of each column."""
_PRESSED: Final = "munshi_move"
"""The page's own event, so that a press counts though its card was drawn anew meanwhile."""
_SHOWN_TASKS: Final = (Task.CASH, Task.REFUND, Task.HELD, Task.DELIVERY)
_BELL: Final = """
window.munshiBell = () => { try {
  const audio = new AudioContext(), tone = audio.createOscillator(), gain = audio.createGain();
  tone.frequency.value = 880; gain.gain.setValueAtTime(0.2, audio.currentTime);
  gain.gain.exponentialRampToValueAtTime(0.001, audio.currentTime + 0.6);
  tone.connect(gain).connect(audio.destination); tone.start(); tone.stop(audio.currentTime + 0.6);
} catch (none) {} }
"""


def add(console: Console) -> None:
    """Add the board to the console."""

    @ui.page("/")
    def board(request: Request) -> None:
        visit = visit_of(request)
        with frame(request, visit, "orders"):
            _BoardPage(console, visit, base_of(request)).live.start()


class _BoardPage:
    """One open board."""

    def __init__(self, console: Console, visit: Visit, base: str) -> None:
        self._console, self._visit, self._base = console, visit, base
        self._words = visit.words.of(ORDERS)
        self._changes = OrderChanges(console, visit)
        self._cards: dict[str, Card] = {}
        self._drawn: dict[str, ui.element] = {}
        self._columns: dict[str, ui.element] = {}
        self._counts: dict[str, ui.label] = {}
        self._dragged: Card | None = None
        self._focus = ""
        self._left: ui.element | None = None
        ui.add_head_html(f"<script>{_BELL}</script>")
        if visit.may(Role.STAFF):  # a page makes no event for who has no button
            ui.on(_PRESSED, self._pressed)
        with ui.element("div").classes("board-top"):
            self._find = ui.input(self._words("find")).props("dense outlined maxlength=40").classes("find")
            self._find.on("keydown.enter", self._look_for)
            self._sound = ui.switch(self._words("sound"), value=True)
        self._cut = ui.label().classes("trouble")
        self._cut.set_visibility(False)
        self._nothing = ui.element("div")
        with self._nothing:
            empty(self._words("no_orders"), self._words("no_orders_then"))
        self._board = ui.element("div").classes("board")
        self.live: Live[Board] = Live(console, visit, self._read, self._draw)

    async def _read(self, records: Records) -> Board:
        flow = await self._console.shop.flow(records)
        shop = await self._console.shop.shop(records)
        name = str(flow.statics[flow.languages[0]]["shop"]["name"])
        return await read(records, shop, name, self._console.clock.now())

    async def _look_for(self) -> None:
        number = str(self._find.value or "").strip().removeprefix("#")
        if number:
            await told(partial(self._go_to, number[:40]))

    async def _go_to(self, number: str) -> None:
        await self._console.allow(self._visit, Role.VIEWER, f"find {number}")
        try:
            found = await self._console.books.read(lambda records: _named(records, number))
        except LookupError:
            raise NotDone(self._words("not_found", number=number)) from None
        except Unreadable as error:
            raise NotDone(self._words("no_books", why=str(error))) from error
        ui.navigate.to(f"{self._base}/orders/{quote(found, safe='')}")

    def _draw(self, board: Board) -> None:
        first = not self._columns
        for column in board.columns:
            if column not in self._columns:
                self._add_column(column)
        now = {card.key: card for card in board.cards}
        for key in [key for key, card in self._cards.items() if now.get(key) != card]:
            self._drawn.pop(key).delete()
            del self._cards[key]
        for card in board.cards:
            if card.key not in self._cards:
                self._add_card(card, new=not first)
        for column, label in self._counts.items():
            count = len(board.of(column))
            label.set_text(str(count))
            self._columns[column].classes(
                add="is-empty" if not count else "", remove="is-empty" if count else ""
            )
        self._cut.set_text(self._words("more", count=MOST))
        self._cut.set_visibility(board.cut)
        self._nothing.set_visibility(not board.cards)
        self._focus_again()

    def _add_column(self, column: str) -> None:
        with self._board, ui.element("section").classes("lane") as section:
            section.props(f'aria-label="{self._words(column)}"')
            with ui.element("div").classes("lane-head"):
                ui.icon(_ICONS[column]).props('aria-hidden="true"')
                ui.label(self._words(column)).props('role="heading" aria-level="2"')
                self._counts[column] = ui.label("0").classes("count")
            self._columns[column] = (
                ui.element("div").classes("cards").props(f'data-nothing="{self._words("nothing_in")}"')
            )
        section.on("dragover.prevent", lambda: None)
        section.on("drop", partial(self._dropped, column))

    def _add_card(self, card: Card, *, new: bool) -> None:
        known = {one.key for one in self._cards.values()}
        with self._columns[card.column], ui.element("article").classes("card") as drawn:
            drawn.props(f'data-order="{card.key}"')
            drawn.move(target_index=self._place(card))
            if card.why_unreadable:
                ui.label(f"#{card.number}").classes("number")
                ui.label(self._words("unreadable", why=card.why_unreadable))
            else:
                self._card(card, drawn)
        self._cards[card.key], self._drawn[card.key] = card, drawn
        if new and card.stage is Stage.PLACED and card.key not in known | {self._focus}:
            ui.notify(self._words("new_order", number=card.number), type="positive")
            if self._sound.value:
                ui.run_javascript("munshiBell()")

    def _place(self, card: Card) -> int:
        """Return how many cards of the column come before this one: the oldest stands at the top."""
        others = (one for one in self._cards.values() if one.column == card.column)
        return sum((one.placed_at, one.key) < (card.placed_at, card.key) for one in others)

    def _card(self, card: Card, drawn: ui.element) -> None:
        words = self._words
        with (
            ui.element("a").props(f'href="{self._base}/orders/{quote(card.key, safe="")}"').classes("number")
        ):
            ui.label(f"#{card.number}")
        ui.label(card.name or self._visit.phone(card.phone)).classes("who")
        ui.label(card.goods).classes("goods")
        with ui.element("div").classes("facts"):
            ui.label(shown(card.owed, card.currency))
            paid = words("is_due", due=shown(card.due, card.currency)) if card.due else words("is_paid")
            ui.label(paid).classes("due" if card.due else "done")
            if where := card.slot or (words("pickup") if card.is_pickup else ""):
                ui.label(where)
        for task in card.tasks:
            if task in _SHOWN_TASKS and card.column == MONEY:
                ui.label(words(f"task_{task}")).classes("task")
        if card.forward and self._visit.may(Role.STAFF):
            to = card.forward[0]
            button = ui.button(words(f"move_{to}")).props("unelevated no-caps")
            button.on("click", js_handler=_press(card, to))
            drawn.props('draggable="true"')
            drawn.on("dragstart", partial(self._take, card))

    def _take(self, card: Card) -> None:
        self._dragged = card

    async def _dropped(self, column: str) -> None:
        card, self._dragged = self._dragged, None
        if card is not None and card.stage is not None and column not in (MONEY, card.column):
            await self._move(card.key, card.number, card.stage, Stage(column))

    async def _pressed(self, event: GenericEventArguments) -> None:
        """Move an order as a page asks, which may be an old one: the server compares the stage it shows."""
        asked = event.args if isinstance(event.args, dict) else {}
        key, number, seen, to = (str(asked.get(name, ""))[:64] for name in ("key", "number", "seen", "to"))
        if {seen, to} <= set(Stage):
            await self._move(key, number, Stage(seen), Stage(to))

    async def _move(self, key: str, number: str, seen: Stage, to: Stage) -> None:
        change = Change("stage", {"to": str(to), "from": str(seen)})
        card = self._cards.get(key)
        if to is Stage.DELIVERED and card is not None and card.due:
            due = shown(card.due, card.currency)
            how_paid(self._words, number, due, partial(self._do, key, number), change)
            return
        await self._do(key, number, change)

    async def _do(self, key: str, number: str, change: Change) -> None:
        self._focus, self._left = key, self._drawn.get(key)
        await told(partial(self._changes.make, key, number, change))
        self.live.again()

    def _focus_again(self) -> None:
        """Give the keyboard back to the card that it moved."""
        # Before the order has moved, the board may be drawn for something else.
        if self._drawn.get(self._focus) not in (None, self._left):
            card = f'[data-order="{self._focus}"]'
            found = f"document.querySelector('{card} button, {card}:not(:has(button)) a')"
            # The browser draws what is new a little later.
            ui.run_javascript(f"setTimeout(() => {found}?.focus(), 50)")
            self._focus = ""


def _press(card: Card, to: Stage) -> str:
    """Return the script that says which order is to be moved, and where the person sees it."""
    asked = {"key": card.key, "number": card.number, "seen": str(card.stage), "to": str(to)}
    return f"() => emitEvent({dumps(_PRESSED)}, {dumps(asked)})"


async def _named(records: Records, number: str) -> str:
    found = await order_queries.detailed(records.reads, number, WHATSAPP.naming)
    if not found:
        raise LookupError(number)
    return found[0].state.key
