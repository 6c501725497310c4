"""The page People, in a real browser: who may log in, and what is kept of what they do."""

import pytest
from playwright.async_api import Locator, Page, expect

from tests.console.shop_of_pages import PASSWORD, PagedShop

pytestmark = pytest.mark.asyncio(loop_scope="session")

OTHER = "five other words, quite without"


def row(page: Page, name: str) -> Locator:
    return page.locator("[data-person]").filter(has_text=name)


async def press(page: Page, button: Locator) -> None:
    await button.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Do it").click()


async def test_a_person_is_added_and_changed_and_removed(shop: PagedShop) -> None:
    meera = await shop.logged_in("Meera")
    await meera.get_by_role("link", name="People").click()
    await meera.get_by_role("button", name="Add a person").click()
    dialog = meera.get_by_role("dialog")
    await dialog.get_by_label("Name").fill("Nila")
    await dialog.get_by_label("Password", exact=True).fill(PASSWORD)
    await dialog.get_by_label("The password again").fill(OTHER)
    await dialog.get_by_role("button", name="Do it").click()
    await expect(meera.get_by_text("The two passwords are not the same.")).to_be_visible()
    await dialog.get_by_label("The password again").fill(PASSWORD)
    await dialog.get_by_role("button", name="Do it").click()
    await expect(row(meera, "Nila")).to_contain_text("staff")

    nila = await shop.logged_in("Nila")
    await expect(nila.get_by_role("link", name="Health")).to_be_visible()
    await nila.goto(f"{shop.url}people")
    await expect(nila.get_by_text("This page is for owners of the shop.")).to_be_visible()
    await row(meera, "Nila").get_by_role("button", name="Change role").click()
    await dialog.get_by_role("radio", name="viewer").click()
    await dialog.get_by_role("button", name="Do it").click()
    await expect(row(meera, "Nila")).to_contain_text("viewer")
    await press(meera, row(meera, "Nila").get_by_role("button", name="Log out everywhere"))
    await expect(meera.get_by_text("Nila is logged out everywhere.")).to_be_visible()
    await nila.goto(shop.url)
    await expect(nila.get_by_label("Password")).to_be_visible()

    await press(meera, row(meera, "Meera").get_by_role("button", name="Remove"))
    await expect(meera.get_by_text("Meera is the only owner")).to_be_visible()
    await dialog.get_by_role("button", name="Cancel").click()
    await press(meera, row(meera, "Nila").get_by_role("button", name="Remove"))
    await expect(row(meera, "Nila")).to_have_count(0)
    log = meera.locator(".log tbody tr")
    await expect(log.first).to_contain_text("Meera (owner)")
    await expect(log.first).to_contain_text("remove person")
    await expect(log.first).to_contain_text("Nila")
    assert PASSWORD not in await meera.content()
