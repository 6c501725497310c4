"""`munshi check`: find every error in the flow file."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.cli.flow_file import DEFAULT, FlowFile, examined
from bot.cli.issue_formats import FORMATS, Format
from bot.counted import counted

if TYPE_CHECKING:
    from flows.language.load import Examined

_EACH: Final = 0.3
"""Seconds between two looks at the files under --watch."""

Form = Annotated[
    Format,
    typer.Option("--format", help="text for people; json, one object a line; github and sarif for a forge."),
]
Watch = Annotated[bool, typer.Option("--watch", help="Check again on each save. Ctrl-C ends it.")]


def command(file: FlowFile = DEFAULT, form: Form = Format.TEXT, watch: Watch = False) -> None:
    """Say everything that is wrong with the flow file, where, and how to mend it."""
    if watch:
        on_each_save(file, lambda: _checked(file, form), time.sleep)
    elif not _checked(file, form):
        raise typer.Exit(1)


def _checked(file: Path, form: Format) -> bool:
    """Check `file` once and print the result. Return whether it is sound."""
    examination = examined(file)
    for line in FORMATS[form](examination.issues):
        typer.echo(line)
    if form is Format.TEXT:
        typer.echo(_summary(file, examination))
    return examination.flow is not None


def _summary(file: Path, examination: "Examined") -> str:
    flow = examination.flow
    if flow is None:
        errors = sum(1 for issue in examination.issues if issue.severity == "error")
        mended = "it is" if errors == 1 else "they are"
        rest = "" if examination.is_complete else f". Before {mended} mended, the rest can't be read"
        return f"{file} has {counted(errors, 'error')}{rest}"
    states = sum(1 for path in flow.states if "." not in path)
    counts = (
        counted(states, "state"),
        counted(len(flow.messages), "message"),
        counted(len(flow.languages), "language"),
    )
    warnings = len(examination.issues)
    but = f", with {counted(warnings, 'warning')}" if warnings else ""
    return f"{file} is sound{but}: {', '.join(counts)}"


def on_each_save(file: Path, check: Callable[[], object], wait: Callable[[float], None]) -> None:
    """Call `check` now, and again whenever `file`, or one that it includes, holds something else.

    `wait` takes seconds. Ends with its exception.
    """
    seen: Mapping[str, str] | str = ""
    while True:
        if (now := _state(file)) != seen:
            seen = now
            check()
        wait(_EACH)


def _state(file: Path) -> Mapping[str, str] | str:
    """Return what the flow's files hold, or why they can't be read."""
    from bot.flow_texts import read_texts
    from flows.document.errors import FlowInvalid

    try:
        return read_texts(file)
    except FlowInvalid as invalid:
        return str(invalid)
