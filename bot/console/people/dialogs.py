"""Asks for what a change of a person takes: a name, a role, a password twice."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from nicegui import ui

from bot.console.words import Words
from storage.accounts.people import LONGEST_NAME, Role

Done: TypeAlias = Awaitable[bool]
"""Whether it was done. If it was not, the dialog stays, with what was typed."""


@contextmanager
def _dialog(words: Words, title: str, press: Callable[[], Done]) -> Iterator[None]:
    with ui.dialog(value=True) as dialog, ui.card().classes("dialog"):
        ui.label(title).props('role="heading" aria-level="2"')
        dialog.on("hide", dialog.delete)  # with the passwords that were typed
        yield

        async def pressed() -> None:
            if await press():
                dialog.close()

        with ui.element("div").classes("dialog-buttons"):
            ui.button(words("cancel"), on_click=dialog.close).props("flat no-caps")
            ui.button(words("do_it"), on_click=pressed).props("unelevated no-caps")


def ask_person(words: Words, add: Callable[[str, Role, str, str], Done]) -> None:
    """Ask who is added."""

    def press() -> Done:
        return add(str(name.value or ""), Role(role.value), str(first.value or ""), str(second.value or ""))

    with _dialog(words, words("add"), press):
        name = ui.input(words("name")).props(f"outlined maxlength={LONGEST_NAME} autocomplete=off")
        role = _roles(words, Role.STAFF)
        first, second = _passwords(words)


def ask_role(words: Words, name: str, now: Role, change: Callable[[str, Role], Done]) -> None:
    """Ask which role a person has from now on."""
    title = words("about", what=words("set_role"), name=name)
    with _dialog(words, title, lambda: change(name, Role(role.value))):
        role = _roles(words, now)


def ask_password(words: Words, name: str, change: Callable[[str, str, str], Done]) -> None:
    """Ask for a person's new password."""

    def press() -> Done:
        return change(name, str(first.value or ""), str(second.value or ""))

    with _dialog(words, words("about", what=words("set_password"), name=name), press):
        ui.label(words("password_ends", name=name))
        first, second = _passwords(words)


def ask_really(words: Words, what: str, name: str, change: Callable[[str], Done]) -> None:
    """Ask whether it is really to be done: `end_sessions` or `remove`."""
    with _dialog(words, words("about", what=words(what), name=name), lambda: change(name)):
        ui.label(words(f"really_{what}", name=name))


def _roles(words: Words, chosen: Role) -> ui.radio:
    return ui.radio({str(role): words(f"does_{role}") for role in Role}, value=str(chosen)).props(
        f'aria-label="{words("role")}"'
    )


def _passwords(words: Words) -> tuple[ui.input, ui.input]:
    first = ui.input(words("password"), password=True)
    second = ui.input(words("again"), password=True)
    for one in (first, second):
        one.props('outlined maxlength=200 autocomplete="new-password"')
    ui.label(words("password_hint")).classes("quiet")
    return first, second
