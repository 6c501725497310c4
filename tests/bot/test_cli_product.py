"""`munshi product` without a server: what it lists, and what it refuses."""

from pathlib import Path

import pytest

from payments.shop.stock import COUNTED_THERE
from tests.bot.command_line import run_munshi
from tests.databases import made
from tests.payments.card_shop import with_cards
from tests.storage.handwritten_rows import NOW, open_store

SWEETS = str(Path("tests/payments/sweets/flows.yaml"))


@pytest.fixture(autouse=True)
def sweets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUNSHI_FLOW", SWEETS)
    monkeypatch.setenv("TZ", "UTC")


async def test_it_lists_what_is_for_sale(database_url: str) -> None:
    await made(database_url)
    async with open_store(database_url) as store:
        await store.declare({"laddu": 5})
        for sku in ("kaju", "laddu"):
            await store.switch(sku, available=False, by="Meena", now=NOW)
    result = await run_munshi(database_url, "product")
    since = [line.partition("off since ")[2] for line in result.output.splitlines()]
    assert [line.partition("off since ")[0].rstrip() for line in result.output.splitlines()] == [
        "thali       Veg thali   ₹120",
        "kaju        Kaju katli",
        "  kaju-250    250 g     ₹260          off with kaju",
        "  kaju-1kg    1 kg      ₹980  2 left  off with kaju",
        "laddu       Laddu       ₹20   5 left",
    ]
    assert [bool(one) for one in since] == [False, True, False, False, True]
    assert since[1].endswith(", by Meena")
    assert since[1].startswith("2026-09-2")
    only = await run_munshi(database_url, "product", "kaju-1kg")
    assert only.output.split() == ["kaju-1kg", "1", "kg", "₹980", "2", "left", "off", "with", "kaju"]
    assert len((await run_munshi(database_url, "product", "kaju")).output.splitlines()) == 3, "with variants"


async def test_it_lists_order_cards_while_they_are_off(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made(sqlite_url)
    (tmp_path / "flows.yaml").write_text(with_cards(Path("flows.yaml").read_text("utf-8")))
    monkeypatch.setenv("MUNSHI_FLOW", str(tmp_path / "flows.yaml"))
    assert "order cards" not in (await run_munshi(sqlite_url, "product")).output
    async with open_store(sqlite_url) as store:
        await store.switch("whatsapp_pay:razorpay-main", available=False, by="WhatsApp", now=NOW)
    last = (await run_munshi(sqlite_url, "product")).output.splitlines()[-1]
    assert last.startswith("whatsapp_pay:razorpay-main  order cards")
    assert last.endswith(", by WhatsApp")


async def test_a_product_of_which_each_size_is_off_is_not_shown_as_on(database_url: str) -> None:
    await made(database_url)
    async with open_store(database_url) as store:
        await store.switch("kaju-250", available=False, by="Meena", now=NOW)
        assert (await run_munshi(database_url, "product", "kaju")).output.splitlines()[0].split() == [
            "kaju", "Kaju", "katli"
        ]  # fmt: skip
        await store.switch("kaju-1kg", available=False, by="Meena", now=NOW)
    listed = await run_munshi(database_url, "product", "kaju")
    assert listed.output.splitlines()[0].endswith("each is off")


async def test_it_lists_what_is_served_whatever_the_file_says(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await made(database_url)
    file, text = tmp_path / "flows.yaml", Path(SWEETS).read_text("utf-8")
    monkeypatch.setenv("MUNSHI_FLOW", str(file))
    file.write_text(text, "utf-8")
    await run_munshi(database_url, "reload")
    assert (await run_munshi(database_url, "product", "laddu")).output == "laddu  Laddu  ₹20  5 left\n"
    file.write_text(f"# the same, but for a word aside\n{text}", "utf-8")
    assert (await run_munshi(database_url, "product", "laddu")).output == "laddu  Laddu  ₹20  5 left\n"
    changed = text.replace("price: 20", "price: 25").replace("sku: thali", "sku: dosa")
    for content in (changed, "flow: [broken"):
        file.write_text(content, "utf-8")
        head, line = (await run_munshi(database_url, "product", "laddu")).output.splitlines()
        assert head.startswith("Customers are served version ")
        assert head.endswith(f", not what {file} says:")
        assert line == "laddu  Laddu  ₹20  5 left"
        assert (await run_munshi(database_url, "product", "thali", "off")).exit_code == 0
        told = (await run_munshi(database_url, "product", "dosa", "off")).output
        assert told == "the shop has no 'dosa'. If the flow file has it: munshi reload\n"


async def test_it_switches_without_a_server(database_url: str) -> None:
    await made(database_url)
    for words, said in (
        (("kaju", "off"), "'kaju' is off now\n"),
        (("kaju", "off"), "'kaju' was off already\n"),
        (("kaju", "on"), "'kaju' is on now\n"),
        (("kaju-250", "on"), "'kaju-250' was on already\n"),
    ):
        result = await run_munshi(database_url, "product", *words)
        assert (result.exit_code, result.output) == (0, said)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("kaaju",), "the shop has no 'kaaju'; did you mean 'kaju'?\n"),
        (("zz", "off"), "the shop has no 'zz'; munshi product lists what it has\n"),
        (("kaju", "maybe"), "Invalid value for '[off|on]'"),
    ],
)
async def test_it_refuses_what_is_no_product(sqlite_url: str, words: tuple[str, ...], said: str) -> None:
    await made(sqlite_url)
    result = await run_munshi(sqlite_url, "product", *words)
    assert result.exit_code != 0
    assert said in result.output


async def test_it_says_what_shopify_counts(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = Path(SWEETS).read_text("utf-8")
    there = "stock: shopify, shopify: 'gid://shopify/ProductVariant/7'}"
    counted = text.replace("price: 20, stock: 5}", f"price: 20, {there}")
    assert counted != text
    (tmp_path / "flows.yaml").write_text(counted, "utf-8")
    monkeypatch.setenv("MUNSHI_FLOW", str(tmp_path / "flows.yaml"))
    await made(sqlite_url)
    unread = (await run_munshi(sqlite_url, "product", "laddu")).output
    assert unread == "laddu  Laddu  ₹20  not read at Shopify yet\n"
    async with open_store(sqlite_url) as store:
        await store.declare({"laddu": COUNTED_THERE})
        await store.read_there({"laddu": 5}, NOW, NOW)
    assert (
        await run_munshi(sqlite_url, "product", "laddu")
    ).output == "laddu  Laddu  ₹20  5 left, by Shopify\n"
