"""`munshi check`: find every error in the flow file."""

import typer

from bot.cli.display import counted
from bot.cli.flow_file import DEFAULT, FlowFile, examined


def command(file: FlowFile = DEFAULT) -> None:
    """Say everything that is wrong with the flow file, where, and how to mend it."""
    flow = examined(file).flow
    if flow is None:
        typer.echo("Mend these and check again: an error may hide others.")
        raise typer.Exit(1)
    states = sum(1 for path in flow.states if "." not in path)
    counts = (
        counted(states, "state"),
        counted(len(flow.messages), "message"),
        counted(len(flow.languages), "language"),
    )
    typer.echo(f"{file} is sound: {', '.join(counts)}")
