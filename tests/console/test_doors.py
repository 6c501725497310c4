"""Who comes in, what each may see and do, and what another site may not."""

import re

import httpx
import pytest
from playwright.async_api import expect

from tests.console.shop_of_pages import PagedShop, card

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_nobody_comes_in_without_the_password(shop: PagedShop) -> None:
    page = await (await shop.browser.new_context()).new_page()
    await page.goto(f"{shop.url}orders/anything")
    await page.get_by_label("Name").fill("Ravi")
    await page.get_by_label("Password").fill("not the password")
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("alert")).to_have_text("The name or the password is wrong.")
    async with httpx.AsyncClient(base_url=shop.url, trust_env=False) as client:
        for path in ("", "orders/x", "orders/x/slip", "_nicegui_ws/socket.io/?EIO=4&transport=polling"):
            answer = await client.get(path)
            assert answer.status_code == 303, path
            assert "/log-in" in answer.headers["location"]
        headers = answer.headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"
        assert "server" not in headers


async def test_a_viewer_sees_masked_numbers_and_no_buttons(shop: PagedShop) -> None:
    await shop.buys("919812345691", "Zoya")
    page = await shop.logged_in("Vik")
    await card(page, "Zoya").get_by_role("link").click()
    await expect(page.get_by_text(re.compile(r"Zoya \+•+91$"))).to_be_visible()
    assert "9812345691" not in await page.content()
    await expect(page.get_by_role("button", name="Accept")).to_have_count(0)
    await expect(page.get_by_role("link", name="Packing slip")).to_be_visible()


async def test_another_site_can_do_nothing(shop: PagedShop) -> None:
    page = await shop.logged_in("Meera")
    await expect(page.get_by_role("region", name="Placed", exact=True)).to_be_visible()
    cookies = {one["name"]: one["value"] for one in await page.context.cookies()}
    [session] = [one for one in await page.context.cookies() if one["name"] == "munshi_session"]
    assert session["httpOnly"]
    assert session["sameSite"] == "Strict"
    async with httpx.AsyncClient(base_url=shop.url, cookies=cookies, trust_env=False) as client:
        for origin in ({}, {"Origin": "https://evil.example"}, {"Origin": "null"}):
            assert (await client.post("log-out", headers=origin)).status_code == 403
            polling = "_nicegui_ws/socket.io/?EIO=4&transport=polling"
            assert (await client.post(polling, headers=origin)).status_code == 403
        assert (await client.get("")).status_code == 200, "she is still logged in"
        assert (await client.get("preferences?to=//evil.example")).headers["location"] == "/"
    await page.get_by_role("button", name="Log out").click()
    await expect(page.get_by_label("Password")).to_be_visible()
    async with httpx.AsyncClient(base_url=shop.url, cookies=cookies, trust_env=False) as client:
        assert (await client.get("")).status_code == 303
