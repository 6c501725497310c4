"""`munshi orders` and `munshi order` without a server: what they show, and what they refuse."""

from pathlib import Path

import orjson
import pytest

from tests.bot.command_line import run_munshi
from tests.databases import made
from tests.storage.handwritten_rows import NOW, insert, open_store
from tests.world.desk_shop import flow_in


@pytest.fixture
async def database(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Two orders: one that is paid and to be brought, and one that is not paid."""
    monkeypatch.setenv("MUNSHI_FLOW", str(flow_in(tmp_path)))
    await made(sqlite_url)
    async with open_store(sqlite_url) as store:
        await insert(store, "conversation", id=1, snapshot={"customer": {"name": "Asha"}})
        await insert(store, "alias", conversation_id=1, value="919800000001")
        to = {
            "how": "delivery",
            "address": "Flat 4, Lake Road 411005",
            "slot_name": "Lunch, 12:00",
            "note": "no onions",
        }
        await insert(
            store, "orders", key="k-1-1", number="10001", lifecycle="fulfilled", stage="ready",
            stage_by="Meena", stage_at=NOW + 60_000, todo="goods", payment="paid", fulfilled=50_000,
            paid_at=NOW, destination=to,
        )  # fmt: skip
        await insert(
            store, "fact", order_key="k-1-1", entity_id="pay_1", detail={"method": "upi"}, at=NOW // 1000
        )
        await insert(store, "orders", key="k-1-2", number="10002", placed_at=NOW + 1, placed_by=2)
    return sqlite_url


async def test_an_order_for_pickup(database: str) -> None:
    async with open_store(database) as store:
        await insert(
            store, "orders", key="k-1-3", number="10003", lifecycle="promised", stage="placed",
            stage_by="", stage_at=NOW, todo="goods", payment="cash", placed_at=NOW + 2, placed_by=3,
            destination={"how": "pickup", "slot_name": "Lunch, 12:00"},
        )  # fmt: skip
    listed = (await run_munshi(database, "orders", "--todo")).output.splitlines()
    assert listed[1].split("  ")[2:] == [
        "placed, ₹500 to be paid", "2 × Masala chai", "pickup, Lunch, 12:00", "Asha +919800000001"
    ]  # fmt: skip
    shown = (await run_munshi(database, "order", "10003")).output.splitlines()
    assert shown[1] == "  to do: the goods are to be made ready for pickup"


async def test_an_order_that_lapsed_unpaid(database: str) -> None:
    async with open_store(database) as store:
        await insert(
            store, "orders", key="k-1-4", number="10004", lifecycle="lapsed", placed_at=NOW + 2, placed_by=3
        )
    assert "  lapsed  " in (await run_munshi(database, "orders")).output.splitlines()[0]


async def test_the_list(database: str) -> None:
    listed = (await run_munshi(database, "orders")).output.splitlines()
    assert [line.split()[0] for line in listed] == ["#10002", "#10001"]
    assert listed[1].split("  ")[2:] == [
        "ready, ₹500 paid", "2 × Masala chai", "Lunch, 12:00", "Asha +919800000001"
    ]  # fmt: skip
    assert (await run_munshi(database, "orders", "--todo")).output.splitlines() == [listed[1]]
    assert (await run_munshi(database, "orders", "--stage", "out")).output == "no such orders\n"
    assert (await run_munshi(database, "orders", "--today")).output == "no such orders\n"
    first = (await run_munshi(database, "orders", "--limit", "1")).output.splitlines()
    assert first[1] == f"… more: --after {NOW + 1}.k-1-2"
    rest = orjson.loads(
        (await run_munshi(database, "orders", "--json", "--after", f"{NOW + 1}.k-1-2")).output
    )
    assert ([order["key"] for order in rest["orders"]], rest["next"]) == (["k-1-1"], None)


async def test_the_customers(database: str) -> None:
    async with open_store(database) as store:
        await insert(store, "conversation", id=2, snapshot={"customer": {"name": "Bilal"}})
    first = (await run_munshi(database, "customers", "--limit", "1")).output.splitlines()
    assert ("Bilal" in first[0], first[1]) == (True, "… more: --after 2")
    [rest] = (await run_munshi(database, "customers", "--after", "2")).output.splitlines()
    assert "Asha  (phone 919800000001)" in rest
    assert (
        await run_munshi(database, "customers", "forget")
    ).output == "say: munshi customers forget <phone>\n"


@pytest.mark.parametrize(
    ("words", "noun"),
    [
        (("orders",), "order"), (("order", "10001"), "order"), (("day",), "order"), (("chats",), "customer"),
        (("customers",), "customer"), (("customers", "show", "Asha"), "customer"),
    ],
)  # fmt: skip
async def test_books_that_are_empty_are_named(
    sqlite_url: str, tmp_path: Path, words: tuple[str, ...], noun: str
) -> None:
    await made(sqlite_url)
    flow = str(flow_in(tmp_path))
    named = f"books: {sqlite_url.removeprefix('sqlite://')}, which hold no {noun}"
    hint = "; if 'munshi serve --sandbox' runs, paste its export line here"
    assert f"{named}{hint}\n" in (await run_munshi(sqlite_url, *words, MUNSHI_FLOW=flow)).stderr
    told = {"MUNSHI_FLOW": flow, "MUNSHI_SANDBOX": "http://127.0.0.1:9"}
    assert f"{named}\n" in (await run_munshi(sqlite_url, *words, **told)).stderr


async def test_the_day_is_named_in_two_ways(database: str) -> None:
    shown = (await run_munshi(database, "day", "2026-09-21")).output
    assert shown.startswith("Mon 21 Sep\n1 order, ₹500\n")
    assert (await run_munshi(database, "day", "--date", "2026-09-21")).output == shown
    both = await run_munshi(database, "day", "today", "--date", "today")
    assert both.output == "say the day once: munshi day today\n"


async def test_the_chats(database: str) -> None:
    """Nobody has written: the list is empty, without a server."""
    assert (await run_munshi(database, "chats")).output == "no such chats\n"
    assert orjson.loads((await run_munshi(database, "chats", "--json")).output) == {"chats": [], "next": None}


async def test_one_order(database: str) -> None:
    shown = (await run_munshi(database, "order", "#10001")).output
    assert shown.splitlines() == [
        "#10001 (k-1-1): ready, ₹500 paid",
        "  to do: the goods are to be brought to the customer",
        "",
        "  2 × Masala chai (masala)  ₹500",
        "  total                       ₹500",
        "  paid                        ₹500",
        "",
        "  customer: Asha +919800000001",
        "  delivery: Flat 4, Lake Road 411005",
        "  when: Lunch, 12:00",
        "  note: no onions",
        "",
        "2026-09-21 19:43 IST  placed",
        "2026-09-21 19:43 IST  ₹500 paid by UPI",
        "2026-09-21 19:44 IST  ready, by Meena",
    ]
    told = orjson.loads((await run_munshi(database, "order", "k-1-1", "--json")).output)
    assert (told["number"], told["to"]["note"], told["todo"]) == ("10001", "no onions", ["goods"])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("orders", "--after", "x"), "'x' is no place in a list"),
        (("order", "10009"), "there is no order '10009'"),
        (
            ("order", "10001", "fly"),
            "'fly' is no change of an order: there are accepted, preparing, ready, out,",
        ),
        (("order", "10001", "shipped"), "'shipped' is no change of an order; did you mean 'out'?"),
        (("order", "10001", "delivred"), "'delivred' is no change of an order; did you mean 'delivered'?"),
        (("order", "10001", "refund"), "'refund' is no change of an order; money goes back by return, less"),
        (("order", "10001", "less", "thali"), "say: munshi order <number> less <sku> <pieces>\n"),
        (("order", "10001", "less", "thali", "x"), "'x' is no number of pieces"),
        (("order", "10001", "allowance", "1.234"), "1.234 has parts of a paisa"),
        (("order", "10001", "cash", "free"), "'free' is not an amount in rupees"),
        (("order", "10001", "cash", "5", "more"), "'more' is not understood"),
        (("order", "10001", "cancel", "now"), "say: munshi order <number> cancel\n"),
        (("order", "10001", "out", "now"), "nothing comes after out"),
        (("order", "10001", "out", "--waste"), "--waste belongs to cancel"),
        (("order", "10001", "cancel", "--cash"), "--cash belongs to delivered"),
        (("order", "10001", "accepted", "--upi"), "--upi belongs to delivered"),
        (("order", "10001", "allowance", "5", "--waste"), "--waste belongs to cancel, refuse, less and"),
        (("order", "10001", "cash", "5", "--why", "zz"), "--why belongs to less, return and allowance"),
        (("order", "10001", "cancel", "--keep-delivery"), "--keep-delivery belongs to refuse"),
        (("order", "10001", "out", "--keep-delivery"), "--keep-delivery belongs to refuse"),
        (("order", "10001", "undo", "x"), "'x' is no number of a payment"),
        (("order", "10001", "undo", "1", "2"), "say: munshi order <number> undo [payment]"),
        (("order", "10001", "delivery"), "say: munshi order <number> delivery keep|refund"),
        (("order", "10001", "delivery", "mine"), "say: munshi order <number> delivery keep, or"),
        (("order", "10001", "delivered", "--cash", "--upi"), "say how it was paid once: --cash or --upi"),
        (("chats", "--after", "x"), "'x' is no place in a list"),
        (("reply", "Nobody", "hi"), "nobody here is called 'Nobody'"),
        (("reply", "Asha", "hi"), "Nobody answers at http://127.0.0.1:9/customers/919800000001/reply"),
        (("customers", "hears", "Asha"), "say: munshi customers hears <phone> nothing|orders|offers"),
        (
            ("customers", "hears", "Asha", "offers"),
            "Nobody answers at http://127.0.0.1:9/customers/919800000001/hears",
        ),
        (("broadcast", "sale", "--yes"), "Nobody answers at http://127.0.0.1:9/broadcasts (ConnectError)"),
        (("order", "10001", "out"), "Nobody answers at http://127.0.0.1:9/orders/k-1-1/stage (ConnectError)"),
    ],
)
async def test_what_they_refuse(database: str, words: tuple[str, ...], said: str) -> None:
    result = await run_munshi(database, *words)
    assert result.exit_code == 1
    assert result.output.startswith(said), result.output
