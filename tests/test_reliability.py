"""docs/reliability.md has a row for every scenario, and every test that it names exists."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
TEXT = (TESTS.parent / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS: dict[str, str] = dict(re.findall(r"^\| ([MC]\d\d) \|.*\| ([^|]+) \|$", TEXT, re.MULTILINE))
"""What shows that a scenario ends well, by its id."""
FAULTS: dict[str, str] = dict(
    re.findall(r"^\| ([ABCDE]\d|A1\d|F\d{1,2}) \|.*\| ([^|]+) \|$", TEXT, re.MULTILINE)
)
"""What shows that a fault of version 0.1 is mended, by its id."""

ATTACKS: dict[str, str] = dict(re.findall(r"^\| (S\d{1,2}) \|.*\| ([^|]+) \|$", TEXT, re.MULTILINE))
"""What shows that an attack fails, by its id."""

CASES: dict[str, str] = dict(re.findall(r"^\| `(\w+)` \|.*\| ([^|]+) \|$", TEXT, re.MULTILINE))
"""What plays a case of a shop's day, by its name."""

MONEY = (*range(1, 12), 13, 14, *range(16, 28), *range(29, 42), 43, 44, 45)
CHAT = (*range(1, 6), *range(7, 16), 17, *range(20, 25))
IDS = [*(f"M{number:02}" for number in MONEY), *(f"C{number:02}" for number in CHAT)]


@cache
def declared(path: Path) -> frozenset[str]:
    """The names of the tests in a file; none if there is no such file."""
    if not path.is_file():
        return frozenset()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    names = (node.name for node in ast.walk(tree) if isinstance(node, functions))
    return frozenset(name for name in names if name.startswith("test_"))


def test_every_scenario_has_one_row() -> None:
    assert re.findall(r"^\| ([MC]\d\d) \|", TEXT, re.MULTILINE) == IDS
    assert list(ROWS) == IDS


MENDED = (
    *(f"A{n}" for n in range(1, 12)),
    *(f"B{n}" for n in range(1, 8)),
    *(f"C{n}" for n in range(1, 4)),
    *(f"D{n}" for n in range(1, 10)),
    "E1",
    *(f"F{n}" for n in range(1, 20)),
)


def test_every_fault_that_is_mended_has_a_row() -> None:
    assert tuple(FAULTS) == MENDED


def test_every_attack_has_one_row() -> None:
    assert re.findall(r"^\| (S\d+) \|", TEXT, re.MULTILINE) == [f"S{number}" for number in range(1, 33)]
    assert len(ATTACKS) == 32


def test_faults_stand_once_and_in_order() -> None:
    found = re.findall(r"^\| ([ABCDEF])(\d{1,2}) \|", TEXT, re.MULTILINE)
    faults = [(area, int(number)) for area, number in found if area != "C" or len(number) == 1]
    assert faults == sorted(set(faults))
    assert [f"{area}{number}" for area, number in faults] == list(FAULTS)


def test_each_case_of_a_shops_day_has_one_row() -> None:
    names = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert len(names) == len(set(names)) == 67
    assert list(CASES) == names


@pytest.mark.parametrize("id", [*IDS, *FAULTS, *ATTACKS, *CASES])
def test_what_shows_it_is_there(id: str) -> None:
    shown = (ROWS | FAULTS | ATTACKS | CASES)[id]
    if shown.startswith("no test: "):
        return
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", shown)
    assert named
    assert "<br>".join(f"`{path}::{name}`" for path, name in named) == shown, "nothing but tests"
    for path, name in named:
        assert name in declared(TESTS / path), f"{path} has no {name}"


def test_each_file_that_is_to_be_run_is_there() -> None:
    named = set(re.findall(r"tests/[\w/]+(?:\.py)?", TEXT))
    assert {path for path in named if not (TESTS.parent / path).exists()} == set()
