"""A chat in the terminal with the shop of a running `munshi serve --sandbox`."""

import asyncio
import os
from collections.abc import Sequence
from typing import Final

import httpx
from rich.console import Console
from rich.text import Text

from bot.cli.lifecycle import VARIABLE, database_url, refuse
from bot.counted import counted
from bot.demo.chat import Chat
from bot.demo.phone import NotPossible
from bot.demo.remote import RemotePhone
from bot.terminal.commands import form_example
from bot.whatsapp import phones
from payments.shop.catalogue import Shop
from payments.shop.staff import StaffSpec

_HOME: Final = "IN"
_NAMES: Final = (
    *("Asha", "Bilal", "Chitra", "Dev", "Esther", "Farhan", "Gauri", "Harpreet", "Imran", "Jaya"),
    *("Kabir", "Lata", "Mohan", "Nisha", "Omar", "Priya", "Ravi", "Salma", "Tara", "Uday"),
)
"""Customers by their number: who tries the shop as several people must tell them apart."""
_SHOWN: Final = 3
"""Messages of the shop of an earlier chat that are shown again when it goes on."""


def talk(title: str, shop: Shop, who: str, name: str | None, *, whole: bool) -> None:
    """Run a chat as `who`, a phone number or the name of one of the staff. Ends the command if it can't.

    `whole`: it is shown from its beginning.
    """
    address = os.environ.get(VARIABLE)
    if not address:
        refuse(
            f"{VARIABLE} is not set: run 'munshi serve --sandbox' in another terminal, and paste here the"
            " line that it prints, which begins with 'export'"
        )
    number, known_as = _person(shop.staff, who)
    try:
        asyncio.run(_talk(address, title, number, name or known_as, form_example(shop), whole=whole))
    except NotPossible as error:
        refuse(str(error))


def _person(staff: Sequence[StaffSpec], who: str) -> tuple[str, str]:
    """Return the digits of the phone number that `who` means, and the person's name."""
    for member in staff:
        if who.casefold() == member.name.casefold():
            return member.phone.removeprefix("+"), member.name
    try:
        digits = phones.valid(who, _HOME)
    except ValueError:
        names = ", ".join(member.name for member in staff) or "nobody is"
        refuse(f"'{who}' is no phone number, and none of the staff in the flow file ({names})")
    names_of = {member.phone: member.name for member in staff}
    return digits, names_of.get(f"+{digits}", called(digits))


def called(digits: str) -> str:
    """Return the name of the sandbox's customer with this phone number."""
    return _NAMES[(int(digits) - 1) % len(_NAMES)]


async def _talk(address: str, title: str, number: str, name: str, form: str, *, whole: bool) -> None:
    console = Console(highlight=False)
    console.print(
        Text("Choose by number or by typing. /pay /fail /reply /state /quit, /help for all.", "dim")
    )
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as client:
        phone = RemotePhone(client, number, name, title, database_url())
        try:
            skipped, earlier = await phone.earlier(None if whole else _SHOWN)
        except NotPossible as error:
            refuse(str(error))
        if skipped:
            message = (
                f"{counted(skipped, 'earlier message')} not shown: munshi chat --sandbox --whole shows all"
            )
            console.print(Text(message, "dim"))
        await Chat(phone, console, form).run(greeting="", earlier=earlier)
