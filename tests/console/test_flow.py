"""The page of the flow, in a real browser: two owners edit, one of whom is told of the other."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.console.browser import CHROMIUM, MISSING, chromium
from tests.console.shop_of_pages import PagedShop, paged_shop
from tests.payments.test_prove_endings import LEMONADE

_EDIT = """([before, after]) => {
  const view = getElement(Number(document.querySelector('.flow-editor').id.slice(1))).editor;
  const at = view.state.doc.toString().indexOf(before);
  view.dispatch({changes: {from: at, to: at + before.length, insert: after}});
  return view.state.doc.length;
}"""

_CHAT = "scenario: Who writes is asked\nchat:\n  - customer: hi\n  - shop: Lemonade?\n"


@pytest.fixture
async def own_shop(tmp_path: Path) -> AsyncIterator[PagedShop]:
    """A shop whose flow file is its own, and is edited."""
    if CHROMIUM is None:
        pytest.skip(MISSING)
    file = tmp_path / "flows.yaml"
    file.write_text(LEMONADE, "utf-8")
    (tmp_path / "scenarios").mkdir()
    (tmp_path / "scenarios/hello.yaml").write_text(_CHAT, "utf-8")
    async with chromium() as browser, paged_shop(browser, tmp_path, MUNSHI_FLOW=str(file)) as running:
        yield running


async def opened(shop: PagedShop, name: str) -> Page:
    page = await shop.logged_in(name)
    await page.get_by_role("link", name="Flow").click()
    await expect(page.locator(".flow-editor .cm-line").first).to_be_visible()
    return page


async def test_an_owner_edits_the_flow_and_takes_it_back(own_shop: PagedShop) -> None:
    shop, file = own_shop, own_shop.folder / "flows.yaml"
    first = file.read_text("utf-8")
    page = await opened(shop, "Meera")
    await expect(page.get_by_text("Mistakes: 0, warnings: 1")).to_be_visible()
    await expect(page.locator(".flow-line-warning")).to_contain_text("thanks:")
    await expect(page.get_by_text("All 1 pass")).to_be_visible()

    await page.locator(".cm-line").first.click()
    await page.keyboard.type("apo")
    await page.keyboard.press("Control+Space")
    await expect(page.locator(".cm-tooltip-autocomplete")).to_contain_text("apology")
    await page.keyboard.press("Escape")
    await page.keyboard.type("gize: 1")
    issue = page.locator(".flow-issue").first
    await expect(issue).to_contain_text("'apogize'")
    await expect(page.locator(".flow-line-error")).to_have_text("apogize: 1")
    await issue.get_by_role("button", name="line 1").click()
    await expect(page.locator(".flow-editor .cm-content")).to_be_focused()
    await page.get_by_role("button", name="Save and serve").click()
    await expect(page.get_by_text("has errors")).to_be_visible()
    length = await page.evaluate(_EDIT, ["apogize: 1", ""])
    assert await page.evaluate(_EDIT, ["flow:", "#" * 1_000_000]) == length
    await expect(page.get_by_text("That would be over 512 KiB")).to_be_visible()

    other = await page.context.new_page()
    await other.goto(f"{shop.url}flow")
    await expect(other.locator(".flow-editor .cm-line").first).to_be_visible()
    await other.evaluate(_EDIT, ["Goodbye.", "Farewell."])
    await expect(other.get_by_text("Not saved yet: flows.yaml")).to_be_visible()

    other.on("dialog", lambda dialog: dialog.accept())  # it asks before it is left
    await other.wait_for_function("sessionStorage.getItem('munshi-flow-draft')?.includes('Farewell')")
    await other.reload()
    await expect(other.get_by_text("is here again")).to_be_visible()
    await expect(other.get_by_text("Not saved yet: flows.yaml")).to_be_visible()

    await page.evaluate(_EDIT, ["price: 30", "price: 40"])
    await page.get_by_role("button", name="Save and serve").click()
    await expect(page.locator(".flow-plan-lines")).to_contain_text("glass: ₹30 → ₹40")
    assert file.read_text("utf-8") == first
    await page.get_by_role("button", name="Serve it").click()
    await expect(page.locator(".flow-version")).to_have_count(2)
    await expect(page.locator(".flow-version").first).to_contain_text("by Meera")
    assert file.read_text("utf-8") == first.replace("price: 30", "price: 40")

    await expect(other.get_by_role("alert").first).to_contain_text("changed by somebody else")
    await other.get_by_role("button", name="Save and serve").click()
    await expect(other.get_by_text("Nothing was saved")).to_be_visible()
    await other.get_by_role("button", name="See what they changed").click()
    await expect(other.locator(".flow-difference")).to_contain_text("price: 40")
    await expect(other.locator(".flow-editor .cm-content")).to_contain_text("Farewell")

    await page.get_by_role("button", name="Serve again").click()
    await page.get_by_role("button", name="Serve it").click()
    await expect(page.locator(".flow-version")).to_have_count(3)
    await expect(page.get_by_text("flow file is that of this version")).to_be_visible()
    assert file.read_text("utf-8") == first

    viewer = await opened(shop, "Vik")
    await expect(viewer.get_by_text("Only an owner may change the flow")).to_be_visible()
    await viewer.locator(".cm-line").nth(2).click()
    await viewer.keyboard.type("mine")
    await expect(viewer.locator(".flow-editor .cm-content")).not_to_contain_text("mine")
    await expect(viewer.get_by_role("button", name="Serve again")).to_have_count(0)
