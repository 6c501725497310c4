"""`munshi reload` and `rollback` from the command line."""

from pathlib import Path

from bot.flow_file import load_flow
from payments.shop.stock import StockMove
from storage.inbox import stock
from tests.bot.command_line import run_munshi
from tests.bot.lemonade_versions import munshi, standing, write
from tests.databases import made
from tests.storage.handwritten_rows import open_store


async def test_each_rollback_leads_one_further_back(database_url: str, tmp_path: Path) -> None:
    await made(database_url)
    names = {}
    for name in ("till", "desk", "bank"):
        file = write(tmp_path / "flows.yaml", ("  till:\n", f"  {name}:\n"), ("to: till", f"to: {name}"))
        if name == "desk":
            file.write_text(f"migrate: {{from: till, to: desk}}\n{file.read_text()}")
        names[name] = load_flow(file).version
        await munshi(database_url, file, "reload")
    async with open_store(database_url) as store:
        await standing(store, 1, "bank", version=3)
    status, said = await munshi(database_url, file, "rollback")
    assert await served(database_url) == names["desk"]
    assert said.splitlines()[1:] == [
        "",
        "Who stays with their version until they rest in its first state",
        "  bank, version <version>: 'bank' is gone, and no entry of 'migrate' takes it: 1 customer",
        "flows.yaml is not what is served: the next start, or reload, serves the file",
    ]
    write(file)
    status, said = await munshi(database_url, file, "rollback")
    assert await served(database_url) == names["till"]
    assert "is not what is served" not in said
    result = await run_munshi(database_url, "rollback", MUNSHI_FLOW=str(file))
    assert result.exit_code == 1
    choice = f"to serve another all the same, name it: {names['desk']}, {names['bank']};"
    assert f"there is no earlier version; {choice}" in result.output
    status, said = await munshi(database_url, file, "rollback", "zzz")
    assert (status, said.partition(";")[0]) == (1, "no version that was served is called 'zzz'")
    assert (await munshi(database_url, file, "rollback", names["bank"][:8]))[0] == 0
    assert await served(database_url) == names["bank"]
    await munshi(database_url, file, "rollback")
    assert await served(database_url) == names["till"], "what came between is undone"


async def test_reload_and_rollback_say_what_becomes_of_prices_and_stock(
    database_url: str, tmp_path: Path
) -> None:
    await made(database_url)
    file = write(tmp_path / "flows.yaml", ("price: 30", "price: 30, stock: 12"))
    _, said = await munshi(database_url, file, "reload")
    assert "What changes" not in said, "nothing was served"
    more = ("price: 30", "price: 40, stock: 24")
    _, planned = await munshi(database_url, write(file, more), "plan", "--no-proof", str(file))
    changed = [
        "What changes",
        "  prices",
        "    glass: ₹30 → ₹40",
        "  stock",
        "    glass: 24 from now on, 12 declared before (12 left)",
    ]
    for output in (planned, (await munshi(database_url, file, "reload"))[1]):
        assert output.splitlines()[2:7] == changed
    await sell_one(database_url)
    _, said = await munshi(database_url, file, "rollback")
    assert said.splitlines()[1:] == [
        "",
        "What changes",
        "  prices",
        "    glass: ₹40 → ₹30",
        "  stock",
        "    glass: 23 left, as before: a rollback counts nothing anew",
        "flows.yaml is not what is served: the next start, or reload, serves the file",
    ]
    _, planned = await munshi(database_url, file, "plan", "--no-proof", str(file))
    changed[2:] = [
        "    glass: ₹30 → ₹40",
        "  stock",
        "    glass: 23 left, as before: 24 was counted before the rollback",
    ]
    for output in (planned, (await munshi(database_url, file, "reload"))[1]):
        assert output.splitlines()[2:7] == changed
    assert "23 left" in (await munshi(database_url, file, "product"))[1]
    _, said = await munshi(database_url, write(file, ("price: 30", "price: 40")), "reload")
    assert "  stock\n    glass: not counted any more (23 left)\n" in said
    uncounted = await served(database_url)
    _, said = await munshi(database_url, file, "rollback")
    assert "  stock\n    glass: 24 from now on, not counted before\n" in said
    await sell_one(database_url)
    _, said = await munshi(database_url, file, "rollback", uncounted)
    assert "  stock\n    glass: not counted any more (23 left)\n" in said
    _, planned = await munshi(database_url, file, "plan", "--no-proof", str(file))
    assert "  stock\n    glass: the count from before the rollback ends (23 left)\n" in planned
    _, said = await munshi(database_url, write(file, more), "reload")
    assert "  stock\n    glass: 23 left, as before: 24 was counted before the rollback\n" in said


async def sell_one(url: str) -> None:
    async with open_store(url) as store:
        await store._units.run(lambda tx: stock.take(tx, [StockMove("glass", 0, 1)]))


async def test_reload_says_who_stays_with_their_version(database_url: str, tmp_path: Path) -> None:
    await made(database_url)
    await munshi(database_url, write(tmp_path / "flows.yaml"), "reload")
    async with open_store(database_url) as store:
        await standing(store, 1, "till")
    file = write(tmp_path / "flows.yaml", ("  till:\n", "  desk:\n"), ("to: till", "to: desk"))
    _, said = await munshi(database_url, file, "reload")
    stays = (
        "Who stays with their version until they rest in its first state\n"
        "  till, version <version>: 'till' is gone, and no entry of 'migrate' takes it: 1 customer\n"
    )
    assert f"in the place of <version>\n\n{stays}what may go wrong" in said


async def served(url: str) -> str:
    async with open_store(url) as store:
        newest = await store.versions.newest()
    assert newest is not None
    return newest.version


async def test_a_rollback_that_strands_somebody_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    await made(sqlite_url)
    closed = (", image: {to: counter}", "")
    await munshi(sqlite_url, write(tmp_path / "flows.yaml", closed), "reload")
    file = write(tmp_path / "flows.yaml", closed, ("  till:\n", "  desk:\n"), ("to: till", "to: desk"))
    await munshi(sqlite_url, file, "reload")
    async with open_store(sqlite_url) as store:
        await standing(store, 1, "desk", version=2)
    status, said = await munshi(sqlite_url, file, "rollback")
    assert status == 1
    assert said.startswith("Whom nothing moves\n  desk, version <version>: 'desk' is gone")
    status, said = await munshi(sqlite_url, file, "rollback", "--anyway")
    assert status == 0
    assert "\nWhom nothing moves\n  desk, version <version>: 'desk' is gone" in said
