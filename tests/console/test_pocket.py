"""The pocket world in a real Chromium, on a demo that runs as people start it."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from bot.demo.books import Acting
from bot.demo.nine_steps import MOVES
from bot.demo.pages.items import act_of
from bot.demo.pages.keeping import NotKept, write
from bot.demo.pages.razorpay_sheet import _paise
from bot.demo.pages.source_view import marks, numbered
from bot.demo.phone import NotPossible
from flows.engine.events import Received, Tapped, TextReceived
from sandbox.people import SentMessage
from tests.console.browser import CHROMIUM, MISSING, chromium
from tests.world.processes import MUNSHI, PATIENCE, environment, process
from tests.world.running_bot import FLOW

_PAGE: Final = re.compile(r"Play both sides in a browser: (\S+)")
_STEPS: Final = [move.does.strip("[]") for move in MOVES]
expect.set_options(timeout=30_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def demo(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Browser, str]]:
    if CHROMIUM is None:
        pytest.skip(MISSING)
    folder, env = tmp_path_factory.mktemp("pocket"), environment({})
    async with (
        chromium() as browser,
        process(*MUNSHI, "demo", str(FLOW), "--pages", env=env, cwd=folder) as ran,
    ):
        assert ran.stdout is not None
        while not (
            found := _PAGE.search(line := (await asyncio.wait_for(ran.stdout.readline(), PATIENCE)).decode())
        ):
            assert line, (folder / "stderr.txt").read_text("utf-8")[-2000:]
        yield browser, found[1]


async def opened(demo: tuple[Browser, str], width: int = 1280) -> Page:
    browser, url = demo
    page = await (await browser.new_context(viewport={"width": width, "height": 800})).new_page()
    await page.goto(url)
    return page


def phone(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=f"Phone of {name}", exact=True)


async def writes(on: Locator, text: str) -> None:
    await on.get_by_role("textbox", name="Message").fill(text)
    await on.get_by_role("textbox", name="Message").press("Enter")


async def taps(on: Locator, title: str, shown: str) -> None:
    """Tap the newest `title`, as soon as the chat ends with a message that begins with `shown`."""
    await expect(on.locator(".chat-line").last).to_contain_text(shown)
    button = on.get_by_role("button", name=title, exact=True)
    if not await button.count():
        await on.locator("details:not([open]) > summary").last.click()
    await button.last.click()


async def orders(on: Locator) -> None:
    """Play the nine steps up to Razorpay's page."""
    await writes(on, _STEPS[0])
    shown = ("Namaste", "₹180", "₹360", "₹500", "🧾 Your order", "💳 Complete Payment")
    for title, message in zip(_STEPS[1:-1], shown, strict=True):
        await taps(on, title, message)
    newest = on.locator(".chat-line").last
    await expect(newest).to_contain_text("Click here to complete payment")
    await newest.get_by_role("button").click()


async def comes(page: Page, name: str) -> Locator:
    await page.get_by_role("button", name="Another customer").click()
    await page.get_by_label("Name of the customer").fill(name)
    await page.get_by_role("button", name="Add", exact=True).click()
    return phone(page, name)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_nine_steps_by_clicks_and_what_goes_on_inside(demo: tuple[Browser, str]) -> None:
    page = await opened(demo)
    asha = phone(page, "Asha")
    await orders(asha)
    await page.get_by_role("dialog").get_by_role("button", name="Pay ₹500").click()
    await expect(asha.locator(".chat-line").last).to_contain_text("✅ Payment Successful!")
    await expect(asha.get_by_role("img", name=re.compile("delivered|read")).last).to_be_visible()
    await expect(phone(page, "Meena").locator(".chat-line").first).to_contain_text("₹500 paid")
    await expect(page.get_by_text("State: paid")).to_be_visible()
    await expect(page.locator("#here")).to_be_visible()
    await expect(page.locator(".is-taken")).to_have_attribute("aria-label", re.compile(r"\d+: taken"))
    await expect(page.locator(".pocket-ledger")).to_contain_text("captured, ₹500")
    await page.get_by_role("button", name="Keep as scenario").click()
    await expect(page.get_by_label("This chat as a test")).to_have_value(re.compile("Proceed to Checkout"))


