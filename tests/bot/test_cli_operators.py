"""`munshi ledger`, `replay` and `doctor` on a database in use, and on one at rest."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from bot.cli import COMMANDS
from payments.ledger.holds import HoldReason
from storage import Store
from tests.bot.command_line import FAILED_COPY, installation, park_event, run_munshi
from tests.databases import made
from tests.storage.handwritten_rows import NOW, insert, open_store, run_sql


def test_the_order_of_the_help() -> None:
    assert " ".join(COMMANDS) == (
        "init demo serve work sandbox chat check prove test diagram schema plan reload history rollback"
        " orders order product customers chats reply broadcast day export hooks shopify why ledger replay"
        " doctor migrate backup restore settle import console"
    )


@pytest.mark.parametrize("words", [("ledger",), ("why", "12345"), ("replay", "1")])
async def test_no_database_yet(tmp_path: Path, words: tuple[str, ...]) -> None:
    result = await run_munshi(f"sqlite://{tmp_path}/none.db", *words)
    assert result.exit_code == 1
    assert result.output == (
        f"there is no database at {tmp_path}/none.db. DATABASE_URL, from the environment or from .env in this"
        " folder, says where it is: go to your shop's folder, or put the right file back; a new shop's is"
        " made by 'munshi init'.\n"
    )
    assert not (tmp_path / "none.db").exists()


# ledger


async def test_ledger_balances(store: Store, database_url: str) -> None:
    await insert(
        store, "orders", key="k-1-1", number="10012", lifecycle="fulfilled", stage="placed",
        fulfilled=50_000, paid_at=5, held=5_000, held_for=HoldReason.SURPLUS,
    )  # fmt: skip
    await insert(store, "fact", order_key="k-1-1", entity_id="pay_1", amount=65_000)
    await insert(
        store, "refund", key="pay_1-1", order_key="k-1-1", payment_id="pay_1", amount=10_000, status="asked"
    )
    result = await run_munshi(database_url, "ledger")
    assert result.exit_code == 0
    assert result.output == (
        "1 order, 1 captured payment\n"
        "  captured                 ₹650\n"
        "  = fulfilled              ₹500\n"
        "  + refunded               ₹100  (₹100 of it on its way)\n"
        "  + held                    ₹50\n"
        "\nHeld:\n"
        "  order #10012 (k-1-1): ₹50 held, surplus: more than the total was paid\n"
        "      refund what is too much in Razorpay's dashboard, where its notes name the order\n"
        "\nThe books balance.\n"
    )
    told = orjson.loads((await run_munshi(database_url, "ledger", "--json")).output)
    assert told["balanced"] is True
    assert (told["orders"], told["payments"]) == (1, 1)
    assert told["sums"]["INR"] == {
        "captured": 65_000, "fulfilled": 50_000, "refunded": 10_000, "pending": 10_000, "held": 5_000,
        "goods": 50_000, "owed": 0, "given": 0,
    }  # fmt: skip
    assert told["held"][0]["key"] == "k-1-1"


async def test_ledger_reads_all_again(store: Store, database_url: str) -> None:
    for n in (1, 2):
        await insert(
            store, "orders", key=f"k-1-{n}", number=f"1001{n}", lifecycle="fulfilled", stage="placed",
            fulfilled=50_000, paid_at=5,
        )  # fmt: skip
        await insert(store, "fact", order_key=f"k-1-{n}", entity_id=f"pay_{n}")
    await store.audits.audit("", 1_790_000_000_000, 50)
    [row] = await store._units.read(lambda tx: tx.fetch("SELECT digest FROM audit"))
    line = f"\nAudit 1 of 2026-09-21 14:13 UTC, {row['digest'][:16]}; read now: 0 orders\n"
    result = await run_munshi(database_url, "ledger")
    assert line + "The books balance.\n" in result.output
    result = await run_munshi(database_url, "ledger", "--full")
    assert line + "Read again: 2 orders, 1 audit\nThe books balance.\n" in result.output
    await store._units.run(lambda tx: tx.fetch("UPDATE orders SET total = 7 WHERE key = 'k-1-2'"))
    assert (await run_munshi(database_url, "ledger")).exit_code == 0, "nothing said that it has changed"
    result = await run_munshi(database_url, "ledger", "--full")
    assert result.exit_code == 1
    assert "k-1-2: nothing has changed since audit 1, so the order must be what that saw" in result.output
    assert "      somebody wrote into the database past Munshi" in result.output
    told = orjson.loads((await run_munshi(database_url, "ledger", "--full", "--json")).output)
    assert told["read_again"] == {"orders": 2, "audits": 1}
    assert told["audit"] == {"number": 1, "made_at": 1_790_000_000_000, "digest": row["digest"]}


async def test_ledger_that_does_not_balance(store: Store, database_url: str) -> None:
    await insert(
        store, "orders", key="k-1-1", number="10012", lifecycle="fulfilled", stage="placed", fulfilled=50_000,
        paid_at=5,
    )  # fmt: skip
    await insert(store, "fact", order_key="k-1-1", entity_id="pay_1", amount=65_000)
    await insert(store, "fact", order_key="k-1-1", entity_id="pay_2", amount=99, currency="USD")
    result = await run_munshi(database_url, "ledger")
    assert result.exit_code == 1
    assert "  captured     99 of the smallest unit of USD\n" in result.output
    assert "The books do NOT balance: 2 to look into." in result.output
    assert "  k-1-1: fulfilled + refunded + held must be what was captured\n" in result.output
    assert "      expected ₹650, found ₹500\n      compare the order's payments" in result.output
    result = await run_munshi(database_url, "ledger", "--json")
    told = orjson.loads(result.output)
    assert (result.exit_code, told["balanced"]) == (1, False)
    balance, _ = told["discrepancies"]
    assert (balance["check"], balance["expected"], balance["found"]) == ("balance", 65_000, 50_000)
    assert balance["remedy"]


# replay


async def states(store: Store) -> list[tuple[int, str, str | None]]:
    rows = await store._units.read(lambda tx: tx.fetch("SELECT id, state, error FROM inbox ORDER BY id"))
    return [(row["id"], row["state"], row["error"]) for row in rows]


async def at_rest(url: str, store: Store) -> None:
    """On SQLite, only a server that stopped lets others write."""
    if url.startswith("sqlite"):
        await store.close()


@asynccontextmanager
async def looked_into(url: str, store: Store) -> AsyncIterator[Store]:
    """`store`, or another one where it had to be closed."""
    if url.startswith("sqlite"):
        async with open_store(url) as another:
            yield another
    else:
        yield store


async def test_replay_without_a_server(store: Store, database_url: str) -> None:
    for number in (3, 5, 6):
        await park_event(store, number)
    await at_rest(database_url, store)
    result = await run_munshi(database_url, "replay", "5")
    assert (result.exit_code, result.output) == (0, "event 5 waits to be handled\n")
    async with looked_into(database_url, store) as now:
        assert [state for _, state, _ in await states(now)] == ["parked", "pending", "parked"]
        assert (await now.counts(2**60)).pending == 1
    result = await run_munshi(database_url, "replay", "--all")
    assert result.output == "event 3 waits to be handled\nevent 6 waits to be handled\n"
    assert (await run_munshi(database_url, "replay", "--all")).output == "no event is parked\n"
    async with looked_into(database_url, store) as now:
        assert {(state, error) for _, state, error in await states(now)} == {("pending", None)}


async def test_replay_of_what_is_not_parked(store: Store, database_url: str) -> None:
    await park_event(store, 3)
    await run_sql(store, "UPDATE inbox SET state = 'applied', error = NULL")
    for words, said in (
        (("3",), "event 3 is applied: only a parked event can be replayed\n"),
        (("4",), "there is no event 4\n"),
        ((), "name one event (munshi replay 17), or all that are parked (munshi replay --all)\n"),
        (("3", "--all"), "name one event (munshi replay 17), or all that are parked (munshi replay --all)\n"),
    ):
        result = await run_munshi(database_url, "replay", *words)
        assert (result.exit_code, result.output) == (1, said)
    assert (await states(store))[0][1] == "applied"


async def test_replay_while_the_file_is_held_and_no_server_answers(sqlite_url: str) -> None:
    await made(sqlite_url)
    async with open_store(sqlite_url) as store:
        await park_event(store, 3)
        result = await run_munshi(sqlite_url, "replay", "3")
        assert result.exit_code == 1
        assert "SQLite serves one process" in result.output
        assert "Nobody answers at http://127.0.0.1:9/operator/events/3/replay" in result.output
        assert (await states(store))[0][1] == "parked"


# doctor


async def test_doctor_lists_what_waits_while_the_database_is_open(store: Store, database_url: str) -> None:
    key = await installation(store)
    for number in range(1, 13):
        await park_event(store, number, f"Traceback …\nValueError: asha@okaxis said {number}")
    await insert(
        store, "orders", key="k-1-1", number="10012", held=500, held_for=HoldReason.DISPUTED, payment="held"
    )
    await insert(store, "orders", key="k-1-2", number="10013", held=50, held_for=HoldReason.REMAINDER)
    await insert(store, "notice", id=4, kind="window", subject="paid", said="add a template for 'paid'")
    result = await run_munshi(database_url, "doctor")
    assert result.exit_code == 1
    said = result.output
    assert "✓ database: there, and up to date" in said
    assert "✗ events: 12 parked: they could not be handled\n" in said
    assert f"    event 1 (chat, customer {key}-1): ValueError: …@… said 1\n" in said
    assert "mend what this says (often the flow), then: munshi replay 1\n" in said
    assert "event 10 (" in said
    assert "event 11 (" not in said
    assert "… and 2 more" in said
    assert "✗ money: held in 1 order, and waits for you\n    order #10012 (k-1-1): ₹5 held" in said
    assert "answer the dispute in Razorpay's dashboard before its deadline" in said
    assert "10013" not in said
    assert (
        "✗ notices: 1 you have not seen to\n    notice 4 (window paid): add a template for 'paid'\n" in said
    )
    assert "munshi doctor --seen 4" in said


async def test_doctor_when_nothing_waits(store: Store, database_url: str) -> None:
    said = (await run_munshi(database_url, "doctor")).output
    for line in ("✓ events: none is parked", "✓ money: none waits for a person", "✓ notices: none"):
        assert f"{line}\n" in said


async def test_a_notice_that_was_seen_to(store: Store, database_url: str) -> None:
    await insert(store, "notice", id=4, kind="window", subject="paid", said="…")
    await at_rest(database_url, store)
    result = await run_munshi(database_url, "doctor", "--seen", "5")
    assert (result.exit_code, result.output) == (1, "there is no notice 5\n")
    result = await run_munshi(database_url, "doctor", "--seen", "4")
    assert (result.exit_code, result.output) == (0, "notice 4 is forgotten\n")
    async with looked_into(database_url, store) as now:
        assert (await now.counts(NOW)).notices == 0


async def test_a_failed_copy_is_tried_again(tmp_path: Path) -> None:
    url = f"sqlite://{tmp_path}/munshi.db"
    await made(url)
    nothing = await run_munshi(url, "shopify", "retry")
    assert (nothing.exit_code, nothing.output) == (1, "no copy failed\n")
    async with open_store(url) as store:
        await run_sql(store, FAILED_COPY)
    tried = await run_munshi(url, "shopify", "retry")
    assert (tried.exit_code, tried.output) == (0, "tried again by the running server within seconds\n")
    async with open_store(url) as store:
        [row] = await store._units.read(lambda tx: tx.fetch("SELECT due_at FROM mirror"))
    assert row["due_at"] < 2**60
