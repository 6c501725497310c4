"""docs/flow-commands.md is typed, and what it shows is what the commands print."""

import asyncio
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.world.processes import MUNSHI, PATIENCE, environment, free_port, process, run
from tests.world.running_bot import ROOT

PAGE: Final = (ROOT / "docs" / "flow-commands.md").read_text("utf-8")
SERVE: Final = "munshi serve --sandbox"
_EXPORTED: Final = re.compile(r"(\w+)=(\S+)")


def typed(page: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a page, and what the page shows behind it."""
    for block in re.findall(r"```console\n(.*?)```", page, re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield command, shown


def pattern(shown: str) -> str:
    """Return the pattern of an output: `…` alone is any lines, else any part of its line."""
    lines = (
        r"(?:[^\n]*\n)*?" if line == "…" else ".*".join(map(re.escape, line.split("…"))) + r"[ ]*\n"
        for line in shown.splitlines()
    )
    return "".join(lines) + r"\s*"


async def test_the_page_shows_what_the_commands_print(tmp_path: Path) -> None:
    program = tmp_path / "munshi"
    program.write_text(f"#!/bin/sh\nexec {sys.executable} -c 'from bot.cli import main; main()' \"$@\"\n")
    program.chmod(0o700)
    port = free_port()
    env = environment({"PORT": str(port), "USER": "root", "LOGNAME": "root", "COLUMNS": "100"})
    del env["MUNSHI_FLOW"]
    env["PATH"] = f"{tmp_path}:{env['PATH']}"
    shop = tmp_path / "shop"
    commands = list(typed(PAGE))
    begin = next(n for n, (command, _) in enumerate(commands) if command == SERVE)
    for command, shown in commands[:begin]:
        await _type(command, shown, env, shop if shop.exists() else tmp_path)
    async with process(*MUNSHI, "serve", "--sandbox", env=env, cwd=shop) as serving:
        assert serving.stdout is not None
        line = ""
        while "export DATABASE_URL" not in line:
            line = (await asyncio.wait_for(serving.stdout.readline(), PATIENCE)).decode()
        env |= dict(_EXPORTED.findall(line))
        for command, shown in commands[begin + 1 :]:
            await _type(command, shown, env, shop)


async def _type(command: str, shown: str, env: dict[str, str], cwd: Path) -> None:
    """Type one command of the page; `cwd` is where the page is by then."""
    if not command.startswith("cd "):
        _, said = await run("bash", "-c", command, env=env, cwd=cwd)
        assert re.fullmatch(pattern(shown), said), f"$ {command}\n{said}"
