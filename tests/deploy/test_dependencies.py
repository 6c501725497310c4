"""What is installed is locked with its hashes, listed by the bill of materials, and explained."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.test_requirements_lock import ROOMS, imported

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
LOCKS = ("requirements.lock", "requirements-console.lock", "requirements-dev.lock")
SAFE_FROM = {"aiohttp": (3, 13, 4), "jinja2": (3, 1, 6)}
"""The first versions without a known fault that concerns us."""
THROUGH_ANOTHER = {"uharfbuzz": "fpdf2", "tzdata": "zoneinfo", "fontpkg-noto-sans-devanagari": "fontpkg"}


def locked(name: str) -> dict[tuple[str, str], set[str]]:
    """The hashes of each package and version of a lock."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", "")
    found = {}
    for line in text.splitlines():
        [package] = re.findall(r"^([a-z0-9-]+)==([\w.]+)(?= )", line)
        found[package] = set(re.findall(r"--hash=sha256:([0-9a-f]{64})", line))
    return found


def bound(requirement: str) -> tuple[str, str]:
    """The name in lower case, and what is said of its versions."""
    [(name, versions)] = re.findall(r"^([\w-]+)(?:\[\w+\])?(.*)$", requirement)
    return name.lower(), versions


def numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


@pytest.mark.parametrize("name", LOCKS)
def test_every_locked_package_has_hashes_and_no_address(name: str) -> None:
    assert all(locked(name).values())
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")


def test_the_bill_of_materials_names_every_locked_package_with_its_hashes(tmp_path: Path) -> None:
    [command] = re.findall(r"\$\(BIN\)/(cyclonedx-py .*)", (ROOT / "Makefile").read_text(encoding="utf-8"))
    words = shlex.split(command.replace("$(SBOM)", str(tmp_path / "sbom.json")))
    program = Path(sys.executable).with_name(words[0])
    # Validating it takes seconds.
    subprocess.run([program, *words[1:], "--no-validate"], cwd=ROOT, capture_output=True, check=True)
    bill = json.loads((tmp_path / "sbom.json").read_text(encoding="utf-8"))
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    listed = {
        (one["name"], one["version"]): {
            digest["content"] for reference in one["externalReferences"] for digest in reference["hashes"]
        }
        for one in bill["components"]
    }
    assert listed == locked("requirements.lock")


def test_each_dependency_has_a_lower_bound_that_is_safe_and_no_other_but_one() -> None:
    bounds = dict(map(bound, PROJECT["dependencies"]))
    assert {name for name, versions in bounds.items() if not versions.startswith(">=")} == set()
    assert {name for name, versions in bounds.items() if "<" in versions} == {"transitions"}
    for name, version in SAFE_FROM.items():
        assert numbers(bounds[name].removeprefix(">=")) >= version


def test_each_dependency_is_used_by_a_room_or_through_another() -> None:
    files = [file for room in ROOMS for file in (ROOT / room).rglob("*.py")]
    used = set().union(*map(imported, files))
    names = {"pyyaml": "yaml", "python-dotenv": "dotenv", "tortoise-orm": "tortoise", "fpdf2": "fpdf"}
    for name in dict(map(bound, PROJECT["dependencies"])):
        module = names.get(name, name).replace("-", "_")
        assert module in used or THROUGH_ANOTHER[name] in {*used, *names}, name


def test_the_page_says_what_each_is_for_and_names_no_other() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    _, *tables = text.partition("## What each is for")[2].split("| package | for |\n")
    of_run, of_console, of_tests = (_names(table) for table in tables)
    assert of_run == _bounded(PROJECT["dependencies"])
    assert of_console == _bounded(EXTRAS["console"])
    assert of_tests == _bounded([*EXTRAS["build"], *EXTRAS["dev"]])


def _names(table: str) -> list[str]:
    return sorted(name.lower() for name in re.findall(r"`([\w-]+)`", "\n".join(_cells(table))))


def _bounded(requirements: list[str]) -> list[str]:
    return sorted(dict(map(bound, requirements)))


def _cells(table: str) -> list[str]:
    return re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)
