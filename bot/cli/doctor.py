"""`munshi doctor`: check everything that money depends on, and say how to mend what is wrong."""

import os
from typing import Annotated, Final

import typer

from bot.checks.examination import CHECKS, WITHOUT_KEYS, Checks, findings, with_stand_ins
from bot.checks.finding import Finding
from bot.cli.lifecycle import VARIABLE, database_url, looked_up, refuse, setting
from bot.cli.operator_changes import change
from bot.cli.starting import in_words, run
from bot.counted import counted
from bot.printable import printable
from bot.settings import WHERE, Settings, SettingsInvalid, load_settings
from storage import Store

_MARKS: Final = {True: "✓", False: "✗", None: "?"}

Seen = Annotated[
    int | None,
    typer.Option(
        min=1, max=2**62, help="Forget this notice, and check nothing. It is told again if it recurs."
    ),
]


def command(seen: Seen = None) -> None:
    """Check every setting, the flow, the database and both APIs. Exit status 1 if anything is amiss.

    Lists what waits for a person, each with what to do.
    """
    if seen is not None:
        looked_up(_forget(database_url(), seen))
        return
    found: list[Finding] = []
    try:
        run(_examine(load_settings(), CHECKS, found))
    except SettingsInvalid as invalid:
        _examine_without_keys(invalid, found)
    if faults := [finding for finding in found if finding.well is False]:
        typer.echo(f"\n{len(faults)} to mend.")
        raise typer.Exit(1)
    unanswered = sum(finding.well is None for finding in found)
    summary = (
        f"Nothing to mend, but {counted(unanswered, 'question')} got no answer."
        if unanswered
        else "All is well."
    )
    typer.echo(f"\n{summary}")


def _examine_without_keys(invalid: SettingsInvalid, found: list[Finding]) -> None:
    """Look at what needs no key, if keys alone are missing. Ends the command with what else is wrong."""
    missing = [name for name in WHERE if not setting(name)]
    try:
        settings = with_stand_ins(missing)
    except SettingsInvalid:
        missing = []
    if missing and os.environ.get(VARIABLE):
        said = "this terminal is about a sandbox, which needs no keys of yours"
        found.append(Finding("settings", None, said, "for the real shop, open another terminal"))
        _print(found[-1])
    else:
        typer.echo(printable(f"✗ settings\n{in_words(invalid)}", "\n"))
    if missing:
        run(_examine(settings, {name: CHECKS[name] for name in WITHOUT_KEYS}, found))
    if not missing or not os.environ.get(VARIABLE):
        raise typer.Exit(1)


async def _forget(url: str, number: int) -> None:
    async def directly(store: Store) -> bool:
        return await store.seen(number)

    if not await change(url, directly, f"/operator/notices/{number}/seen"):
        refuse(f"there is no notice {number}")
    typer.echo(f"notice {number} is forgotten")


async def _examine(settings: Settings, checks: Checks, found: list[Finding]) -> None:
    """Run `checks`, print their findings and append them to `found`."""
    async for finding in findings(settings, checks):
        found.append(finding)
        _print(finding)


def _print(finding: Finding) -> None:
    line = f"{_MARKS[finding.well]} {finding.name}: {finding.said}"
    typer.echo(printable(line, "\n"))
    if not finding.well:
        typer.echo(printable(f"    {finding.mend}", "\n"))
