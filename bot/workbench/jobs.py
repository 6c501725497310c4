"""The jobs of the workbench. Each yields what it finds, as JSON objects, as soon as it finds it."""

import asyncio
import os
from collections.abc import Callable, Iterator, Mapping
from difflib import unified_diff
from itertools import islice
from pathlib import Path
from typing import Any, Final, TypeAlias

from bot.own_actions import vocabulary
from bot.plan_words import told
from bot.planning import people
from bot.whatsapp.limits import LIMITS
from bot.workbench.trials import searched, tried
from flows.document.errors import FlowInvalid, Issue
from flows.engine.model import Flow
from flows.language.load import Examined, examine
from storage.database.errors import StorageError
from storage.database.records import reading

Texts: TypeAlias = Mapping[str, str]
"""The files of a flow by their paths, the flow file first."""
Found: TypeAlias = Iterator[Mapping[str, Any]]

MOST_ISSUES: Final = 200
"""Issues that are answered of one flow."""
MOST_LINES: Final = 4000
"""Lines of a difference."""
_AROUND: Final = 3
"""Lines around each difference."""


class Jobs:
    """Does jobs, and keeps the flow that was examined last: most jobs are about the same one."""

    def __init__(self, stopped: Callable[[], bool]) -> None:
        self._stopped = stopped
        self._last: tuple[Texts, Examined] | None = None

    def do(self, job: str, given: Mapping[str, Any]) -> Found:
        """Do `job` with what it takes, which is named as the parameters of its function are."""
        if job == "check":
            return self._check(given["texts"])
        if job == "try":
            return self._try(given["texts"], Path(given["scenarios"]), given["seconds"])
        if job == "plan":
            return self._plan(given["texts"], given["database"], given["now"])
        if job == "compare":
            return compared(given["before"], given["after"])
        raise LookupError(job)

    def _examined(self, texts: Texts) -> Examined:
        if self._last is None or self._last[0] != texts:
            self._last = texts, _examine(texts)
        return self._last[1]

    def _check(self, texts: Texts) -> Found:
        examined = self._examined(texts)
        yield {
            "version": examined.flow.version if examined.flow else "",
            "whole": examined.is_complete,
            "issues": [_issue_json(one) for one in examined.issues[:MOST_ISSUES]],
            "more": max(len(examined.issues) - MOST_ISSUES, 0),
        }

    def _try(self, texts: Texts, scenarios: Path, seconds: float) -> Found:
        flow = self._examined(texts).flow
        if flow is None:
            return
        yield from tried(flow, scenarios, self._stopped)
        if not self._stopped():
            yield from searched(flow, seconds, self._stopped)

    def _plan(self, texts: Texts, database: str, now: int) -> Found:
        flow = self._examined(texts).flow
        if flow is not None:
            try:
                yield asyncio.run(_planned(flow, database, now))
            except StorageError as error:
                yield {"refused": str(error)}


def _examine(texts: Texts) -> Examined:
    (file, text), *included = texts.items()
    try:
        return examine(text, file, vocabulary(), limits=LIMITS, included=dict(included))
    except FlowInvalid as invalid:  # of the shop's own actions
        return Examined(None, invalid.issues, is_complete=False)


def _issue_json(issue: Issue) -> Mapping[str, Any]:
    names = ("file", "line", "column", "message", "mend", "severity")
    return {name: getattr(issue, name) for name in names}


async def _planned(flow: Flow, database: str, now: int) -> Mapping[str, Any]:
    """Return what it would mean to serve `flow`, in lines, and how many customers could never go over."""
    async with reading(database) as records:
        plan, lines = await told(records, flow, now)
    return {
        "version": flow.version,
        "lines": lines,
        "strands": plan.strands,
        "stranded": people(plan.stranded),
    }


def compared(before: Texts, after: Texts) -> Found:
    """Yield how the files of two versions differ, in lines as `diff -u` prints them.

    The files are named as they lie beside the flow file.
    """
    old, new = _beside(before), _beside(after)
    lines = (line for name in dict.fromkeys([*old, *new]) for line in _differences(name, old, new))
    found = list(islice(lines, MOST_LINES + 1))
    yield {"lines": found[:MOST_LINES], "cut": len(found) > MOST_LINES}


def _differences(name: str, old: Texts, new: Texts) -> Iterator[str]:
    before, after = old.get(name, ""), new.get(name, "")
    yield from unified_diff(before.splitlines(), after.splitlines(), name, name, n=_AROUND, lineterm="")


def _beside(texts: Texts) -> Texts:
    folder = Path(next(iter(texts))).parent
    return {os.path.relpath(name, folder): text for name, text in texts.items()}
