"""`munshi prove` finds each planted bug, with a short chat that fails when it is played on the simulator."""

from pathlib import Path

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import load
from payments.processing.actions import SHOP
from payments.prover.chat import lines
from payments.prover.prove import prove
from payments.prover.report import fails, scenario
from tests.payments.planted_flows import BUGS


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str) -> None:
    bug = BUGS[name]
    proof = prove(load(bug.text(), "flows.yaml", SHOP, limits=LIMITS), seconds=100)
    [found] = proof.violations
    assert found.found.broken.name is bug.breaks
    assert len(lines(proof.munshi, found.hops, proof.begins)) <= 12
    assert fails(proof, scenario(proof, found, Path("flows.yaml"), Path()))
