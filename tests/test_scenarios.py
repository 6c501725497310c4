"""The scenarios of the shipped flow, and a check that together they take every rule of it."""

from functools import cache
from pathlib import Path

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.simulator.runner import Played, play
from payments.simulator.scenario import parse

ROOT = Path(__file__).parent.parent
FILES = sorted((ROOT / "tests" / "scenarios").glob("*.yaml"))


@cache
def shipped() -> Flow:
    return load((ROOT / "flows.yaml").read_text("utf-8"), "flows.yaml", SHOP, limits=LIMITS)


@cache
def played(file: Path) -> Played:
    return play(shipped(), parse(file.read_text("utf-8"), str(file.relative_to(ROOT))))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_scenario(file: Path) -> None:
    assert played(file).mismatch is None, f"\n{played(file)}"


def test_every_rule_of_the_shipped_flow_is_taken() -> None:
    taken = {
        (entry["taken"]["rule"], entry["taken"]["line"])
        for file in FILES
        for handled in played(file).results
        for entry in handled.trace
        if "taken" in entry
    }
    rules = {(f"{rule.owner or 'anywhere'}: {rule.trigger}", rule.line) for rule in shipped().rules}
    assert len(rules) == len(shipped().rules), "alternatives on one line can't be told apart"
    untaken = {name: f"flows.yaml:{line}: {name}" for name, line in rules - taken}
    assert not untaken, "\n".join(["no scenario takes:", *untaken.values()])
