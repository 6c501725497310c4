"""`munshi prove`: search everything that a customer, Razorpay and time may do with the flow."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bot.cli.flow_file import DEFAULT, FlowFile, sound_flow
from bot.printable import printable

if TYPE_CHECKING:
    from payments.prover.prove import Proof, Violation
    from payments.prover.search import Searched
    from payments.prover.slices import Slice

Deep = Annotated[bool, typer.Option("--deep", help="Wider bounds, without an end: for the night.")]
Seconds = Annotated[float, typer.Option("--seconds", min=1, help="How long to search at most.")]
Save = Annotated[Path | None, typer.Option("--save", help="Save what is found as scenarios in this folder.")]


def command(file: FlowFile = DEFAULT, deep: Deep = False, seconds: Seconds = 120, save: Save = None) -> None:
    """Search all that may happen, within bounds, and print the shortest chat that goes wrong."""
    flow = sound_flow(file)
    from payments.prover.prove import prove
    from payments.prover.report import bounds, violation

    typer.echo(f"{file}: searching what customers, Razorpay and time may do")
    proof = prove(flow, deep=deep, seconds=seconds, begun=_begun, seen=_seen)
    for one in proof.violations:
        typer.echo(printable("\n".join(violation(proof, one, str(file))), "\n"))
        if save:
            _save(proof, one, file, save)
    typer.echo("\n".join(bounds(proof)))
    if not proof.holds:
        raise typer.Exit(1)


def _begun(part: "Slice") -> None:
    """Tell a person who waits what is searched; a file gets the outcomes alone."""
    if sys.stderr.isatty():
        typer.echo(f"  {part.name} …", err=True)


def _seen(searched: "Searched") -> None:
    ended = "all of it" if searched.exhausted else "not to its end"
    typer.echo(f"  {searched.part.name:<44} {searched.places:>9,} places, {ended}")


def _save(proof: "Proof", one: "Violation", file: Path, folder: Path) -> None:
    from payments.prover.report import scenario

    text = scenario(proof, one, file, folder)
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"found-{one.found.broken.name.name.lower().replace('_', '-')}.yaml"
    path.write_text(text, "utf-8")
    typer.echo(f"saved as {path}: it fails until the flow is mended (munshi test {path})")
