"""A shop in a sandbox, served for real, and its console in a process of its own."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.async_api import Browser, BrowserContext, Locator, Page, expect

from bot.clock import SystemClock
from bot.console.passwords import Passwords
from storage.accounts.accounts import Accounts
from storage.accounts.entries import Actor
from storage.accounts.people import Role
from tests.world.processes import MUNSHI, PATIENCE, environment, free_port, process, until

PASSWORD: Final = "four words without meaning"
_EXPORTED: Final = re.compile(r"(\w+)=(\S+)")
_CONSOLE: Final = re.compile(r"The console is at (\S+)")
expect.set_options(timeout=20_000)


@dataclass
class PagedShop:
    """A running shop with its console."""

    url: str
    """Of the console, with a slash at its end."""
    control: httpx.AsyncClient
    """Of the sandbox."""
    browser: Browser
    env: dict[str, str]
    folder: Path

    async def logged_in(self, name: str, **context: Any) -> Page:
        """Return a page on which `name` has logged in. `context` is what Playwright takes for a new one."""
        page = await (await self._context(**context)).new_page()
        await page.goto(self.url)
        await page.get_by_label("Name").fill(name)
        await page.get_by_label("Password").fill(PASSWORD)
        await page.get_by_role("button", name="Log in").click()
        return page

    async def _context(self, **context: Any) -> BrowserContext:
        return await self.browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **context})

    async def act(self, command: str, **fields: Any) -> None:
        """Have the sandbox do something, as soon as it can be done: `write`, `tap`, `pay`, …"""

        async def done() -> bool:
            answer = await self.control.post(f"/_control/{command}", json=fields)
            if answer.status_code != 404:
                answer.raise_for_status()
            return answer.status_code != 404

        await until(done, f"{command} {fields}")

    async def confirms(self, wa_id: str, name: str) -> None:
        """Have a customer order one product, and come to the payment link."""
        await self.act("write", wa_id=wa_id, name=name, text="hi")
        for title in ("Masala chai 250 g", "Proceed to Checkout", "Confirm order", "Pay Now"):
            await self.act("tap", wa_id=wa_id, title=title)

    async def buys(self, wa_id: str, name: str) -> None:
        """Have a customer order one product and pay for it."""
        await self.confirms(wa_id, name)
        await self.act("pay", wa_id=wa_id)


def lane(page: Page, name: str) -> Locator:
    """Return the orders in a stage, by the name that people read."""
    return page.get_by_role("region", name=name, exact=True)


def card(within: Page | Locator, customer: str) -> Locator:
    """Return the order of a customer on the board."""
    return within.get_by_role("article").filter(has_text=customer)


async def _people(file: Path) -> None:
    accounts, passwords, clock = await Accounts.make(file), Passwords(), SystemClock()
    hashed = await passwords.hashed(PASSWORD)
    passwords.close()
    for name, role in (("Meera", Role.OWNER), ("Ravi", Role.STAFF), ("Vik", Role.VIEWER)):
        await accounts.add(name, role, hashed, Actor("test", None), clock.now())
    await accounts.close()


async def _line(running: asyncio.subprocess.Process, part: str, folder: Path) -> str:
    """Return the first line of the process that has `part` in it."""
    assert running.stdout is not None
    while part not in (line := (await asyncio.wait_for(running.stdout.readline(), PATIENCE)).decode()):
        assert line, f"it ended without '{part}': {(folder / 'stderr.txt').read_text('utf-8')[-2000:]}"
    return line


@asynccontextmanager
async def paged_shop(browser: Browser, folder: Path, **settings: str) -> AsyncIterator[PagedShop]:
    """Serve a shop in a sandbox, and its console with three people: Meera, an owner; Ravi; Vik, a viewer."""
    env = environment({"PORT": str(free_port()), "MUNSHI_CONSOLE_PORT": "0", **settings})
    env["MUNSHI_CONSOLE_DATABASE"] = str(folder / "console.db")
    await _people(folder / "console.db")
    async with AsyncExitStack() as stack:
        server = await stack.enter_async_context(process(*MUNSHI, "serve", "--sandbox", env=env, cwd=folder))
        env |= dict(_EXPORTED.findall(await _line(server, "export DATABASE_URL", folder)))
        console = await stack.enter_async_context(process(*MUNSHI, "console", env=env, cwd=folder))
        found = _CONSOLE.search(await _line(console, "The console is at", folder))
        assert found
        control = httpx.AsyncClient(base_url=env["MUNSHI_SANDBOX"], trust_env=False, timeout=30)
        await stack.enter_async_context(control)
        yield PagedShop(found[1], control, browser, env, folder)