@pytest.mark.asyncio(loop_scope="module")
async def test_who_pays_twice_gets_one_payment_back(demo: tuple[Browser, str]) -> None:
    page = await opened(demo, width=390)
    bilal = await comes(page, "Bilal")
    await expect(phone(page, "Asha")).to_be_hidden()
    await orders(bilal)
    await page.get_by_role("dialog").get_by_role("button", name="two phones").click()
    await expect(bilal.locator(".chat-line").last).to_contain_text("✅ Payment Successful!")
    await expect(page.locator(".pocket-ledger")).to_contain_text(
        re.compile(r"refund rfnd_\w+ processed, ₹500")
    )
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


@pytest.mark.asyncio(loop_scope="module")
async def test_what_is_sent_while_the_bot_is_down_is_answered_when_it_is_back(
    demo: tuple[Browser, str],
) -> None:
    page = await opened(demo)
    chitra = await comes(page, "Chitra <b>x</b>")
    await page.get_by_role("button", name="Crash the bot now").click()
    await expect(page.get_by_text("The bot is down.")).to_be_visible()
    await writes(chitra, "hi <img src=x onerror=alert(1)>")
    await expect(chitra.get_by_role("img", name="sent", exact=True)).to_be_visible()
    await expect(page.get_by_text("What people send waits")).to_be_visible()
    await page.get_by_role("button", name="Start it again").click()
    await expect(page.get_by_text("it was ready in")).to_be_visible(timeout=60_000)
    await expect(page.get_by_text("What people send waits")).to_be_hidden()
    await page.get_by_role("button", name="+10 min").click()
    await expect(chitra.locator(".theirs").first).to_be_visible()
    await expect(chitra.get_by_text("hi <img src=x onerror=alert(1)>", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    ("message", "act"),
    [
        ({"type": "text", "text": {"body": "hi"}}, TextReceived("hi")),
        ({"type": "button", "button": {"payload": "a", "text": "A"}}, Tapped("a", "A")),
        ({"type": "sticker", "sticker": {"id": "1"}}, Received("sticker", {"id": "1"})),
        ({"type": "reaction", "reaction": {}}, Received("reaction")),
    ],
)
def test_what_a_person_sent(message: dict[str, object], act: object) -> None:
    assert act_of(SentMessage("", 0, "wamid.1", message, 0)) == act


def test_the_lines_that_acted() -> None:
    passed, took = Acting("f", 2, False, "no"), Acting("f", 2, True, "")
    assert marks([took, passed, Acting("f", 9, False, "no")]) == {2: True, 9: False}
    assert numbered("a:\n  b") == "       1  a:\n       2    b"


@pytest.mark.parametrize(("typed", "paise"), [("250", 25000), ("₹1,249.50", 124950)])
def test_rupees_that_are_typed(typed: str, paise: int) -> None:
    assert _paise(typed) == paise


@pytest.mark.parametrize("typed", ["", "x", "1.005", "NaN", "Infinity", None])
def test_what_is_no_amount(typed: object) -> None:
    with pytest.raises(NotPossible, match="is no amount"):
        _paise(typed)


def test_a_scenario_is_saved_once_and_nowhere_else(tmp_path: Path) -> None:
    file = write(tmp_path / "scenarios", "chat-1", "chat: []\n")
    assert file.read_text("utf-8") == "chat: []\n"
    for name in ("chat-1", "../x", "", "A", "a/b", "-"):
        with pytest.raises(NotKept):
            write(tmp_path / "scenarios", name, "")
    assert [*tmp_path.rglob("*.yaml")] == [file]
