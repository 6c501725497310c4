"""Asks for what a change takes: pieces, rupees, a reason."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Final, TypeAlias

from nicegui import ui

from bot.amounts import shown
from bot.console.orders.changing import Change
from bot.console.orders.one_order import OneOrder
from bot.console.typed import count_of, paise_of, text_of

Say: TypeAlias = Callable[..., str]
Do: TypeAlias = Callable[[Change], Awaitable[None]]
_REASON: Final = 200
_NOTE: Final = 400


@contextmanager
def _dialog(title: str) -> Iterator[ui.dialog]:
    with ui.dialog(value=True) as dialog, ui.card().classes("dialog"):
        dialog.on("hide", dialog.delete)
        ui.label(title).props('role="heading" aria-level="2"')
        yield dialog


def _buttons(words: Say, dialog: ui.dialog, press: Callable[[], Awaitable[None]]) -> None:
    async def pressed() -> None:
        if dialog.value:  # the second click of a double click comes when the dialog is closed
            await press()

    with ui.element("div").classes("dialog-buttons"):
        ui.button(words("cancel"), on_click=dialog.close).props("flat no-caps")
        ui.button(words("do_it"), on_click=pressed).props("unelevated no-caps")


def ask_how_paid(words: Say, one: OneOrder, do: Do, change: Change) -> None:
    """Ask how the money of a delivered order came in."""
    state = one.order.state
    how_paid(words, state.order.number, shown(state.due, state.order.currency), do, change)


def how_paid(words: Say, number: str, due: str, do: Do, change: Change) -> None:
    """Ask how `due` came in, and then make the change."""
    with _dialog(words("how_paid", number=number)) as dialog:
        ui.label(words("how_paid_why", due=due))

        async def chosen(paid: str) -> None:
            if dialog.value:
                dialog.close()
                await do(change.with_(paid=paid))

        for paid in ("cash", "upi", "owed"):
            ui.button(words(f"paid_{paid}"), on_click=partial(chosen, paid)).props("unelevated no-caps")
        ui.button(words("cancel"), on_click=dialog.close).props("flat no-caps")


def ask_really(words: Say, one: OneOrder, do: Do, *, posted: str) -> None:
    """Ask whether the order is really to be called off, and what becomes of its goods."""
    change = Change(posted)
    with _dialog(words(f"really_{posted}", number=one.order.state.order.number)) as dialog:
        choices = {"": "goods_unsaid", "restock": "goods_restock", "waste": "goods_waste"}
        names = {value: words(key) for value, key in choices.items()}
        goods = ui.select(names, value="", label=words("goods_after")).props("outlined")

        async def press() -> None:
            dialog.close()
            await do(change.with_(goods=goods.value) if goods.value else change)

        _buttons(words, dialog, press)


def ask_pieces(words: Say, one: OneOrder, do: Do, *, posted: str) -> None:
    """Ask which pieces are taken out, or back, and why."""
    left = {row.sku: f"{row.name} ({row.quantity - row.gone})" for row in one.rows if row.quantity > row.gone}
    change = Change(posted)
    with _dialog(words(f"do_{posted}")) as dialog:
        sku = ui.select(left, value=next(iter(left), None), label=words("which")).props("outlined")
        pieces = ui.input(words("pieces"), value="1").props('outlined inputmode="numeric" maxlength=5')
        why = ui.input(words("reason")).props(f"outlined maxlength={_REASON}")

        async def press() -> None:
            if (count := count_of(pieces.value)) is None or sku.value is None:
                ui.notify(words("bad_pieces"), type="warning")
                return
            dialog.close()
            await do(change.with_(sku=sku.value, quantity=count, why=text_of(why.value, _REASON)))

        _buttons(words, dialog, press)


def ask_allowance(words: Say, one: OneOrder, do: Do) -> None:
    """Ask how much less is owed, and why."""
    change = Change("allowance")
    with _dialog(words("do_allowance")) as dialog:
        rupees = ui.input(words("rupees")).props('outlined inputmode="decimal" maxlength=12')
        why = ui.input(words("reason")).props(f"outlined maxlength={_REASON}")

        async def press() -> None:
            if (amount := paise_of(rupees.value)) is None:
                ui.notify(words("bad_amount"), type="warning")
                return
            dialog.close()
            await do(change.with_(amount=amount, why=text_of(why.value, _REASON)))

        _buttons(words, dialog, press)


def ask_hand(words: Say, one: OneOrder, do: Do) -> None:
    """Ask how much was taken by hand, and how."""
    due, change = one.order.state.due, Change("hand")
    with _dialog(words("do_payment")) as dialog:
        methods = {"cash": words("cash"), "upi": words("upi")}
        method = ui.select(methods, value="cash", label=words("method")).props("outlined")
        written = f"{due // 100}.{due % 100:02}"
        rupees = ui.input(words("rupees"), value=written).props('outlined inputmode="decimal" maxlength=12')

        async def press() -> None:
            if (amount := paise_of(rupees.value)) is None:
                ui.notify(words("bad_amount"), type="warning")
                return
            dialog.close()
            await do(change.with_(method=method.value, amount=amount))

        _buttons(words, dialog, press)


def ask_note(words: Say, one: OneOrder, do: Do) -> None:
    """Ask for the note of the order."""
    change = Change("note")
    with _dialog(words("do_note")) as dialog:
        note = ui.input(words("note"), value=one.order.state.to.note).props(f"outlined maxlength={_NOTE}")

        async def press() -> None:
            dialog.close()
            await do(change.with_(note=text_of(note.value, _NOTE)))

        _buttons(words, dialog, press)
