"""`munshi plan`: what another flow file would change, and what that means to those who are chatting."""

import sys
import time
from collections.abc import Iterator
from typing import Annotated

import typer

from bot.cli.flow_file import DEFAULT, FlowFile, sound_flow
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.clock import SystemClock
from bot.own_actions import vocabulary
from bot.plan_words import told
from bot.planning import Plan
from bot.printable import printable
from bot.whatsapp.limits import LIMITS
from flows.document import durations
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from flows.language.load import load_checked
from storage.database.records import reading
from storage.inbox import versions

Seconds = Annotated[
    float,
    typer.Option(
        "--seconds",
        min=1,
        help="At most so long to prove the new flow, and as long to tell chats again.",
    ),
]
Replay = Annotated[
    str | None,
    typer.Option(
        "--replay", metavar="7d", help="Say what customers would have been told otherwise in the last days."
    ),
]
NoProof = Annotated[bool, typer.Option("--no-proof", help="Do not prove the new flow.")]
Verbose = Annotated[bool, typer.Option("--verbose", help="Say what was searched, and what was not.")]


def command(
    file: FlowFile = DEFAULT,
    seconds: Seconds = 30,
    replay: Replay = None,
    no_proof: NoProof = False,
    verbose: Verbose = False,
) -> None:
    """Say what the flow file would change, and what that means to the customers. Changes nothing.

    The new flow is proved if any rule, state or message changes, or what the shop offers besides prices;
    for a change of prices alone, if a guard, never or always reads a sum.
    Exit status 1 if somebody would be stranded, or if proving the new flow finds something.
    """
    back, flow = _span(replay), sound_flow(file)
    plan = looked_up(_planned(database_url(), flow))
    if back:
        looked_up(_replay(database_url(), flow, back, seconds))
    if plan.unsearched and not no_proof:
        typer.echo(f"\n{plan.unsearched}, so nothing was searched: munshi prove searches all")
    holds = bool(plan.unsearched) or no_proof or _proves(flow, str(file), seconds, verbose=verbose)
    if plan.strands or not holds:
        raise typer.Exit(1)


async def _planned(url: str, flow: Flow) -> Plan:
    async with reading(url) as records:
        plan, lines = await told(records, flow, SystemClock().now())
    _print(iter(lines))
    return plan


def _span(text: str | None) -> int:
    """Return the milliseconds that `text` means; 0 without one."""
    try:
        return durations.parse(text) if text else 0
    except ValueError as error:
        refuse(f"--replay: {error}")


async def _replay(url: str, flow: Flow, back: int, seconds: float) -> None:
    """Say what customers would have been told otherwise in the last `back` milliseconds."""
    from bot.cli import retelling

    until = time.monotonic() + seconds
    async with reading(url) as records:
        served = await versions.newest(records.reads)
        if served is None:
            return
        try:
            old = load_checked(
                await versions.texts(records.reads, served.number), vocabulary(), limits=LIMITS
            )
        except FlowInvalid:
            typer.echo("\nWhat is served was written for another Munshi: no chat can be told again.")
            return
        since = SystemClock().now() - back
        found = await retelling.replayed(records, old, flow, since, lambda: time.monotonic() > until)
        _print(iter(await retelling.lines(records, found, back, flow.sections["shop"])))


def _print(lines: Iterator[str]) -> None:
    for line in lines:
        typer.echo(printable(line))


def _proves(flow: Flow, file: str, seconds: float, *, verbose: bool) -> bool:
    """Search the new flow, print what was found, and return whether it holds.

    `verbose`: within which bounds, too.
    """
    from payments.prover.prove import prove
    from payments.prover.report import bounds, summary, violation

    if sys.stderr.isatty():
        said = f"proving the new flow, for {seconds:g} s at most (--no-proof: not at all) …"
        typer.echo(said, err=True)
    proof = prove(flow, seconds=seconds)
    for one in proof.violations:
        typer.echo(printable("\n".join(violation(proof, one, file)), "\n"))
    typer.echo(f"\n{summary(proof)}")
    if verbose:
        typer.echo("\n".join(bounds(proof)))
    return proof.holds
