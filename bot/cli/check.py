"""`munshi check`: find every error in the flow file."""

import typer

from bot.cli.display import counted
from bot.cli.flow_file import DEFAULT, FlowFile, examined


def command(file: FlowFile = DEFAULT) -> None:
    """Say everything that is wrong with the flow file, where, and how to mend it."""
    examination = examined(file)
    flow = examination.flow
    if not examination.is_complete:
        typer.echo("The rest of the file can't be looked at before this is mended.")
    if flow is None:
        raise typer.Exit(1)
    states = sum(1 for path in flow.states if "." not in path)
    counts = (
        counted(states, "state"),
        counted(len(flow.messages), "message"),
        counted(len(flow.languages), "language"),
    )
    typer.echo(f"{file} is sound: {', '.join(counts)}")
