"""Examines the flow file that a command was given, and prints its errors."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

if TYPE_CHECKING:
    from flows.engine.model import Flow
    from flows.language.load import Examined

FlowFile: TypeAlias = Annotated[Path, typer.Argument(envvar="MUNSHI_FLOW", help="The flow file.")]
"""A command's argument FILE."""

DEFAULT = Path("flows.yaml")


def read_text(file: Path) -> str:
    """Return the text of `file`. Ends the command, with the reason, if it can't be read."""
    try:
        return file.read_bytes().decode("utf-8-sig")
    except OSError as error:
        typer.echo(f"{file}: error: can't be read: {error.strerror}", err=True)
        if isinstance(error, FileNotFoundError):
            typer.echo("  commands run in the folder of a shop, which 'munshi init' makes", err=True)
    except UnicodeDecodeError as error:
        typer.echo(f"{file}: error: not UTF-8 text: byte {error.start} is no part of a character", err=True)
    raise typer.Exit(1)


def examined(file: Path) -> "Examined":
    """Examine `file`, with the files that it includes."""
    from bot.flow_file import examine_flow

    return examine_flow(file)


def sound_flow(file: Path) -> "Flow":
    """Return the flow in `file` and print no warnings. Ends the command with every error, if it has one."""
    from bot.flow_file import load_flow
    from flows.document.errors import FlowInvalid

    try:
        return load_flow(file)
    except FlowInvalid as invalid:
        typer.echo(str(invalid), err=True)
        raise typer.Exit(1) from None


def require_sound(text: str, file: Path) -> None:
    """End the command with every error of the flow in `text`, which is to become `file`, if it has one."""
    from bot.whatsapp.limits import LIMITS
    from flows.document.errors import FlowInvalid
    from flows.language.load import load
    from payments.processing.actions import SHOP

    try:
        load(text, str(file), SHOP, limits=LIMITS)
    except FlowInvalid as invalid:
        typer.echo(str(invalid), err=True)
        raise typer.Exit(1) from None
