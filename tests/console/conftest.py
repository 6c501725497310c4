"""For tests of the console: one Chromium for each, and a shop that they share if they leave it as it was."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.console.browser import CHROMIUM, MISSING, chromium
from tests.console.shop_of_pages import PagedShop, paged_shop


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    if CHROMIUM is None:
        pytest.skip(MISSING)
    async with chromium() as started:
        yield started


@pytest.fixture
async def shop(browser: Browser, tmp_path: Path) -> AsyncIterator[PagedShop]:
    async with paged_shop(browser, tmp_path) as running:
        yield running
