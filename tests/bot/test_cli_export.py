"""`munshi export`: the file is whole or is the old one, it is for its owner alone, and errors are named."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from payments.ledger.exports import Export
from payments.shop.business_day import Period
from payments.shop.local_time import INDIA
from storage import Store
from tests.bot.command_line import run_munshi
from tests.databases import made
from tests.storage.handwritten_rows import NOW, insert, open_store, run_sql
from tests.world.desk_shop import flow_in

_PERIOD = ("--from", "2026-01-01", "--to", "2026-12-31")


@pytest.fixture
async def database(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("MUNSHI_FLOW", str(flow_in(tmp_path)))
    await made(sqlite_url)
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


async def test_customers_are_those_who_wrote_or_ordered(database: str) -> None:
    async with open_store(database) as store:
        for id, (phone, wrote) in enumerate(
            (("919800000001", None), ("919800000002", NOW), ("919800000003", None), ("919812345671", NOW)), 1
        ):
            await insert(store, "conversation", id=id, last_inbound_at=wrote)
            await insert(store, "alias", conversation_id=id, value=phone)
        member = "INSERT INTO staff (phone, name, may) VALUES ('919812345671', 'Meena', 'orders')"
        await run_sql(store, member)
        for page in (1, 2, 50):
            found = []
            after = None
            while True:
                one = await store.export(Export.CUSTOMERS, Period(0, NOW + 1), after, INDIA, page)
                found += [row[2] for row in one.rows]
                if (after := one.last) is None:
                    break
            assert found == ["919800000001", "919800000002"], "orders, and a message"
        later = await store.export(Export.CUSTOMERS, Period(NOW + 1, NOW + 2), None, INDIA)
        assert later.rows == []


def test_a_reader_that_goes_is_no_fault_of_the_database(database: str, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    env = {**os.environ, "DATABASE_URL": database}
    command = [sys.executable, "-c", "from bot.cli import main; main()", "orders", "--limit", "60"]
    ended = subprocess.run(command, stdout=writing, stderr=subprocess.PIPE, env=env, text=True, check=False)
    os.close(writing)
    assert (ended.returncode, ended.stderr) == (1, "")


async def test_tax_counts_in_the_month_in_which_it_happens(store: Store) -> None:
    """Sold in November, less in December, called off in January: no exported month changes afterwards."""
    november, december, january = (NOW + month * 30 * 86_400_000 for month in range(3))
    terms = {"seller": {"gst": "27ABCDE1234F1Z0", "scheme": "regular"}}
    line = ["thali", "Thali", 1, 10_000]
    for n in range(3):
        await insert(
            store, "orders", key=f"k-1-{n}", number=str(n), lines=[line], total=10_000, terms=terms,
            lifecycle="fulfilled", stage="delivered", due_at=november if n else None,
        )  # fmt: skip
    periods = [Period(start, start + 86_400_000) for start in (november, december, january)]

    async def exported(limit: int) -> list[list[tuple[str, str]]]:
        found = []
        for period in periods:
            rows, after = [], None
            while True:
                page = await store.export(Export.GST, period, after, INDIA, limit)
                rows += [(str(row[0]), f"{row[2]} {row[8]}") for row in page.rows]
                if (after := page.last) is None:
                    break
            found.append(rows)
        return found

    sales = [("1", "sale 100.00"), ("2", "sale 100.00")]
    assert await exported(1) == await exported(50) == [sales, [], []]
    await insert(
        store, "amendment", key="k-1-1-a1", order_key="k-1-1", kind="allowance", amount=3_000,
        created_at=december,
    )  # fmt: skip
    over = f"stage = 'cancelled', lifecycle = 'returned', stage_at = {january}"
    await run_sql(store, f"UPDATE orders SET {over} WHERE number = '1'")
    assert await exported(1) == await exported(50) == [
        sales, [("1", "credit -30.00")], [("1", "credit -70.00")]
    ]  # fmt: skip
