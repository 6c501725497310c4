"""A soak of some seconds, with each kind of trouble once. `make soak` lasts as long as you like."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.soak.plan import short
from tests.soak.report import lines
from tests.soak.run import soak
from tests.soak.troubles import KINDS


async def test_all_troubles_while_customers_buy(tmp_path: Path) -> None:
    soaked = await soak(short("sqlite", 41, tuple(KINDS)), tmp_path)
    said = "\n".join(lines(soaked))
    assert soaked.violations == [], said
    played = {kind for kind in KINDS if kind != "full" or soaked.stage.disk.can_be_full}
    assert set(soaked.stage.played) == played
    assert soaked.crowd.outcomes["paid"], said


async def test_what_is_acknowledged_before_it_is_stored_is_missed(tmp_path: Path) -> None:
    """A soak must be able to fail: the bug is planted, and the disk is full."""
    plan = replace(short("sqlite", 41, ("full",), "acknowledge_first"), settle_seconds=3, closing=3)
    soaked = await soak(plan, tmp_path)
    if not soaked.stage.disk.can_be_full:
        pytest.skip("this user may not mount a file system in memory")
    assert any("acknowledged events are not in the database" in wrong for wrong in soaked.violations)
