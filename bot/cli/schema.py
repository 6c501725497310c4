"""`munshi schema`: print the JSON Schema of flow files, for editors."""

import typer


def command() -> None:
    """Print the JSON Schema of flow files. Editors complete and explain with it what you write."""
    from bot.flow_docs.files import schema_text

    typer.echo(schema_text(), nl=False)
