"""For tests of the console: one Chromium and one shop for each worker, which its tests share.

Each test has customers of its own, and looks only for what is theirs.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.console.browser import CHROMIUM, MISSING, chromium
from tests.console.shop_of_pages import PagedShop, paged_shop


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PagedShop]:
    if CHROMIUM is None:
        pytest.skip(MISSING)
    folder = tmp_path_factory.mktemp("paged-shop")
    async with chromium() as browser, paged_shop(browser, folder) as running:
        yield running
