"""`munshi plan`: what another flow file would change, and what that means to those who are chatting."""

import sys
import time
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from bot.cli.display import SHOWN, sections
from bot.cli.flow_file import DEFAULT, FlowFile, sound_flow
from bot.cli.lifecycle import database_url, looked_up, refuse
from bot.cli.people import named as named_people
from bot.clock import SystemClock
from bot.own_actions import vocabulary
from bot.planning import ChangedCart, Group, Plan, changed_carts, listed, named, planned, staying, stranded
from bot.printable import printable
from bot.whatsapp.limits import LIMITS
from flows.document import durations
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from flows.language import changes as flow_changes
from flows.language.load import load_checked, load_spec
from payments.processing.flow_types import guards_read_sums
from payments.shop import changes as shop_changes
from payments.shop.catalogue import Shop
from payments.shop.money import money
from storage.database.records import Records, reading
from storage.inbox import stock, versions
from storage.inbox.versions import Serving

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
    now = SystemClock().now()
    async with reading(url) as records:
        served = await versions.newest(records.reads)
        if served is None:
            typer.echo(f"Nothing is served yet: {flow.file} would be the first version.")
            return Plan()
        _print(_head(flow, served))
        plan = await planned(records, flow, now)
        _print(await _changes(records, flow, served, plan, now))
        _print(_customers(plan, await _carts(records, plan)))
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


def _head(flow: Flow, served: Serving) -> Iterator[str]:
    shop: Shop = flow.sections["shop"]
    since = datetime.fromtimestamp(served.since / 1000, shop.timezone)
    what = f"version {served.version}, served since {since:%Y-%m-%d %H:%M %Z} by {served.by}"
    yield f"{flow.file} (version {flow.version}) beside {what}"


async def _changes(records: Records, flow: Flow, served: Serving, plan: Plan, now: int) -> Iterator[str]:
    texts = await versions.texts(records.reads, served.number)
    try:
        old, new = load_spec(texts, vocabulary())[1], load_spec(flow.texts, vocabulary())[1]
    except FlowInvalid:
        return iter(["", "What is served was written for another Munshi: no changes can be told."])
    before, after = old.shop, new.shop  # type: ignore[attr-defined]  # the host's section
    plan.carts = [one async for one in changed_carts(records, before, after, now)]
    if flow_changes.same_behaviour(old, new) and shop_changes.only_prices(before, after):
        plan.unsearched = _unsearched(flow, any(shop_changes.prices(before, after)))
    found = {
        "messages": flow_changes.messages(old, new),
        "states": flow_changes.states(old, new),
        "rules": flow_changes.rules(old, new),
        "flow": flow_changes.rest(old, new),
        "prices": shop_changes.prices(before, after),
        "products": shop_changes.descriptions(before, after),
        "stock": shop_changes.stock(after, await stock.counts(records.reads)),
        "repairs": shop_changes.repairs(before, after),
        "shop": shop_changes.rest(before, after),
    }
    told = {name: listing for name, lines in found.items() if (listing := list(lines))}
    return sections("What changes", told) if told else iter(["", _nothing(served, flow)])


def _unsearched(flow: Flow, prices: bool) -> str:
    """Return why a flow that changes `prices` at most needs no search; empty if they may decide."""
    if not prices:
        return "No rule, state or message changes"
    if guards_read_sums(flow):
        return ""
    return "Only prices change, and no guard, 'never' or 'always' reads a sum"


def _nothing(served: Serving, flow: Flow) -> str:
    if served.version == flow.version:
        return "Nothing changes but comments and blanks"
    return (
        "Something changes that has no line here: compare the files ('munshi history --into' writes the old)"
    )


def _customers(plan: Plan, carts: Sequence[str]) -> Iterator[str]:
    standing = {state: one for state, one in plan.standing.items() if one.people}
    yield from listed("Who stands where", named(standing))
    moves = {
        f"{move.state} → {move.to}" + (f", by {move.by}" if move.by else ""): group
        for move, group in plan.moves.items()
        if move.state != move.to
    }
    still = [group for move, group in plan.moves.items() if move.state == move.to]
    if people := sum(group.people for group in still):
        moves = {"in their state": Group(people, sum(group.due for group in still)), **moves}
    yield from listed("Who goes over, with their next message", named(moves))
    yield from staying(plan)
    if plan.unknown:
        yield ""
        yield "States under 'migrate: from' that no version had which was served here"
        yield from (f"  {one}" for one in plan.unknown)
    yield from carts
    yield from stranded(plan)


async def _carts(records: Records, plan: Plan) -> list[str]:
    shown = plan.carts[:SHOWN]
    people = await named_people(records, [one.owner for one in shown])
    lines = [f"  {who}: {_price(one)}" for who, one in zip(people, shown, strict=True)]
    if len(plan.carts) > SHOWN:
        lines.append(f"  … and {len(plan.carts) - SHOWN} more")
    head = f"Carts that change price, of those who wrote in the last 7 days: {len(plan.carts)}"
    return ["", head, *lines] if shown else []


def _price(one: ChangedCart) -> str:
    after = "something is no longer sold" if one.after is None else money(one.after)
    return f"{money(one.before)} → {after}"


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
