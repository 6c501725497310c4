"""Asks for what a change takes: pieces, rupees, a reason."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal, InvalidOperation
from functools import partial
from typing import TypeAlias

from nicegui import ui

from bot.amounts import shown
from bot.console.orders.changing import Change
from bot.console.orders.one_order import OneOrder

Say: TypeAlias = Callable[..., str]
Do: TypeAlias = Callable[[Change], Awaitable[None]]


@contextmanager
def _dialog(title: str) -> Iterator[ui.dialog]:
    with ui.dialog(value=True) as dialog, ui.card().classes("dialog"):
        ui.label(title).props('role="heading" aria-level="2"')
        yield dialog


def _buttons(words: Say, dialog: ui.dialog, press: Callable[[], Awaitable[None]]) -> None:
    with ui.element("div").classes("dialog-buttons"):
        ui.button(words("cancel"), on_click=dialog.close).props("flat no-caps")
        ui.button(words("do_it"), on_click=press).props("unelevated no-caps")


def ask_how_paid(words: Say, one: OneOrder, do: Do, change: Change) -> None:
    """Ask how the money of a delivered order came in."""
    state = one.order.state
    how_paid(words, state.order.number, shown(state.due, state.order.currency), do, change)


def how_paid(words: Say, number: str, due: str, do: Do, change: Change) -> None:
    """Ask how `due` came in, and then make the change."""
    with _dialog(words("how_paid", number=number)) as dialog:
        ui.label(words("how_paid_why", due=due))

        async def chosen(paid: str) -> None:
            dialog.close()
            await do(change.with_(paid=paid))

        for paid in ("cash", "upi", "owed"):
            ui.button(words(f"paid_{paid}"), on_click=partial(chosen, paid)).props("unelevated no-caps")
        ui.button(words("cancel"), on_click=dialog.close).props("flat no-caps")


def ask_really(words: Say, one: OneOrder, do: Do, *, posted: str) -> None:
    """Ask whether the order is really to be called off, and what becomes of its goods."""
    with _dialog(words(f"really_{posted}", number=one.order.state.order.number)) as dialog:
        choices = {"": "goods_unsaid", "restock": "goods_restock", "waste": "goods_waste"}
        names = {value: words(key) for value, key in choices.items()}
        goods = ui.select(names, value="", label=words("goods_after")).props("outlined")

        async def press() -> None:
            dialog.close()
            await do(Change(posted, {"goods": goods.value} if goods.value else {}))

        _buttons(words, dialog, press)


def ask_pieces(words: Say, one: OneOrder, do: Do, *, posted: str) -> None:
    """Ask which pieces are taken out, or back, and why."""
    left = {row.sku: f"{row.name} ({row.quantity - row.gone})" for row in one.rows if row.quantity > row.gone}
    with _dialog(words(f"do_{posted}")) as dialog:
        sku = ui.select(left, value=next(iter(left), None), label=words("which")).props("outlined")
        pieces = ui.input(words("pieces"), value="1").props('outlined inputmode="numeric" maxlength=5')
        why = ui.input(words("reason")).props("outlined maxlength=200")

        async def press() -> None:
            if not str(pieces.value).isdecimal() or int(pieces.value) < 1 or sku.value is None:
                ui.notify(words("bad_pieces"), type="warning")
                return
            dialog.close()
            body = {"sku": sku.value, "quantity": int(pieces.value), "why": str(why.value or "")}
            await do(Change(posted, body))

        _buttons(words, dialog, press)


def ask_allowance(words: Say, one: OneOrder, do: Do) -> None:
    """Ask how much less is owed, and why."""
    with _dialog(words("do_allowance")) as dialog:
        rupees = ui.input(words("rupees")).props('outlined inputmode="decimal" maxlength=12')
        why = ui.input(words("reason")).props("outlined maxlength=200")

        async def press() -> None:
            if (amount := paise(str(rupees.value or ""))) is None:
                ui.notify(words("bad_amount"), type="warning")
                return
            dialog.close()
            await do(Change("allowance", {"amount": amount, "why": str(why.value or "")}))

        _buttons(words, dialog, press)


def ask_hand(words: Say, one: OneOrder, do: Do) -> None:
    """Ask how much was taken by hand, and how."""
    due = one.order.state.due
    with _dialog(words("do_payment")) as dialog:
        methods = {"cash": words("cash"), "upi": words("upi")}
        method = ui.select(methods, value="cash", label=words("method")).props("outlined")
        written = f"{due // 100}.{due % 100:02}"
        rupees = ui.input(words("rupees"), value=written).props('outlined inputmode="decimal" maxlength=12')

        async def press() -> None:
            if (amount := paise(str(rupees.value or ""))) is None:
                ui.notify(words("bad_amount"), type="warning")
                return
            dialog.close()
            await do(Change("hand", {"method": method.value, "amount": amount}))

        _buttons(words, dialog, press)


def ask_note(words: Say, one: OneOrder, do: Do) -> None:
    """Ask for the note of the order."""
    with _dialog(words("do_note")) as dialog:
        note = ui.input(words("note"), value=one.order.state.to.note).props("outlined maxlength=400")

        async def press() -> None:
            dialog.close()
            await do(Change("note", {"note": str(note.value or "")}))

        _buttons(words, dialog, press)


def paise(written: str) -> int | None:
    """Return rupees, as a person writes them, in paise; None if they are no amount."""
    try:
        amount = Decimal(written.strip().removeprefix("₹").replace(",", ""))
    except InvalidOperation:
        return None
    whole = amount * 100
    if not amount.is_finite() or whole != whole.to_integral_value() or whole < 1:
        return None
    return int(whole)
