"""Databases that were copied by hand and restored, or served twice: nobody gets another's link."""

import shutil
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.clock import ShiftedClock
from payments.shop.orders import order_key_of
from sandbox.world import World
from tests.databases import made
from tests.world.processes import MUNSHI, environment, free_port, process, ready
from tests.world.running_bot import API_TOKEN, CONFIRMED, Live, Start
from tests.world.test_restore import Shop


@pytest.fixture
def database_url(tmp_path: Path) -> str:
    """SQLite only: its database is one file, which people copy."""
    return f"sqlite://{tmp_path}/munshi.db"


@pytest.fixture
def shop(world: World, clock: ShiftedClock, start: Start, tmp_path: Path) -> Shop:
    return Shop(world, clock, start, tmp_path)


def copy(shop: Shop, source: str, target: str) -> None:
    """Copy the files without `munshi backup`, while nothing is open."""
    shutil.copyfile(shop.folder / source, shop.folder / target)


async def test_who_orders_after_a_file_was_copied_back_gets_a_link_of_their_own(shop: Shop) -> None:
    razorpay = shop.world.razorpay
    async with shop.open():
        pass
    copy(shop, "munshi.db", "kept.db")
    async with shop.open() as live:
        asha = shop.customer(live, "Asha")
        await asha.order()
        hers = razorpay.links[asha.link]
        await asha.pay()
        assert asha.heard(CONFIRMED) == 1
    copy(shop, "kept.db", "munshi.db")
    async with shop.open() as live:
        ravi = shop.customer(live, "Ravi")
        await ravi.order()
        his = razorpay.links[ravi.link]
        assert (len(razorpay.links), his.status) == (2, "created")
        assert counted(his.reference_id) == counted(hers.reference_id), "the books count alike"
        assert his.reference_id != hers.reference_id
        await live.wait(10)
        assert ravi.heard(CONFIRMED) == 0
        await ravi.pay()
        assert ravi.heard(CONFIRMED) == 1


@pytest.mark.parametrize("paid", [True, False], ids=["paid", "not paid"])
async def test_a_link_that_lost_books_made_is_never_adopted_even_under_our_own_name(
    shop: Shop, paid: bool
) -> None:
    """The random letters are the same too: all that differs is that these books never asked for the link."""
    razorpay = shop.world.razorpay
    async with shop.open():
        pass
    copy(shop, "munshi.db", "kept.db")
    async with shop.open() as live:
        same_letters(live)
        asha = shop.customer(live, "Asha")
        await asha.order()
        hers = razorpay.links[asha.link]
        if paid:
            await asha.pay()
    copy(shop, "kept.db", "munshi.db")
    async with shop.open() as live:
        same_letters(live)
        ravi = shop.customer(live, "Ravi")
        await ravi.order()
        [order] = await live.rows("SELECT key FROM orders")
        assert order["key"] == hers.notes["munshi_order"], "the very same name"
        await live.wait(60)
        assert not any(hers.short_url in text or CONFIRMED in text for text in ravi.texts)
        assert await live.rows("SELECT link_id FROM attempt WHERE link_id IS NOT NULL") == []
        assert await live.rows("SELECT key FROM orders WHERE lifecycle = 'fulfilled'") == []
        notices = await live.rows("SELECT kind, subject FROM notice")
        assert {"kind": "copy", "subject": hers.reference_id} in notices
    assert list(razorpay.links) == [hers.id]


def counted(reference_id: str) -> str:
    """The counted parts of an order's key: installation, customer, and number of the order."""
    return order_key_of(reference_id).rstrip("abcdefghijklmnopqrstuvwxyz")


def same_letters(live: Live) -> None:
    live.context.store._draw = lambda: "a" * 10


async def test_two_processes_on_copies_of_one_file_name_their_orders_apart(tmp_path: Path) -> None:
    """A snapshot that is started twice: everything counted, hashed or seeded is the same in both."""
    await made(f"sqlite://{tmp_path}/one.db")
    shutil.copyfile(tmp_path / "one.db", tmp_path / "two.db")
    assert (tmp_path / "one.db").read_bytes() == (tmp_path / "two.db").read_bytes()
    async with World.running(now=lambda: 1_790_000_000_000) as world, aiohttp.ClientSession() as http:
        placed = [await ordered(world, http, tmp_path, name) for name in ("one.db", "two.db")]
        links = [world.razorpay.links[answer["razorpay_id"]] for answer in placed]
    [prefix] = {counted(link.reference_id) for link in links}  # the first order of the first customer
    assert placed[0]["order_number"] == placed[1]["order_number"]
    assert len({link.notes["munshi_order"] for link in links}) == 2
    assert len({link.reference_id for link in links}) == 2
    assert all(len(link.reference_id) >= len(prefix) + 10 for link in links), "letters enough"


async def ordered(world: World, http: aiohttp.ClientSession, folder: Path, name: str) -> dict[str, Any]:
    """Place the first order with a separate server on the database `name`."""
    port = free_port()
    settings = {"DATABASE_URL": f"sqlite://{folder}/{name}", "PORT": str(port), "PYTHONHASHSEED": "0"}
    env = environment({**world.settings(), **settings, "MUNSHI_API_TOKEN": API_TOKEN})
    url = f"http://127.0.0.1:{port}"
    async with process(*MUNSHI, "serve", env=env, cwd=folder):
        await ready(http, url)
        items = [{"sku": "masala-250", "quantity": 2}]
        async with http.post(
            f"{url}/payments/create",
            json={"phone": "919812345601", "items": items},
            headers={"Authorization": f"Bearer {API_TOKEN}"},
        ) as answer:
            assert answer.status == 200, await answer.text()
            answered: dict[str, Any] = await answer.json()
    return answered
