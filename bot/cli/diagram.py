"""`munshi diagram`: the flow as a picture."""

import typer

from bot.cli.flow_file import DEFAULT, FlowFile, sound_flow


def command(file: FlowFile = DEFAULT) -> None:
    """Print the flow as a Mermaid state diagram."""
    flow = sound_flow(file)
    from flows.diagram import diagram

    typer.echo(diagram(flow), nl=False)
