"""The page Health, in a real browser, at a shop that is served for real."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.console.shop_of_pages import PagedShop

pytestmark = pytest.mark.asyncio(loop_scope="session")

NEWS = "<b>not-ours</b>"


def light(page: Page, name: str) -> Locator:
    return page.get_by_role("listitem").filter(has=page.get_by_text(name, exact=True))


async def test_what_meta_says_is_seen_to_by_staff(shop: PagedShop) -> None:
    vik, ravi = await shop.logged_in("Vik"), await shop.logged_in("Ravi")
    for page in (vik, ravi):
        await page.get_by_role("link", name="Health").click()
        await expect(light(page, "events")).to_contain_text("fine")
    await shop.act("configure", name=NEWS, status="Needs Connecting")

    seen = ravi.get_by_role("article").filter(has_text=NEWS)
    await expect(vik.get_by_role("article").filter(has_text=NEWS)).to_be_visible()
    await expect(vik.get_by_role("button", name="I have seen to it")).to_have_count(0)
    await seen.get_by_role("button", name="I have seen to it").click()
    for page in (vik, ravi):
        await expect(page.get_by_role("article").filter(has_text=NEWS)).to_have_count(0)
    await shop.act("configure", name=NEWS, status="Active")

    await expect(light(ravi, "server")).to_contain_text("ready at")
    await expect(light(ravi, "flow")).to_contain_text("is sound")
    await expect(ravi.get_by_text("Looked at")).to_be_visible()
    await expect(ravi.get_by_role("link", name="People")).to_have_count(0)
