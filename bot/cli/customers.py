"""`munshi customers`: find, show or forget a customer, or keep what one wants to hear."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import uuid4

import typer

from bot.amounts import shown
from bot.cli.books import customer_books
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.one_customer import called, customers, named, only, phone_of
from bot.cli.operator_changes import post, refuse_answer, user
from bot.printable import printable
from bot.whatsapp import phones
from payments.ledger.unfinished import Unfinished
from payments.shop.consent import Hears
from storage.reports.customers import Customer, CustomerPage, newest


class Verb(StrEnum):
    """What to do."""

    FIND = "find"
    SHOW = "show"
    HEARS = "hears"
    FORGET = "forget"


Doing = Annotated[Verb, typer.Argument(help="What to do.")]
About = Annotated[
    str | None,
    typer.Argument(metavar="CUSTOMER", help="A phone number, an order's number, or a part of a name."),
]

Level = Annotated[
    Hears | None,
    typer.Argument(metavar="[nothing|orders|offers]", help="Of hears: what they want to hear from now on."),
]
By = Annotated[str | None, typer.Option("--by", help="Of hears: who says so; else who runs this command.")]
Yes = Annotated[bool, typer.Option("--yes", help="Of forget: do not ask before erasing.")]


Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="Of the list: at most so many.")]
After = Annotated[
    int | None, typer.Option("--after", help="Of the list: go on after this place, which it named.")
]


def command(
    verb: Doing = Verb.FIND,
    about: About = None,
    level: Level = None,
    by: By = None,
    yes: Yes = False,
    limit: Limit = 50,
    after: After = None,
) -> None:
    """List or find customers, show one, keep what one hears, or forget one: erase the person, not the money.

    Without words it lists all, the newest first.

    What they hear: nothing (answers, money and news of an order), orders (reminders too), offers (those
    too, after their explicit yes). Phone numbers are shown whole. To keep that, or to forget somebody, takes
    the running server. Before it forgets, it shows who is meant and asks.
    """
    if (verb is Verb.HEARS) != (level is not None):
        refuse("say: munshi customers hears <phone> nothing|orders|offers")
    if about is None:
        if verb is not Verb.FIND:
            refuse(f"say: munshi customers {verb} <phone>")
        _list(limit, after)
        return
    found = customers(about)
    if verb is Verb.FIND:
        for customer in found:
            typer.echo(printable(named(customer)))
        return
    one = only(found, about)
    if verb is Verb.SHOW:
        for line in _lines(one):
            typer.echo(printable(line))
    elif level is not None:
        looked_up(_hears(one, level, by or user()))
    else:
        _ask(one, about, yes=yes)
        looked_up(_forget(one))


def _list(limit: int, after: int | None) -> None:
    page = looked_up(_newest(database_url(), limit, after))
    for customer in page.customers:
        typer.echo(printable(named(customer)))
    if page.next is not None:
        typer.echo(f"… more: --after {page.next}")


async def _newest(url: str, limit: int, after: int | None) -> CustomerPage:
    async with customer_books(url) as records:
        return await newest(records, limit, after)


def _ask(customer: Customer, about: str, *, yes: bool) -> None:
    """Show whom `forget` would erase, and ask. Ends the command at a no.

    `yes`: do not ask. Then a part of a name in `about` is not enough to say who is meant.
    """
    names = {customer.conversation, *(value for _, value in customer.aliases)}
    if yes and not names & {about.strip(), *phones.meant(about)}:
        who = printable(named(customer))
        refuse(f"--yes does not ask, so name the customer by their phone number or conversation:\n{who}")
    for line in _lines(customer):
        typer.echo(printable(line))
    if not yes and not typer.confirm(f"Forget {printable(called(customer))}? Nothing brings that back."):
        refuse("nobody was forgotten")


def _lines(customer: Customer) -> Iterator[str]:
    yield named(customer)
    if customer.forgotten_at is not None:
        yield f"  forgotten on {datetime.fromtimestamp(customer.forgotten_at / 1000, UTC):%Y-%m-%d} (UTC)"
    yield f"  in state {customer.state or '(none yet)'}"
    for order in customer.orders:
        amount = shown(order.total, order.currency)
        yield f"  order #{order.number} ({order.key}): {amount}, {order.payment}, {order.lifecycle}"


async def _hears(customer: Customer, level: Hears, by: str) -> None:
    path = f"/customers/{phone_of(customer)}/hears"
    status, answer = await post(path, {"hears": str(level), "by": by}, key=str(uuid4()))
    match status:
        case 200:
            typer.echo(printable(f"{called(customer)} hears {level} from now on"))
        case 202:
            typer.echo(f"event {answer.get('event')} waits: it is done in the customer's turn")
        case 409:
            refuse(f"not done: {answer.get('error', '')}")
        case _:
            refuse_answer(status, answer)


async def _forget(customer: Customer) -> None:
    status, answer = await post(f"/customers/{customer.conversation}/forget")
    match status:
        case 200:
            kept = "orders and money are kept, without a person"
            typer.echo(printable(f"{called(customer)} is forgotten: {kept}"))
        case 202:
            waits = (
                f"event {answer.get('event')} waits: in its turn {called(customer)} is forgotten, unless"
                " something is under way; see munshi why"
            )
            typer.echo(printable(waits))
        case 409:
            refuse(_not_forgotten(answer))
        case _:
            refuse_answer(status, answer)


def _not_forgotten(answer: Mapping[str, Any]) -> str:
    if answer.get("reason") == Unfinished.STAFF:
        return "not forgotten: it is one of the staff. Take them out of the staff and start the server again"
    because = f" of order #{number}" if (number := answer.get("order_number")) else ""
    return f"not forgotten, because{because}: {answer.get('reason')}. Once that is over, say it again"
