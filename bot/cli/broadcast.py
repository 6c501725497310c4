"""`munshi broadcast`: send an offer to everybody who asked for offers."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from bot.cli.lifecycle import looked_up, refuse
from bot.cli.operator_changes import post, refuse_answer, user
from bot.counted import counted
from bot.printable import printable

Message = Annotated[str, typer.Argument(help="Name of a message of the flow file with 'offer: true'.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say who would get it, and send nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask before sending.")]
Id = Annotated[
    str | None,
    typer.Option(
        "--id", help="Nobody gets two messages of one id. Without it: the message's name and today."
    ),
]
By = Annotated[str | None, typer.Option("--by", help="Who sends it; without it, who runs this command.")]


def command(
    message: Message, dry_run: DryRun = False, yes: Yes = False, id: Id = None, by: By = None
) -> None:
    """Send an offer to all customers who asked for offers, once each; first say how many that are.

    Takes the running server, which sends it bit by bit, behind everything else. Who says stop meanwhile
    does not get it.
    """
    asked = {"message": message, "by": by or user()} | ({} if id is None else {"id": id})
    counts = looked_up(_dry_run(asked))
    for line in _lines(counts):
        typer.echo(printable(line))
    if dry_run:
        return
    would_get = int(counts["would_get"])
    if would_get and not yes and not typer.confirm(f"Send '{message}' to {_customers(would_get)}?"):
        refuse("nothing was sent")
    looked_up(_send({**asked, "id": counts["id"], "at_most": max(1, would_get)}))


async def _dry_run(asked: Mapping[str, Any]) -> dict[str, Any]:
    status, answer = await post("/broadcasts", {**asked, "dry_run": True})
    if status != 200:
        refuse_answer(status, answer)
    return answer


def _lines(counts: Mapping[str, Any]) -> Iterator[str]:
    for place, text in counts["texts"].items():
        first, *more = text.splitlines() or [""]
        yield f"{place}: {first}"
        yield from (f"  {line}" for line in more)
    template = f", {counts['as_template']} of them as its template" if counts["as_template"] else ""
    yield f"{_customers(counts['would_get'])} would get '{counts['message']}'{template}"
    left_out = counts["left_out"]
    for name, why in _WHY.items():
        if left_out[name]:
            yield f"  not {left_out[name]}: {why}"


_WHY: Mapping[str, str] = {
    "no_template": "they wrote over 24 hours ago, and the message has no template",
    "with_a_person": "a person has their chat",
    "did_not_ask": "they did not ask for offers",
}


async def _send(asked: Mapping[str, Any]) -> None:
    status, answer = await post("/broadcasts", asked)
    match status:
        case 202:
            typer.echo(f"'{answer['id']}' is on its way; say the same again to see how far it is")
        case 200:
            how_far = "finished" if answer["finished"] else "on its way"
            typer.echo(
                f"'{answer['id']}' is {how_far} already, after {_customers(answer['given'])}: nobody gets it"
                " twice. To send it once more, give another --id"
            )
        case 409:
            refuse(f"not sent: {answer.get('error', '')}")
        case _:
            refuse_answer(status, answer)


def _customers(number: int) -> str:
    return counted(number, "customer")
