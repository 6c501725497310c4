"""Processor instructions of one step, counted by Valgrind: the same each time, however busy the machine.

    python -m bench.instructions      # Linux, with `valgrind` installed; takes a minute or two

Compare two commits by them where times differ by more than the change. They are no times: what misses the
processor's caches takes longer.
"""

import gc
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, TypeAlias

import uvloop

from bench import engine_step, steps
from bench.shop import flow
from flows.engine.step import step

_TIMES: Final = 10
"""Chats, or ten triggers, that are counted."""

Work: TypeAlias = Callable[[], int]
"""Does the work once, and returns how many steps it was."""


def _trigger(directory: Path) -> Work:
    machine, model = engine_step._bare(len(flow().states))

    def work() -> int:
        for _ in range(10 * _TIMES):
            model.state = "0"
            machine.events["go"].trigger(model)
        return 10 * _TIMES

    return work


def _step(directory: Path) -> Work:
    chat = list(engine_step._chat(flow()))

    def work() -> int:
        for _ in range(_TIMES):
            for conversation, event, shop in chat:
                step(flow(), conversation, event, engine_step._NOW, 7, shop)
        return _TIMES * len(chat)

    return work


def _durable_step(directory: Path) -> Work:
    waiting, stepped = directory / "waiting.db", directory / "stepped.db"
    uvloop.run(steps._arrive(waiting, _TIMES * 10))

    def work() -> int:
        uvloop.run(steps._advance(waiting, stepped))
        return _TIMES * 10 * len(steps._TEXTS)

    return work


_FIGURES: Final[dict[str, Callable[[Path], Work]]] = {
    "bare trigger": _trigger,
    "one step": _step,
    "durable step": _durable_step,
}


def main() -> None:
    """Print the thousands of instructions of each figure. With an argument: do that figure's work."""
    if len(sys.argv) > 1:
        _count(sys.argv[1])
        return
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        for name in _FIGURES:
            out = Path(directory) / "out"
            options = ("--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={out}")
            command = ("valgrind", *options, sys.executable, "-m", "bench.instructions", name)
            # With random hashes, sets and dicts would differ from run to run.
            environment = {**os.environ, "PYTHONHASHSEED": "0"}
            done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
            totals = [line for line in out.read_text().splitlines() if line.startswith("totals:")]
            each = int(totals[-1].split()[1]) / int(done.stdout)
            print(f"{name}: {each / 1000:,.0f} thousand instructions")


def _count(name: str) -> None:
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        work = _FIGURES[name](Path(directory))
        work()
        gc.collect()
        gc.freeze()
        gc.disable()
        _control("on")
        print(work())
        _control("off")


def _control(switch: str) -> None:
    command = ("callgrind_control", f"--instr={switch}", str(os.getpid()))
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
