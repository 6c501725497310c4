"""The list of chats and one chat, in a real browser, at a shop that is served for real."""

import sqlite3
from contextlib import closing
from time import time
from typing import Any, Final

import orjson
import pytest
from playwright.async_api import Page, expect

from flows.messages.kinds import Document, Link, Sendable, TemplateMessage, to_json
from tests.console.shop_of_pages import PagedShop
from tests.flows.test_message_kinds import MADE, WRITTEN, said

pytestmark = pytest.mark.asyncio(loop_scope="session")
BINA, CHITRA = "919812345621", "919812345622"
SCRIPT: Final = "Bina <script>document.title = 'taken'</script>"


async def opened(page: Page, name: str) -> None:
    """Go to the chat of this customer by the pages alone."""
    await page.get_by_role("link", name="Chats", exact=True).click()
    await page.locator(".chat-row").filter(has_text=name).click()


async def test_a_person_answers_and_gives_the_chat_back(shop: PagedShop) -> None:
    page = await shop.logged_in("Ravi")
    await page.get_by_role("link", name="Chats", exact=True).click()
    await shop.act("write", wa_id=BINA, name=SCRIPT, text="hi")
    row = page.locator(".chat-row")
    await expect(row.filter(has_text=SCRIPT)).to_be_visible()

    find = page.get_by_label("Name, phone number or order")
    await find.fill("bINa")
    await find.press("Enter")
    await page.wait_for_url("**/chats?q=bINa*")
    await expect(row).to_have_count(1)
    await page.goto(f"{shop.url}chats?q={'x' * 5000}")
    await expect(page.get_by_text("Search for a part of the name")).to_be_visible()

    await opened(page, "Bina")
    log = page.get_by_role("log")
    await expect(log).to_contain_text("hi")
    await expect(log.get_by_text("Masala chai 250 g")).to_be_hidden()
    await log.get_by_text("See products").click()
    await expect(log.get_by_text("Masala chai 250 g")).to_be_visible()
    await expect(page).to_have_title("Chats · Munshi")

    await page.get_by_label("Write to the customer").fill("As *ice*. <b>Really</b>")
    await page.get_by_role("button", name="Send", exact=True).click()
    answer = log.locator(".bubble", has_text="Ravi")
    await expect(answer.locator(".run-bold")).to_have_text("ice")
    await expect(answer).to_contain_text("<b>Really</b>")
    await expect(answer.get_by_role("img", name="delivered")).to_be_visible()
    await expect(page.get_by_label("Write to the customer")).to_have_value("")
    await expect(page.get_by_text("Ravi has the chat")).to_be_visible()
    await shop.act("write", wa_id=BINA, name=SCRIPT, text="thanks")
    await expect(log).to_contain_text("thanks")

    await page.get_by_role("button", name="Give back to the bot", exact=True).focus()
    await page.keyboard.press("Enter")  # by keyboard alone
    await expect(page.get_by_text("the bot has the chat", exact=True)).to_be_visible()
    await expect(page.get_by_role("button", name="Take the chat over")).to_be_focused()


KINDS: Final[tuple[Sendable, ...]] = (
    *(said(written) for written in WRITTEN.values()),
    *MADE.values(),
    TemplateMessage("order_news", "hi", ("Asha", "₹500")),
    Link("Tap", "Evil", "javascript:document.title='taken'"),
    Document("javascript:document.title='taken'", None, "evil.pdf"),
)
SHOWN: Final = (
    "prices.pdf", "Open", "Address form", "Review and pay", "Card k-1.c1: shipped", "TEN", "Evil", "evil.pdf",
    "Template order_news (hi)", "₹500", "How we make it",
)  # fmt: skip
"""Of each of them, what is shown of it alone."""


def written_by_hand(shop: PagedShop, *statements: tuple[str, tuple[Any, ...]]) -> None:
    """Write into the shop's database as if the bot had."""
    file = shop.env["DATABASE_URL"].removeprefix("sqlite://")
    with closing(sqlite3.connect(file, timeout=20)) as books, books:
        for sql, values in statements:
            books.execute(sql, values)


def sent(message: Sendable) -> tuple[str, tuple[Any, ...]]:
    now = int(time() * 1000)
    return _SENT, (orjson.dumps(to_json(message)).decode(), now, CHITRA, now, now, CHITRA)


_OF: Final = "(SELECT conversation_id FROM alias WHERE value = ?)"
_SENT: Final = f"""
INSERT INTO outbox (conversation_id, lane, urgency, name, payload, state, due_at, attempts, caused_by,
    created_at, finished_at)
SELECT conversation_id, 'chat', 0, 'by hand', ?, 'done', ?, 1,
    (SELECT MAX(id) FROM inbox WHERE kind = 'chat' AND conversation_id = {_OF}), ?, ?
FROM alias WHERE value = ?"""
_PARK: Final = f"""
UPDATE inbox SET state = 'parked', error = 'KeyError: x' WHERE kind = 'chat' AND conversation_id = {_OF}"""
_LONG_AGO: Final = f"UPDATE conversation SET last_inbound_at = last_inbound_at - ? WHERE id = {_OF}"


async def test_every_kind_of_message_what_is_stuck_and_who_may_only_read(shop: PagedShop) -> None:
    page = await shop.logged_in("Ravi")
    await shop.act("write", wa_id=CHITRA, name="Chitra", text="hi")
    await opened(page, "Chitra")
    log = page.get_by_role("log")
    await expect(log.get_by_text("See products")).to_be_visible()
    written_by_hand(shop, *map(sent, KINDS))
    for words in SHOWN:
        await expect(log.get_by_text(words, exact=True).first).to_be_visible()
    assert await page.locator("a[href^='javascript']").count() == 0

    written_by_hand(shop, (_PARK, (CHITRA,)))
    stuck = page.get_by_role("alert").filter(has_text="KeyError: x")
    await stuck.get_by_role("button", name="Handle it again").click()
    await expect(stuck).to_be_hidden()

    written_by_hand(shop, (_LONG_AGO, (25 * 3_600_000, CHITRA)))
    await expect(page.get_by_text("WhatsApp takes no text now")).to_be_visible()
    await expect(page.get_by_role("button", name="Send", exact=True)).to_be_hidden()
    await expect(page.get_by_role("link", name=f"Call +{CHITRA}")).to_be_visible()

    page = await shop.logged_in("Vik", viewport={"width": 390, "height": 844})
    await opened(page, "Chitra")
    await expect(page.get_by_text("Your role may read chats, and not answer.")).to_be_visible()
    await expect(page.get_by_text("••••••••••22")).to_be_visible()
    assert CHITRA not in await page.content()
    assert await page.get_by_role("button", name="Take the chat over").count() == 0
    wide = await page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390, "nothing is to be scrolled sideways"
