"""Steps of written chats per second of one core: the shipped shop's, played as `munshi test` plays them.

A step is one entry of a chat: an action, or what is expected after it. The limit is not measured: it is a
rate at which a shop's thousand chats take less than half a minute. Reading files and flow is not counted.
"""

from collections.abc import Sequence
from pathlib import Path
from time import process_time
from typing import Final

from bench.figures import Figure
from bench.shop import flow
from payments.simulator.runner import play
from payments.simulator.scenario import Scenario, parse

_FILES: Final = Path("tests/scenarios")
_ROUNDS: Final = 7
_GOAL: Final = 2_000


def scenarios() -> Figure:
    """Measure processor time, so that the machine's other work is not counted."""
    chats = [parse(file.read_text("utf-8"), str(file)) for file in sorted(_FILES.glob("*.yaml"))]
    rates = [_rate(chats) for _ in range(_ROUNDS + 1)][1:]
    return Figure("steps of scenarios", "/s", [(rate, _GOAL) for rate in rates], goal=1)


def _rate(chats: Sequence[Scenario]) -> float:
    start = process_time()
    for chat in chats:
        played = play(flow(), chat)
        assert played.mismatch is None, str(played)
    return sum(len(chat.steps) for chat in chats) / (process_time() - start)
