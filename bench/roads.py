"""`python -m bench.roads`: count the code that two everyday events pass through, from HTTP to HTTP.

One chat of the shipped shop is played in the sandbox. While a tap becomes a payment link and its message, and
while a payment's webhooks become the confirmation, every call is recorded. The result counts the files, the
functions, the changes of room, and, inside the pure step, the calls back into a file of `payments` that waits
for this very call.
"""

import asyncio
import sys
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any, Final

from bot.demo.nine_steps import MOVES, Move, play

_ROOT: Final = Path(__file__).parent.parent
_ROOMS: Final = ("bot", "flows", "payments", "storage")
_NOT_OURS: Final = ("bot/demo",)
"""Folders that only set the stage."""
_MONEY: Final = "payments"
_STEP: Final = "advance"
"""The function whose call is the step."""
_ROADS: Final = {
    "a tap becomes a link and its message": "Confirm order",
    "webhooks become the confirmation": "pays",
}


@dataclass
class Road:
    """The calls of one road, in their order."""

    calls: list[tuple[str, str]] = field(default_factory=list)
    """(file, function)."""
    returns: Counter[tuple[str, str]] = field(default_factory=Counter)
    """(from, to): calls in the step into a file of `payments` that waits for this very call."""
    _stacks: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))
    """By thread: the files of `payments` whose functions are running in a step."""

    def note(self, frame: FrameType, event: str, _: Any) -> None:
        """Record one event of the profiler."""
        file, name = _own_file(frame.f_code.co_filename), frame.f_code.co_qualname
        if file is None or event not in ("call", "return"):
            return
        if event == "call":
            self.calls.append((file, name))
        stack = self._stacks[threading.get_ident()]
        if file.startswith(_MONEY) and (stack or name == _STEP):
            self._enter(stack, file) if event == "call" else stack and stack.pop()

    def _enter(self, stack: list[str], file: str) -> None:
        if stack and stack[-1] != file and file in stack:
            self.returns[stack[-1], file] += 1
        stack.append(file)


def _own_file(name: str) -> str | None:
    """Return the path of a file of ours, from the root; None for other files."""
    path = Path(name)
    if not path.is_relative_to(_ROOT):
        return None
    file = path.relative_to(_ROOT).as_posix()
    return file if file.startswith(_ROOMS) and not file.startswith(_NOT_OURS) else None


@dataclass
class Recorder:
    """Records the calls of all threads in the current road, if there is one."""

    road: Road | None = None

    def note(self, frame: FrameType, event: str, argument: Any) -> None:
        """Record one event of the profiler."""
        if self.road is not None:
            self.road.note(frame, event, argument)


async def _play() -> dict[str, Road]:
    roads: dict[str, Road] = {}
    recorder = Recorder()
    # The pure step runs in the database's thread, which starts with the bot.
    threading.setprofile(recorder.note)
    sys.setprofile(recorder.note)
    from tests.bot.bot_inside import phone_inside  # the tests are not installed

    async with phone_inside(_ROOT / "flows.yaml") as phone:
        for move in MOVES:
            title = _title(move)
            recorder.road = Road() if title else None
            await play(move, phone)
            if title and recorder.road:
                roads[title] = recorder.road
            recorder.road = None
    sys.setprofile(None)
    return roads


def _title(move: Move) -> str | None:
    return next((title for title, word in _ROADS.items() if word in move.does), None)


def _summary(title: str, road: Road) -> str:
    files = [file for file, _ in road.calls]
    rooms = [file.partition("/")[0] for file in files]
    changes = sum(room != following for room, following in pairwise(rooms))
    back = ", ".join(f"{caller} → {called}" for caller, called in sorted(road.returns)) or "none"
    return (
        f"{title}: {len(set(files))} files, {len(set(road.calls))} functions, {changes} changes of room;"
        f" steps back into a file of {_MONEY} that waits: {back}"
    )


def main() -> None:
    """Play the chat and print what each road passes through."""
    for title, road in asyncio.run(_play()).items():
        print(_summary(title, road))


if __name__ == "__main__":
    main()
