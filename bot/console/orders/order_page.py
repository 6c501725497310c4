"""One order: goods, address, money, what happened, why each message was sent; and what can be changed."""

from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import quote, quote_plus

from fastapi import Request
from nicegui import ui

from bot.amounts import shown
from bot.console.context import Console
from bot.console.frame import base_of, empty, frame, told, visit_of
from bot.console.live import Live
from bot.console.orders.changing import Change, OrderChanges
from bot.console.orders.dialogs import ask_allowance, ask_hand, ask_how_paid, ask_note, ask_pieces, ask_really
from bot.console.orders.one_order import OneOrder, read
from bot.console.orders.seen import seen_by
from bot.console.orders.words import ORDERS
from bot.console.shop_now import clock_time
from bot.console.visit import Visit
from bot.order_words import stands
from flows.document.errors import FlowInvalid
from payments.ledger.hints import for_held
from payments.ledger.holds import in_words
from payments.ledger.state import Task
from payments.shop.catalogue import Shop
from payments.shop.fulfilment import Stage, following
from payments.shop.order_terms import Fulfilment
from storage.accounts.people import Role
from storage.database.errors import StorageError
from storage.database.records import Records
from storage.inbox.order_rows import Unreadable

_MAP: Final = "https://www.google.com/maps/search/?api=1&query="


def add(console: Console) -> None:
    """Add the page of one order, and its packing slip, to the console."""

    @ui.page("/orders/{key}")
    def one(request: Request, key: str) -> None:
        visit = visit_of(request)
        with frame(request, visit, "orders", title=visit.words("orders")):
            _OrderPage(console, visit, base_of(request), key[:64]).live.start()

    @ui.page("/orders/{key}/slip")
    async def slip(request: Request, key: str) -> None:
        visit = visit_of(request)
        ui.add_head_html(f'<link rel="stylesheet" href="{base_of(request)}/style.css">')
        try:
            found, shop = await console.books.read(partial(_with_shop, console, key[:64]))
        except (LookupError, StorageError, Unreadable, FlowInvalid) as error:
            ui.label(visit.words("no_books", why=str(error)))
            return
        _draw_slip(visit, found, shop)


async def _with_shop(console: Console, key: str, records: Records) -> tuple[OneOrder, Shop]:
    return await read(records, key), await console.shop.shop(records)


