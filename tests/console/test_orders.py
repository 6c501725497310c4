"""The board and the page of one order, in a real browser, at a shop that is served for real."""

import re

import pytest
from playwright.async_api import expect

from tests.console.shop_of_pages import PagedShop, card, lane

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_an_order_goes_from_paid_to_delivered(shop: PagedShop) -> None:
    page = await shop.logged_in("Ravi")
    await shop.buys("919812345601", "Asha <script>alert(1)</script>")

    placed = card(lane(page, "Placed"), "Asha <script>alert(1)</script>")
    await expect(placed).to_contain_text("1 × Masala chai 250 g")
    await expect(placed).to_contain_text("paid")
    await placed.get_by_role("button", name="Accept").click()

    accepted = card(lane(page, "Accepted"), "Asha")
    await accepted.get_by_role("button", name="Send out").focus()
    await page.keyboard.press("Enter")  # from here on by keyboard alone
    out = card(lane(page, "On the way"), "Asha")
    await expect(out.get_by_role("button", name="Mark as delivered")).to_be_focused()
    await page.keyboard.press("Enter")
    delivered = card(lane(page, "Delivered"), "Asha")
    await delivered.get_by_role("link").click()

    await expect(page.get_by_text("Ravi moved it to delivered (now delivered)")).to_be_visible()
    await page.get_by_text("said payment_successful").first.click()
    await expect(page.get_by_text("took anywhere: payment.captured")).to_be_visible()


async def test_the_second_who_moves_an_order_is_told(shop: PagedShop) -> None:
    await shop.buys("919812345602", "Bela")
    first, second = await shop.logged_in("Ravi"), await shop.logged_in("Meera")
    button = card(lane(second, "Placed"), "Bela").get_by_role("button", name="Accept")
    await expect(button).to_be_visible()
    await second.evaluate("window.socket.off('update')")  # her page shows nothing new any more
    await card(lane(first, "Placed"), "Bela").get_by_role("button", name="Accept").click()
    await expect(card(lane(first, "Accepted"), "Bela")).to_be_visible()
    await button.click()
    await expect(second.locator(".q-notification")).to_contain_text("Ravi")


async def test_money_goes_back_by_an_owner_alone(shop: PagedShop) -> None:
    await shop.buys("919812345603", "Chetan")
    ravi, meera = await shop.logged_in("Ravi"), await shop.logged_in("Meera")
    await card(ravi, "Chetan").get_by_role("link").click()
    await expect(ravi.get_by_text("Refunds, less and money off take an owner.")).to_be_visible()
    await expect(ravi.get_by_role("button", name="Cancel the order")).to_have_count(0)
    await card(meera, "Chetan").get_by_role("link").click()
    await meera.get_by_role("button", name="Cancel the order").click()
    await meera.get_by_role("dialog").get_by_role("button", name="Do it").click()
    for page in (meera, ravi):
        await expect(
            page.get_by_text(re.compile("^cancelled, ₹180 paid, ₹180 (goes|went) back$"))
        ).to_be_visible()


async def test_two_clicks_give_money_off_once(shop: PagedShop) -> None:
    await shop.buys("919812345604", "Dev")
    meera = await shop.logged_in("Meera")
    find = meera.get_by_label("Find an order by its number")
    await expect(card(meera, "Dev")).to_be_visible()  # the page listens
    await find.fill("no-such")
    await find.press("Enter")
    await expect(meera.get_by_text("There is no order no-such.")).to_be_visible()
    await find.fill((await card(meera, "Dev").get_by_role("link").text_content()) or "")
    await find.press("Enter")
    await meera.get_by_role("button", name="Give money off").click()
    dialog = meera.get_by_role("dialog")
    for written in ("1e999999", "50"):
        await dialog.get_by_label("Rupees").fill(written)
        await dialog.get_by_role("button", name="Do it").dblclick()
        if written != "50":
            await expect(meera.get_by_text("Give rupees, like 50 or 49.50.").first).to_be_visible()
    off = meera.get_by_text("₹50 less is owed")
    await expect(off).to_have_count(1)
    await shop.act("write", wa_id="919812345604", name="Dev", text="thanks")
    await meera.reload()
    await expect(meera.get_by_text("Costs after changes")).to_be_visible()
    await expect(meera.get_by_text(re.compile("₹130 paid, |, ₹50 (goes|went) back"))).to_be_visible()
    await expect(off).to_have_count(1)


async def test_a_dialog_stays_while_the_order_changes(shop: PagedShop) -> None:
    await shop.buys("919812345605", "Esha")
    ravi, vik = await shop.logged_in("Ravi"), await shop.logged_in("Vik")
    await card(vik, "Esha").get_by_role("link").click()
    await card(ravi, "Esha").get_by_role("link").click()
    await ravi.get_by_role("button", name="Note", exact=True).click()
    dialog = ravi.get_by_role("dialog")
    await dialog.get_by_label("Note").fill("call +91 98123 45605 first")
    meera = await shop.logged_in("Meera")
    await card(lane(meera, "Placed"), "Esha").get_by_role("button", name="Accept").click()
    await expect(ravi.get_by_text("Meera moved it to accepted (now accepted)")).to_be_visible()
    await dialog.get_by_role("button", name="Do it").click()
    await expect(ravi.get_by_role("definition").get_by_text("call +91 98123 45605 first")).to_be_visible()
    await expect(ravi.get_by_text("http").first).to_be_visible()

    await expect(vik.get_by_role("definition").get_by_text("call …05 first")).to_be_visible()
    await expect(vik.locator(".order")).not_to_contain_text("45605")
    await expect(vik.locator(".order")).not_to_contain_text("http")
