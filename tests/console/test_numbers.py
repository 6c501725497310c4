"""The page of the numbers, in a real browser, at a shop that is served for real."""

import csv
import io
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Final

import httpx
import pytest
from playwright.async_api import expect

from payments.ledger.numbers import Kind, number_of, time_bound
from tests.console.shop_of_pages import PagedShop

pytestmark = pytest.mark.asyncio(loop_scope="session")
LAST: Final = date(2024, 9, 21)
"""The last day with numbers: before any order of another test."""
STATES: Final = ("browsing", "cart.review", "checkout", "awaiting_payment", "paid")


def rows_of(day: date, n: int) -> Iterator[tuple[str, int, str, int, int]]:
    """Yield what happened on a day, `n` days ago."""
    sold, on = 3 + n * 7 % 11, number_of(day)
    yield Kind.PLACED, on, "sold", sold, sold * 25_000
    yield Kind.PLACED, on, "unpaid", 1, 18_000
    yield Kind.PAID, on, "online/upi", sold - 1, (sold - 1) * 25_000
    yield Kind.PAID, on, "hand/cash", 1, 25_000
    if n % 9 == 4:
        yield Kind.REFUNDED, on, "", sold, (sold + 2) * 25_000
    for place, sku in enumerate(("masala-250", "ginger-250", "=gone")):
        yield Kind.SOLD, on, sku, sold // (place + 1), 18_000 * sold // (place + 1)
    for took in (300, 420, 800, 2_500 + n % 5 * 400):
        yield Kind.REPLIED, on, str(time_bound(took)), 5, 5 * took
    yield Kind.FAILED, on, "payment_cancelled", 2, 36_000
    yield Kind.FAILED, on, "<b>insufficient_funds</b>", 1, 18_000
    for place, (before, after) in enumerate(pairwise(STATES)):
        yield Kind.MOVED, on, f"{before}>{after}", 20 - 4 * place, 0
    for place, state in enumerate(STATES):
        yield Kind.RESTS, on, state, 5 - place, 9_000 * place


def fill(database: Path, last: date, days: int) -> None:
    """Write the numbers of so many days."""
    with closing(sqlite3.connect(database, timeout=30)) as connection, connection:
        connection.executemany(
            "INSERT INTO figure (kind, day, name, count, amount) VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT (kind, day, name) DO UPDATE SET count = excluded.count, amount = excluded.amount",
            [row for n in range(days) for row in rows_of(last - timedelta(days=n), n)],
        )


async def test_the_numbers_of_some_days_are_shown_and_exported(shop: PagedShop) -> None:
    fill(Path(shop.env["DATABASE_URL"].removeprefix("sqlite://")), LAST, 40)
    page = await shop.logged_in("Vik")
    await page.get_by_role("link", name="Numbers", exact=True).click()
    await page.get_by_role("link", name="7 days").click()
    await expect(page.get_by_role("link", name="7 days")).to_have_attribute("aria-current", "true")

    await page.goto(f"{shop.url}numbers?from=2023-05-01&to=2023-05-02")
    await expect(page.get_by_text("There are no numbers on these days")).to_be_visible()
    await page.goto(f"{shop.url}numbers?from={LAST - timedelta(days=6)}&to={LAST}")
    await expect(page.locator(".tile", has_text="Orders sold")).to_contain_text("58")
    revenue = page.get_by_role("region", name="Revenue by day")
    await expect(revenue.locator(".chart-day")).to_have_count(7)
    await expect(revenue.locator(".chart-bar.below")).to_have_count(1)
    await revenue.locator("summary").focus()
    await page.keyboard.press("Enter")
    await expect(revenue.get_by_role("row")).to_have_count(8)
    await expect(revenue.get_by_role("row").nth(1)).to_contain_text("₹750")

    sellers = page.get_by_role("region", name="Best sellers")
    await expect(sellers.get_by_role("row").nth(1)).to_contain_text("Masala chai 250 g")
    funnel = page.get_by_role("region", name="Way through the shop")
    await expect(funnel.get_by_role("row", name="awaiting_payment")).to_contain_text("₹1,890")
    failures = page.get_by_role("region", name="Why payments failed")
    await expect(failures).to_contain_text("<b>insufficient_funds</b>")

    await page.get_by_label("From").fill((LAST - timedelta(days=9)).isoformat())
    await page.get_by_role("button", name="Show").click()
    await expect(revenue.locator(".chart-day")).to_have_count(10)
    async with page.expect_download() as download:
        await sellers.get_by_role("link").click()
    text = Path(await (await download.value).path()).read_text("utf-8-sig")
    assert [row[:2] for row in csv.reader(io.StringIO(text))] == [
        ["Product", "SKU"],
        ["Masala chai 250 g", "masala-250"],
        ["Ginger chai 250 g", "ginger-250"],
        ["'=gone", "'=gone"],
    ]
    async with httpx.AsyncClient(trust_env=False) as nobody:
        answer = await nobody.get(f"{shop.url}numbers.csv?of=revenue")
    assert (answer.status_code, answer.headers["location"]) == (303, "/log-in?to=/numbers.csv")
