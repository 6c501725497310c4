"""`munshi test`: play the written chats and list those whose answers have changed."""

from collections.abc import Callable, Iterable, Iterator
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from bot.cli.coverage import lines
from bot.cli.flow_file import DEFAULT, read_text, sound_flow
from bot.printable import printable
from bot.scenario_files import own_scenarios

if TYPE_CHECKING:
    from flows.engine.model import Flow
    from payments.simulator.coverage import Coverage
    from payments.simulator.runner import Played
    from payments.simulator.scenario import Scenario

_OWN: Final = "write its path as seen from the scenario's folder; without 'flow:' the shop's own is played"

_SEVERAL: Final = 3
_ALL_CHANGED: Final = (
    "If the shop is right and the chats are old, delete those of products and words that are gone, and write"
    " your own: docs/flow-format.md, Scenarios; a full example is docs/recipes/tiffin.test.yaml."
)

Paths = Annotated[list[Path] | None, typer.Argument(help="Scenario files, or folders of them.")]
Flowing = Annotated[
    Path, typer.Option("--flow", envvar="MUNSHI_FLOW", help="The flow file of scenarios that name none.")
]
Covering = Annotated[
    bool, typer.Option("--coverage", help="List the rules never taken and the messages never said.")
]
Least = Annotated[
    int | None,
    typer.Option(
        "--min", min=0, max=100, metavar="N", help="Fail if less than N % is used; with --coverage."
    ),
]


Updating = Annotated[
    bool,
    typer.Option(
        "--update",
        help="Write the present answers into the chats that fail, and show the difference.",
    ),
]


def command(
    paths: Paths = None,
    flow: Flowing = DEFAULT,
    coverage: Covering = False,
    least: Least = None,
    update: Updating = False,
) -> None:
    """Play the written chats on the flow, without any network, and list those whose answers have changed."""
    files = [file for path in paths or [own_scenarios(Path())] for file in _files(path)]
    covered: dict[Path, tuple[Flow, Coverage]] = {}
    failed = 0
    mend = _update if update else _report
    for file in files:
        failed += not _passes(file, flow, covered, mend)
    low = _is_low(covered.values(), least or 0) if coverage or least is not None else False
    typer.echo(f"{len(files) - failed} passed, {failed} failed")
    if failed >= _SEVERAL:
        typer.echo(_ALL_CHANGED)
    if failed or low:
        raise typer.Exit(1)


def _is_low(covered: "Iterable[tuple[Flow, Coverage]]", least: int) -> bool:
    """Print what was never used of each flow. Return whether of one of them less than `least` % was."""
    low = False
    for flow, coverage in covered:
        for line in lines(flow, coverage):
            typer.echo(printable(line))
        if coverage.percent < least:
            typer.echo(f"  that is under the {least} % that --min asks for")
            low = True
    return low


def _files(path: Path) -> Iterator[Path]:
    files = sorted(path.rglob("*.yaml")) if path.is_dir() else [path]
    if not files:
        typer.echo(f"{path}: error: there are no scenarios (*.yaml) here")
        raise typer.Exit(1)
    yield from files


def _passes(
    file: Path,
    default: Path,
    covered: "dict[Path, tuple[Flow, Coverage]]",
    mend: "Callable[[Flow, Played, str], bool]",
) -> bool:
    """Play one file and print the result. `covered`: each flow that is loaded, with what was used of it.

    `mend` is called with a chat that fails, and returns whether it does not any more.
    """
    text = read_text(file)
    from flows.document.errors import FlowInvalid
    from payments.simulator.coverage import Coverage
    from payments.simulator.runner import play
    from payments.simulator.scenario import parse

    try:
        scenario = parse(text, str(file))
    except FlowInvalid as invalid:
        typer.echo(f"FAILED  {file}\n{invalid}")
        return False
    path = _flow_path(scenario, file, default)
    if scenario.flow and not path.is_file():
        place = f"{file}:{scenario.lines['flow']}: {scenario.name}"
        typer.echo(printable(f"FAILED  {place}\n  there is no flow file {path}\n  {_OWN}", "\n"))
        return False
    if path not in covered:
        flow = sound_flow(path)
        covered[path] = flow, Coverage(flow)
    flow, coverage = covered[path]
    played = play(flow, scenario)
    coverage.add(played.results)
    if played.mismatch:
        return mend(flow, played, text)
    typer.echo(printable(f"passed  {played}", "\n"))
    return True


def _report(flow: "Flow", played: "Played", text: str) -> bool:
    """Print where the chat fails."""
    typer.echo(printable(f"FAILED  {played}", "\n"))
    return False


def _update(flow: "Flow", played: "Played", text: str) -> bool:
    """Write the present answers into the chat's file and print the difference, if that makes it pass."""
    from payments.simulator.updating import updated

    file = played.scenario.file
    new = updated(flow, played.scenario, text)
    if new is None:
        _report(flow, played, text)
        typer.echo("  --update writes answers only, and other answers do not make this chat pass")
        return False
    Path(file).write_text(new, encoding="utf-8", newline="")
    typer.echo(printable(f"updated {file}: {played.scenario.name}"))
    for line in list(unified_diff(text.splitlines(), new.splitlines(), n=1, lineterm=""))[2:]:
        typer.echo(printable(f"  {line}"))
    return True


def _flow_path(scenario: "Scenario", file: Path, default: Path) -> Path:
    return file.parent / scenario.flow if scenario.flow else default
