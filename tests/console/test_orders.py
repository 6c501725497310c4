"""The board and the page of one order, in a real browser, at a shop that is served for real."""

from playwright.async_api import Page, expect

from tests.console.shop_of_pages import PagedShop

ASHA = "919812345601"


def lane(page: Page, name: str) -> object:
    return page.get_by_role("region", name=name, exact=True)


async def test_an_order_goes_from_paid_to_delivered(shop: PagedShop) -> None:
    page = await shop.logged_in("Ravi")
    await expect(page.get_by_text("No order is to be done.")).to_be_visible()
    await shop.buys(ASHA, "Asha <script>alert(1)</script>")

    placed = page.get_by_role("region", name="Placed", exact=True)
    card = placed.get_by_role("article")
    await expect(card).to_contain_text("1 × Masala chai 250 g")
    await expect(card).to_contain_text("Asha <script>alert(1)</script>")
    await expect(card).to_contain_text("✓ paid", use_inner_text=True)
    await card.get_by_role("button", name="Accept").click()

    accepted = page.get_by_role("region", name="Accepted", exact=True)
    await accepted.get_by_role("button", name="Send out").focus()
    await page.keyboard.press("Enter")  # by keyboard alone
    out = page.get_by_role("region", name="On the way", exact=True)
    await expect(out.get_by_role("button", name="Mark as delivered")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(
        page.get_by_role("region", name="Delivered", exact=True).get_by_role("article")
    ).to_be_visible()

    await page.get_by_role("link", name="#10001").click()
    await expect(page.get_by_text("Ravi moved it to delivered")).to_be_visible()
    await page.get_by_text("payment_successful").click()
    await expect(page.get_by_text("took")).to_be_visible()
