"""A flow that somebody edits is examined, tried and compared in a process of its own."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from bot.console.flow.workbench import Workbench
from bot.console.server_desk import NotDone

_FLOW = Path("docs/recipes/tiffin.yaml")


@pytest.fixture
async def workbench() -> AsyncIterator[Workbench]:
    made = Workbench()
    yield made
    await made.close()


async def test_one_process_checks_tries_and_compares(workbench: Workbench, tmp_path: Path) -> None:
    texts = {"flows.yaml": _FLOW.read_text("utf-8")}
    found = await workbench.one("check", texts=texts)
    assert found["version"]
    assert not found["issues"]

    wrong = {"flows.yaml": texts["flows.yaml"].replace("start:", "strat:", 1)}
    found = await workbench.one("check", texts=wrong)
    assert not found["version"]
    assert any("strat" in one["message"] and one["line"] > 1 for one in found["issues"]), found

    [compared] = await _all(workbench, "compare", before=texts, after=wrong)
    assert any(line.startswith("+strat:") for line in compared["lines"])

    (tmp_path / "a.yaml").write_text("no: scenario\n")
    answers = await _all(workbench, "try", texts=texts, scenarios=str(tmp_path), seconds=1)
    assert answers[0] == {"chats": 1}
    assert (answers[1]["chat"], answers[1]["passed"]) == ("a.yaml", False)
    assert "a.yaml:1" in answers[1]["report"]
    assert answers[-1]["places"] > 0


async def test_what_nobody_waits_for_ends_early_and_the_next_job_is_done(workbench: Workbench) -> None:
    texts = {"flows.yaml": _FLOW.read_text("utf-8")}
    async with aclosing(workbench.answers("try", texts=texts, scenarios="none", seconds=600)) as found:
        async for answer in found:
            if "searching" in answer:
                break
    first = workbench._process
    assert (await workbench.one("check", texts=texts))["version"]
    assert workbench._process is first


async def test_what_takes_too_long_is_stopped(workbench: Workbench) -> None:
    texts = {"flows.yaml": _FLOW.read_text("utf-8")}
    assert (await workbench.one("check", texts=texts))["version"]
    workbench._seconds = 0.02
    with pytest.raises(NotDone, match="took over"):
        await _all(workbench, "try", texts=texts, scenarios="none", seconds=600)
    workbench._seconds = 60
    assert (await workbench.one("check", texts=texts))["version"]


async def test_a_process_that_was_killed_is_said_and_started_again(workbench: Workbench) -> None:
    texts = {"flows.yaml": "flow: x\n"}
    await workbench.one("check", texts=texts)
    assert workbench._process is not None
    workbench._process.kill()
    with pytest.raises(NotDone, match="has ended"):
        await workbench.one("check", texts=texts)
    assert (await workbench.one("check", texts=texts))["issues"]


async def test_jobs_are_done_one_after_the_other(workbench: Workbench) -> None:
    texts = {"flows.yaml": "flow: x\n"}
    found = await asyncio.gather(*(workbench.one("check", texts=texts) for _ in range(5)))
    assert all(one == found[0] for one in found)


async def _all(workbench: Workbench, job: str, **given: Any) -> list[Mapping[str, Any]]:
    return [answer async for answer in workbench.answers(job, **given)]