class _OrderPage:
    """One open order."""

    def __init__(self, console: Console, visit: Visit, base: str, key: str) -> None:
        self._console, self._visit, self._base, self._key = console, visit, base, key
        self._words, self._seen = visit.words.of(ORDERS), seen_by(visit)
        self._changes = OrderChanges(console, visit)
        self.live: Live[tuple[OneOrder, Shop]] = Live(
            console, visit, partial(_with_shop, console, key), self._draw
        )
        self._whole = ui.element("div").classes("order")
        self._dialogs = ui.element("div")
        """Stands beside what is drawn anew while a dialog is open."""

    def _draw(self, found: tuple[OneOrder, Shop]) -> None:
        one, shop = found
        self._whole.clear()
        with self._whole:
            with ui.element("a").props(f'href="{self._base}/"').classes("plain"):
                ui.label(f"← {self._words('back')}")
            self._head(one)
            with ui.element("div").classes("two"):
                with ui.element("div"):
                    _goods(self._words, one)
                    self._destination(one)
                    self._actions(one, shop)
                with ui.element("div"):
                    self._happened(one, shop)
            self._messages(one, shop)

    def _head(self, one: OneOrder) -> None:
        state = one.order.state
        with ui.element("div").classes("order-head"):
            ui.label(f"#{state.order.number}").classes("order-number").props('role="heading" aria-level="2"')
            ui.label(stands(state)).classes("stands")
        for task in state.tasks:
            pickup = task is Task.GOODS and state.to.how is Fulfilment.PICKUP
            said = ui.label(self._words("task_pickup" if pickup else f"task_{task}"))
            said.classes("quiet" if task is Task.GOODS else "task")
        if state.held_for is not None:
            ui.label(f"{in_words(state.held_for)}; {for_held(state.held_for)}").classes("task")

    def _destination(self, one: OneOrder) -> None:
        words, seen, to = self._words, self._seen, one.order.state.to
        who = " ".join(filter(None, (seen(one.order.name), self._visit.phone(one.order.phone))))
        phone = self._visit.phone(to.phone.removeprefix("+")) if to.phone else ""
        told_of = (
            ("customer", who),
            ("receiver", " ".join(filter(None, (seen(to.name), phone)))),
            ("to", words("pickup") if to.how is Fulfilment.PICKUP else seen(to.address)),
            ("when", to.slot_name),
            ("note", seen(to.note)),
        )
        with ui.element("dl").classes("facts-list"):
            for key, value in told_of:
                if value:
                    _pair(words(key), value)
        if to.address and to.how is not Fulfilment.PICKUP:
            with ui.element("a").props(
                f'href="{_MAP}{quote_plus(seen(to.address))}" target="_blank" rel="noreferrer"'
            ):
                ui.label(words("map"))

    def _actions(self, one: OneOrder, shop: Shop) -> None:
        words, state = self._words, one.order.state
        with ui.element("div").classes("actions"):
            if self._visit.may(Role.STAFF):
                if state.running and state.stage is not None:
                    for to in following(state.stage, shop.stages):
                        self._stage_button(one, to)
                ui.button(words("do_note"), on_click=self._asking(one, ask_note)).props("outline no-caps")
                if state.due and state.goods_due:
                    ui.button(words("do_payment"), on_click=self._asking(one, ask_hand)).props(
                        "outline no-caps"
                    )
            if self._visit.may(Role.OWNER):
                for key, asks in self._owners(one):
                    ui.button(words(key), on_click=self._asking(one, asks)).props("outline no-caps")
            elif self._visit.may(Role.STAFF):
                ui.label(words("owner_does")).classes("quiet")
            slip = f"{self._base}/orders/{quote(self._key, safe='')}/slip"
            with ui.element("a").props(f'href="{slip}" target="_blank"').classes("plain"):
                ui.label(words("slip"))

    def _owners(self, one: OneOrder) -> list[tuple[str, Callable[..., None]]]:
        state = one.order.state
        offers: list[tuple[str, Callable[..., None]]] = []
        if state.running:
            offers.append(("do_less", partial(ask_pieces, posted="less")))
        if state.stage is Stage.DELIVERED:
            offers.append(("do_return", partial(ask_pieces, posted="return")))
        if state.goods_due:
            offers.append(("do_allowance", ask_allowance))
        if state.stage is Stage.OUT:
            offers.append(("do_refuse", partial(ask_really, posted="refuse")))
        elif state.running or state.can_be_called_off:
            offers.append(("do_cancel", partial(ask_really, posted="cancel")))
        return offers

    def _stage_button(self, one: OneOrder, to: Stage) -> None:
        state = one.order.state
        change = Change("stage", {"to": str(to), "from": str(state.stage)})

        async def press() -> None:
            if to is Stage.DELIVERED and state.due:
                self._open(one, partial(ask_how_paid, change=change))
            else:
                await self._do(one, change)

        ui.button(self._words(f"move_{to}"), on_click=press).props("unelevated no-caps")

    def _asking(self, one: OneOrder, asks: Callable[..., None]) -> Callable[[], None]:
        return partial(self._open, one, asks)

    def _open(self, one: OneOrder, asks: Callable[..., None]) -> None:
        self._dialogs.clear()  # a double click opens one dialog
        with self._dialogs:
            asks(self._words, one, partial(self._do, one))

    async def _do(self, one: OneOrder, change: Change) -> None:
        number = one.order.state.order.number
        await told(partial(self._changes.make, self._key, number, change))
        self.live.again()

    def _happened(self, one: OneOrder, shop: Shop) -> None:
        ui.label(self._words("what_happened")).props('role="heading" aria-level="3"').classes("section")
        with ui.element("ol").classes("time-line"):
            for at, what in one.happened:
                with ui.element("li"):
                    ui.label(clock_time(shop, at)).classes("at")
                    ui.label(self._seen(what))
        for attempt in one.order.state.attempts:
            line = f"{attempt.reference_id}: {attempt.status} {attempt.short_url or ''}"
            ui.label(self._seen(line)).classes("quiet")

    def _messages(self, one: OneOrder, shop: Shop) -> None:
        ui.label(self._words("messages")).props('role="heading" aria-level="3"').classes("section")
        if not one.sent:
            empty(self._words("no_messages"), self._words("no_messages_then"))
        for sent in one.sent:
            with ui.expansion(f"{clock_time(shop, sent.at)}  {self._seen(sent.said)}").classes("sent"):
                for line in sent.why:
                    ui.label(self._seen(line))


def _goods(words: Callable[..., str], one: OneOrder) -> None:
    currency = one.order.state.order.currency
    with ui.element("dl").classes("sums"):
        for row in one.rows:
            gone = f" ({words('gone', count=row.gone)})" if row.gone else ""
            _pair(f"{row.quantity} × {row.name}{gone}", shown(row.total, currency))
        for key, amount in one.sums:
            name = words(key, code=one.order.state.order.terms.coupon) if key == "coupon" else words(key)
            _pair(name, shown(amount, currency))


def _pair(name: str, value: str) -> None:
    with ui.element("dt"):
        ui.label(name)
    with ui.element("dd"):
        ui.label(value)


def _draw_slip(visit: Visit, one: OneOrder, shop: Shop) -> None:
    """Draw what goes into the bag: no prices that the receiver of a gift should see are left out of it."""
    words, seen, state = visit.words.of(ORDERS), seen_by(visit), one.order.state
    with ui.element("main").classes("slip"):
        ui.label(f"#{state.order.number}").classes("order-number").props('role="heading" aria-level="1"')
        ui.label(clock_time(shop, state.order.placed_at))
        for value in (one.order.name, state.to.name, state.to.address, state.to.slot_name, state.to.note):
            if value:
                ui.label(seen(value))
        with ui.element("table"):
            for row in one.rows:
                if row.quantity > row.gone:
                    with ui.element("tr"):
                        with ui.element("td"):
                            ui.label(f"☐  {row.quantity - row.gone} ×")
                        with ui.element("td"):
                            ui.label(row.name)
        if state.due and state.goods_due:
            ui.label(words("is_due", due=shown(state.due, state.order.currency))).classes("due")
        ui.button(words("print"), on_click=lambda: ui.run_javascript("window.print()")).classes("no-print")
