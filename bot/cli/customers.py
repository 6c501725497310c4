"""`munshi customers`: find, show or forget a customer."""

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer

from bot.cli.display import shown
from bot.cli.lifecycle import database_url, looked_up, refuse, settings_or_refuse
from bot.cli.operator_changes import post
from bot.cli.why import phones_meant
from bot.printable import printable
from bot.settings import Settings
from bot.whatsapp.identity import PHONE
from storage.database.records import reading
from storage.reports.customers import Customer, find


class Verb(StrEnum):
    """What to do."""

    FIND = "find"
    SHOW = "show"
    FORGET = "forget"


About = Annotated[
    str, typer.Argument(metavar="CUSTOMER", help="A phone number, an order's number, or a part of a name.")
]


def command(verb: Verb, about: About) -> None:
    """Find customers, show one with their orders, or forget one: erase name, chat and cart, not the money.

    Phone numbers are shown whole. To forget somebody takes the running server, and one phone number.
    """
    found = looked_up(_found(database_url(), about.strip()))
    if not found:
        refuse(
            f"nobody here is called '{about}': give a phone number, an order's number, or a part of a name"
        )
    if verb is Verb.FIND:
        for customer in found:
            typer.echo(printable(_line(customer)))
        return
    if len(found) > 1:
        refuse(f"'{about}' may be any of these, so name one:\n" + "\n".join(map(_line, found)))
    if verb is Verb.SHOW:
        for line in _lines(found[0]):
            typer.echo(printable(line))
        return
    looked_up(_forget(settings_or_refuse(), found[0]))


async def _found(url: str, words: str) -> list[Customer]:
    async with reading(url) as records:
        return await find(records, words, phones_meant(words))


def _line(customer: Customer) -> str:
    names = ", ".join(f"{kind} {value}" for kind, value in customer.aliases)
    who = customer.name or ("forgotten" if customer.forgotten_at is not None else "no name")
    return f"{customer.conversation}  {who}  ({names or 'known by no name'})"


def _lines(customer: Customer) -> Iterator[str]:
    yield _line(customer)
    if customer.forgotten_at is not None:
        yield f"  forgotten on {datetime.fromtimestamp(customer.forgotten_at / 1000, UTC):%Y-%m-%d} (UTC)"
    yield f"  in state {customer.state or '(none yet)'}"
    for order in customer.orders:
        amount = shown(order.total, order.currency)
        yield f"  order #{order.number} ({order.key}): {amount}, {order.payment}, {order.lifecycle}"


async def _forget(settings: Settings, customer: Customer) -> None:
    phone = next((value for kind, value in customer.aliases if kind == PHONE), None)
    if phone is None:
        refuse(f"{customer.conversation} has no phone number: there is nobody to forget")
    status, answer = await post(settings, f"/customers/{phone}/forget")
    match status:
        case 200:
            typer.echo(f"{customer.conversation} is forgotten: orders and money are kept, without a person")
        case 202:
            typer.echo(f"event {answer.get('event')} waits: {customer.conversation} is forgotten in its turn")
        case 409:
            refuse(
                f"not forgotten, because of order #{answer.get('order_number')}: {answer.get('reason')}."
                " Once nothing more is expected of it, say it again"
            )
        case _:
            refuse(f"the server answered {status}: {answer.get('error', '')}")
