"""`munshi why`: show what happened to one customer or one order, and why."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer

from bot.cli.flow_file import DEFAULT, sound_flow
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.timeline import lines
from bot.masked_story import without_personal_data
from bot.printable import printable
from bot.whatsapp import phones
from storage.database.records import Records, reading
from storage.reports.timeline import Story, Subject, story, subjects, up_to

About = Annotated[
    str,
    typer.Argument(
        metavar="CUSTOMER|ORDER",
        help="An order's number or key, a phone number, a BSUID, or a conversation's id.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object; times in UTC, amounts in paise.")]
Scenario = Annotated[
    bool,
    typer.Option("--as-scenario", help="Print the chat as a scenario for 'munshi test', without who it was."),
]
Flowing = Annotated[Path, typer.Option("--flow", envvar="MUNSHI_FLOW", help="The flow file of the scenario.")]


def command(about: About, json: Json = False, scenario: Scenario = False, flow: Flowing = DEFAULT) -> None:
    """Tell what happened, in order of time: what came, which rules were passed over and why, what was said.

    Reads DATABASE_URL while the server runs or not. Phone numbers, e-mail and UPI addresses are
    masked; what the customer wrote is not: think before you paste it. In a scenario, of what they wrote
    only the words stay that the flow file has too.
    """
    if scenario:
        _print_scenario(about.strip(), flow)
        return
    result = looked_up(_story(database_url(), about.strip()))
    if json:
        typer.echo(orjson.dumps(_as_json(result), option=orjson.OPT_INDENT_2))
        return
    for line in lines(result):
        typer.echo(printable(line))


def _print_scenario(words: str, file: Path) -> None:
    """Print the scenario, and on standard error what it can't tell."""
    from bot.stored_scenario import as_scenario, warnings

    flow = sound_flow(file)
    happened = looked_up(_whole_story(database_url(), words))
    made = as_scenario(flow, happened)
    if made is None:
        refuse("nothing of this chat is stored")
    typer.echo(made.text, nl=False)
    for warning in warnings(happened, made):
        typer.echo(printable(warning), err=True)


async def _whole_story(url: str, words: str) -> Story:
    """Return the story of the customer from its beginning, up to the end of the order if `words` name one."""
    async with reading(url) as records:
        subject = await _subject(records, words)
        whole = await story(records, Subject(subject.conversation))
        return up_to(whole, await story(records, subject)) if subject.order else whole


async def _story(url: str, words: str) -> Story:
    async with reading(url) as records:
        return without_personal_data(await story(records, await _subject(records, words)))


async def _subject(records: Records, words: str) -> Subject:
    matches = await subjects(records, words, phones.meant(words))
    if not matches:
        refuse(
            f"nobody and nothing here is called '{words}': give an order's number (#12345) or key, a phone "
            "number with its country code, a BSUID, or a conversation's id"
        )
    if len(matches) > 1:
        names = [match.order or f"{records.installation}-{match.conversation}" for match in matches]
        refuse(f"'{words}' may be any of these, so name one: {', '.join(names)}")
    return matches[0]


def _as_json(result: Story) -> dict[str, Any]:
    return {
        "conversation": result.conversation,
        "aliases": [{"kind": kind, "value": value} for kind, value in result.aliases],
        "state": result.state,
        "orders": result.orders,
        "moments": [
            {
                "at": datetime.fromtimestamp(moment.at / 1000, UTC).isoformat(timespec="milliseconds"),
                "what": moment.what,
                "event": moment.cause,
                "about": moment.about,
            }
            for moment in result.moments
        ],
        "cut": result.cut,
        "erased": result.erased,
        "forgotten_at": result.forgotten_at,
    }
