"""`munshi reply`: write to a customer, as if somebody of the staff had replied in WhatsApp."""

from typing import Annotated
from uuid import uuid4

import typer

from bot.cli.lifecycle import looked_up, refuse
from bot.cli.one_customer import customers, only, phone_of
from bot.cli.operator_changes import post, refuse_answer, user
from storage.reports.customers import Customer

About = Annotated[
    str, typer.Argument(metavar="CUSTOMER", help="A phone number, an order's number, or a part of a name.")
]
Text = Annotated[str, typer.Argument(help="What to say, as the customer reads it.")]
Done = Annotated[bool, typer.Option("--done", help="Give the chat back to the bot.")]
By = Annotated[str | None, typer.Option("--by", help="Who answers; without it, who runs this command.")]


def command(about: About, text: Text, done: Done = False, by: By = None) -> None:
    """Write to a customer, and take their chat over until --done, a word for the bot, or a long silence.

    Takes the running server. WhatsApp takes a text until 24 hours after the customer last wrote.
    """
    customer = only(customers(about), about)
    looked_up(_reply(customer, {"text": text, "done": done, "by": by or user()}))


async def _reply(customer: Customer, body: dict[str, str | bool]) -> None:
    status, answer = await post(f"/customers/{phone_of(customer)}/reply", body, key=str(uuid4()))
    match status:
        case 200:
            has = "the bot has the chat again" if body["done"] else "the chat is yours"
            typer.echo(f"said to {customer.name or customer.conversation}; {has}")
        case 202:
            typer.echo(f"event {answer.get('event')} waits for the customer's turn, and is said then")
        case 409:
            refuse(f"not said: {answer.get('error', '')}")
        case _:
            refuse_answer(status, answer)
