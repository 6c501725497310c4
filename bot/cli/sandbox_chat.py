"""A chat in the terminal with the shop of a running `munshi serve --sandbox`."""

import asyncio
import os
from collections.abc import Sequence
from typing import Final

import httpx
from rich.console import Console
from rich.text import Text

from bot.cli.lifecycle import VARIABLE, database_url, refuse
from bot.demo.chat import Chat
from bot.demo.remote import RemotePhone
from bot.whatsapp import phones
from payments.shop.staff import StaffSpec

_HOME: Final = "IN"


def talk(title: str, staff: Sequence[StaffSpec], who: str, name: str | None) -> None:
    """Run a chat as `who`, a phone number or the name of one of `staff`. Ends the command if it can't."""
    address = os.environ.get(VARIABLE)
    if not address:
        refuse(
            f"{VARIABLE} is not set: run 'munshi serve --sandbox' in another terminal, and paste here the"
            " line that it prints, which begins with 'export'"
        )
    number, called = _person(staff, who)
    asyncio.run(_talk(address, title, number, name or called))


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
    return digits, names_of.get(f"+{digits}", "Asha")


async def _talk(address: str, title: str, number: str, name: str) -> None:
    console = Console(highlight=False)
    console.print(
        Text("Choose by number or by typing. /pay /fail /reply /state /quit, /help for all.", "dim")
    )
    async with httpx.AsyncClient(base_url=address, trust_env=False, timeout=20) as client:
        await Chat(RemotePhone(client, number, name, title, database_url()), console).run(greeting="")
