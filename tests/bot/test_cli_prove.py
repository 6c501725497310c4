"""`munshi prove` from the command line: what it prints, how it ends, what it saves."""

from pathlib import Path
from types import SimpleNamespace
from typing import Final

import pytest

from tests.bot.test_cli_commands import munshi, written
from tests.payments.test_prove_endings import LEMONADE

_CAPTURED: Final = "payment.captured: {do: cart.settle, say: news}"


def test_a_violation_is_printed_as_a_chat_and_saved_as_a_scenario_that_fails(tmp_path: Path) -> None:
    flow = written(
        tmp_path / "flows.yaml", LEMONADE.replace(_CAPTURED, "payment.captured: {do: cart.settle}")
    )
    result = munshi("prove", flow, "--seconds", "10", "--save", tmp_path / "scenarios")
    assert result.exit_code == 1, result.output
    assert "error: money that comes or goes is spoken of" in result.output
    assert "Asha pays" in result.output
    [saved] = (tmp_path / "scenarios").iterdir()
    assert munshi("test", saved).exit_code == 1
    written(flow, LEMONADE)
    assert munshi("test", saved).exit_code == 0


def test_what_holds_is_said_with_its_bounds(tmp_path: Path) -> None:
    result = munshi("prove", written(tmp_path / "flows.yaml", LEMONADE), "--seconds", "1")
    assert result.exit_code == 0, result.output
    assert "holds within" in result.output
    assert "left out: more than one order" in result.output
    assert "no story came" not in result.output


def test_who_waits_at_a_terminal_is_told_what_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flow = written(tmp_path / "flows.yaml", LEMONADE)
    assert " …" not in munshi("prove", flow, "--seconds", "1").stderr
    monkeypatch.setattr("bot.cli.prove.sys", SimpleNamespace(stderr=SimpleNamespace(isatty=lambda: True)))
    result = munshi("prove", flow, "--seconds", "1")
    assert " …" in result.stderr
    assert " …" not in result.stdout


def test_a_shop_in_which_no_order_is_ever_paid_is_told_so(tmp_path: Path) -> None:
    flow = LEMONADE.replace(", order.place, payment.request]", "]")
    assert flow != LEMONADE
    result = munshi("prove", written(tmp_path / "flows.yaml", flow), "--seconds", "1")
    assert "no story came to an order that is paid, or due for cash" in result.output
