"""What `munshi doctor` finds on the machine: root, files that others may read or change, a full disk."""

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from bot.checks.finding import Finding
from bot.checks.machine import machine_risks
from bot.settings import Settings
from tests.bot.command_line import SETTINGS


class Usage(NamedTuple):
    """What is free on a disk."""

    free: int


@pytest.fixture(autouse=True)
def shop(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with a flow file and a database, that only its owner may read; the user is not root."""
    for name in ("flows.yaml", "munshi.db"):
        (tmp_path / name).write_text(name)
        (tmp_path / name).chmod(0o600)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("bot.checks.machine.geteuid", lambda: 1000)
    return tmp_path


def found(**changed: Any) -> list[Finding]:
    settings = {name.lower(): value for name, value in SETTINGS.items()}
    return list(machine_risks(Settings(_env_file=None, **{**settings, **changed})))


def test_a_shop_that_only_its_owner_reads_is_not_blamed() -> None:
    assert found() == []
    assert found(database_url="postgres://munshi@127.0.0.1/munshi") == []
    assert found(database_url="sqlite://nothing.db") == []
    assert found(database_url="mysql://a/b") == []


def test_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.checks.machine.geteuid", lambda: 0)
    [root] = found()
    assert (root.name, root.well) == ("user", False)


@pytest.mark.parametrize("name", ["munshi.db", "munshi.db-wal", "munshi.db.replaced-1", "old.db"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_database_or_a_copy_of_it_that_others_can_read(shop: Path, name: str, mode: int) -> None:
    (shop / name).touch()
    (shop / name).chmod(mode)
    [exposed] = found()
    assert exposed.name == "database"
    assert exposed.said == f"others on this machine may read or change {name} (mode {mode:04o})"
    assert exposed.mend == f"chmod 600 {name}"


def test_a_lock_holds_nothing(shop: Path) -> None:
    (shop / "munshi.db.lock").touch(mode=0o644)
    assert found() == []


def test_a_flow_file_that_others_can_change(shop: Path) -> None:
    (shop / "flows.yaml").chmod(0o644)
    assert found() == []
    (shop / "flows.yaml").chmod(0o664)
    [open_] = found()
    assert (open_.name, open_.mend) == ("flow", "chmod go-w flows.yaml")


@pytest.mark.parametrize(("free", "size", "well"), [(999_999_999, 1, False), (1_000_000_000, 1, True)])
def test_a_disk_that_is_nearly_full(
    monkeypatch: pytest.MonkeyPatch, shop: Path, free: int, size: int, well: bool
) -> None:
    monkeypatch.setattr("bot.checks.machine.shutil.disk_usage", lambda _: Usage(free))
    assert [one.name for one in found()] == ([] if well else ["disk"])


def test_a_disk_without_room_for_a_copy_of_the_database(monkeypatch: pytest.MonkeyPatch, shop: Path) -> None:
    monkeypatch.setattr("bot.checks.machine.shutil.disk_usage", lambda _: Usage(2_000_000_000))
    with (shop / "munshi.db").open("r+b") as file:
        file.truncate(2_000_000_001)
    [full] = found()
    assert full.said == "2.0 GB are free, and the database has 2.0 GB"
