"""`munshi export`: the file is whole or is the old one, it is for its owner alone, and errors are named."""

import stat
from pathlib import Path

import pytest

from storage import Store
from tests.bot.command_line import run_munshi
from tests.storage.handwritten_rows import insert, open_store, run_sql
from tests.world.desk_shop import flow_in

_PERIOD = ("--from", "2026-01-01", "--to", "2026-12-31")


@pytest.fixture
async def database(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MUNSHI_FLOW", str(flow_in(tmp_path)))
    await Store.migrate(sqlite_url)
    async with open_store(sqlite_url) as store:
        for n in range(60):
            await insert(store, "orders", key=f"k-1-{n:02}", number=str(10_001 + n), placed_by=n)
    return sqlite_url


async def test_a_file_is_for_its_owner_alone(database: str, tmp_path: Path) -> None:
    out = tmp_path / "o.csv"
    done = await run_munshi(database, "export", "orders", *_PERIOD, "--out", str(out))
    assert done.exit_code == 0, done.output
    assert len(out.read_text("utf-8").splitlines()) == 61
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.glob("*.part")] == []


async def test_what_fails_leaves_the_old_file(database: str, tmp_path: Path) -> None:
    out = tmp_path / "o.csv"
    out.write_text("old", "utf-8")
    lost = await run_munshi("sqlite:///nowhere/lost.db", "export", "orders", *_PERIOD, "--out", str(out))
    assert (lost.exit_code, out.read_text("utf-8")) == (1, "old")
    async with open_store(database) as store:
        await run_sql(store, "UPDATE orders SET lines = '7' WHERE key = 'k-1-55'")
    broken = await run_munshi(database, "export", "orders", *_PERIOD, "--out", str(out))
    assert (broken.exit_code, out.read_text("utf-8")) == (1, "old")
    assert "order k-1-55 cannot be read" in broken.output
    assert [path.name for path in tmp_path.glob("*.part")] == []
    listed = await run_munshi(database, "orders", "--limit", "100")
    assert "cannot be read: k-1-55" in listed.output
    assert len(listed.output.splitlines()) == 60
