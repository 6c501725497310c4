"""Plays the written chats on a flow, and searches for what may go wrong in it, for a short time."""

import math
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from bot.flow_file import load_flow
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from payments.prover.prove import Proof, prove
from payments.prover.report import violation
from payments.simulator.runner import play
from payments.simulator.scenario import parse


def tried(flow: Flow, scenarios: Path, stopped: Callable[[], bool]) -> Iterator[Mapping[str, Any]]:
    """Yield how many chats the folder `scenarios` has, and of each whether its answers are as written."""
    files = sorted(scenarios.rglob("*.yaml")) if scenarios.is_dir() else []
    yield {"chats": len(files)}
    for file in files:
        if stopped():
            return
        report = _failure(flow, file)
        yield {"chat": file.relative_to(scenarios).as_posix(), "passed": not report, "report": report}


def _failure(flow: Flow, file: Path) -> str:
    """Return why the chat in `file` fails; empty if it passes."""
    try:
        scenario = parse(file.read_bytes().decode("utf-8-sig"), str(file))
        played = play(_flow_of(flow, scenario.flow, file), scenario)
    except (FlowInvalid, UnicodeDecodeError) as invalid:
        return f"{file}: {invalid}"
    except OSError as error:
        return f"{file} can't be read: {error.strerror}"
    return str(played) if played.mismatch else ""


def _flow_of(flow: Flow, named: str | None, file: Path) -> Flow:
    """Return the flow of a chat: `flow`, unless the chat in `file` names another one."""
    path = file.parent / named if named else None
    return flow if path is None or path.resolve() == Path(flow.file).resolve() else load_flow(path)


def searched(flow: Flow, seconds: float, stopped: Callable[[], bool]) -> Iterator[Mapping[str, Any]]:
    """Search all that may happen for so many seconds, and yield what came of it."""

    def clock() -> float:
        return math.inf if stopped() else time.monotonic()

    yield {"searching": seconds}
    proof = prove(flow, seconds=seconds, clock=clock)
    if not stopped():
        yield {
            "places": proof.places,
            "whole": not proof.left_out and all(one.exhausted for one in proof.searched),
            "wrong": [_chat(proof, number, flow) for number in range(len(proof.violations))],
        }


def _chat(proof: Proof, number: int, flow: Flow) -> str:
    """Return what was found, as a chat that goes wrong."""
    return "\n".join(violation(proof, proof.violations[number], flow.file)).strip()
