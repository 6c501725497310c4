"""`kill -9` of real processes, between any two steps and right after an acknowledgement."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from payments.signature import sign
from sandbox.world import Secrets
from tests.world.processes import MUNSHI, environment, first_line, free_port, kill, process, ready, until
from tests.world.running_bot import API_TOKEN, CONFIRMED, PRODUCTS

ASHA = "919812345601"


@dataclass
class Street:
    """A sandbox in one process and, in another, a bot that may die at any time."""

    http: aiohttp.ClientSession
    meta: str
    env: dict[str, str]
    url: str
    cwd: Path
    stack: AsyncExitStack
    bot: asyncio.subprocess.Process | None = None

    async def start(self, munshi: Sequence[str] = MUNSHI) -> None:
        """Start a bot: on the same port, and on the same database."""
        command = process(*munshi, "serve", "--create", env=self.env, cwd=self.cwd)
        self.bot = await self.stack.enter_async_context(command)
        await ready(self.http, self.url)

    async def kill(self) -> None:
        assert self.bot is not None
        await kill(self.bot)

    async def control(self, command: str, **fields: str) -> None:
        async with self.http.post(f"{self.meta}/_control/{command}", json=fields) as answer:
            assert answer.status == 200, await answer.text()

    async def heard(self) -> list[dict[str, Any]]:
        async with self.http.get(f"{self.meta}/_control/messages", params={"wa_id": ASHA}) as answer:
            messages: list[dict[str, Any]] = await answer.json()
            return messages

    async def answered(self, count: int) -> list[dict[str, Any]]:
        """Wait for `count` messages. Return all messages so far."""

        async def enough() -> bool:
            return len(await self.heard()) >= count

        await until(enough, f"message {count}")
        return await self.heard()

    async def whatsapp(self, text: str, wamid: str) -> None:
        """Post a message to the bot, and assert that it is acknowledged."""
        message = {"id": wamid, "from": ASHA, "timestamp": "1", "type": "text", "text": {"body": text}}
        value = {"metadata": {"phone_number_id": Secrets().phone_number_id}, "messages": [message]}
        change = {"field": "messages", "value": value}
        body = orjson.dumps(
            {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
        )
        headers = {"X-Hub-Signature-256": "sha256=" + sign(body, Secrets().app_secret)}
        async with self.http.post(f"{self.url}/whatsapp/webhook", data=body, headers=headers) as answer:
            assert answer.status == 200


@asynccontextmanager
async def opened(database_url: str, tmp_path: Path, **more: str) -> AsyncIterator[Street]:
    """Open a street whose bot has `more` settings."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(aiohttp.ClientSession())
        sandbox = process(*MUNSHI, "sandbox", "--bot-url", url, env=environment({}), cwd=tmp_path)
        addresses = await first_line(await stack.enter_async_context(sandbox))
        secrets = Secrets()
        settings = {
            "DATABASE_URL": database_url,
            "PORT": str(port),
            "MUNSHI_API_TOKEN": API_TOKEN,
            "WHATSAPP_API_URL": addresses["meta"],
            "WHATSAPP_PHONE_NUMBER_ID": secrets.phone_number_id,
            "WHATSAPP_ACCESS_TOKEN": secrets.access_token,
            "WHATSAPP_APP_SECRET": secrets.app_secret,
            "WHATSAPP_VERIFY_TOKEN": secrets.verify_token,
            "RAZORPAY_API_URL": addresses["razorpay"],
            "RAZORPAY_KEY_ID": secrets.key_id,
            "RAZORPAY_KEY_SECRET": secrets.key_secret,
            "RAZORPAY_WEBHOOK_SECRET": secrets.webhook_secret,
            **more,
        }
        street = Street(http, addresses["meta"], environment(settings), url, tmp_path, stack)
        await street.start()
        yield street


@pytest.fixture
async def street(database_url: str, tmp_path: Path) -> AsyncIterator[Street]:
    async with opened(database_url, tmp_path) as street:
        yield street


STEPS = ("hi", *PRODUCTS, "Proceed to Checkout", "Confirm order", "Pay Now")


async def test_kill_9_between_every_two_steps(street: Street, database_url: str) -> None:
    """Nine kills on SQLite; on PostgreSQL, where a start is the same code, only those around the money."""
    kills = STEPS if database_url.startswith("sqlite") else STEPS[-2:]
    for count, step in enumerate(STEPS, 1):
        if step == "hi":
            await street.control("write", wa_id=ASHA, text="hi")
        else:
            await street.control("tap", wa_id=ASHA, title=step)
        [*_, last] = await street.answered(count)
        if step in kills:
            await street.kill()
            await street.start()
    await street.control("pay", url=last["text"].split()[5])
    [*_, paid] = await street.answered(len(STEPS) + 1)
    assert paid["text"].startswith(CONFIRMED)
    await street.kill()
    await street.start()
    # Asked last, so that a second confirmation would have come before the answer.
    await street.control("write", wa_id=ASHA, text="thanks")
    texts = [message["text"] for message in await street.answered(len(STEPS) + 2)]
    assert "is paid, and we are on it" in texts[-1]
    assert sum(text.startswith(CONFIRMED) for text in texts) == 1
    assert len(texts) == len(STEPS) + 2


async def test_what_happens_while_nobody_is_there(street: Street, database_url: str) -> None:
    """The customer writes while the bot is dead; the provider delivers again to the next bot."""
    if not database_url.startswith("sqlite"):
        pytest.skip("the providers' patience has nothing to do with the database")
    await street.kill()
    await street.control("write", wa_id=ASHA, text="hi")
    await street.start()
    assert len(await street.answered(1)) == 1


async def test_kill_9_right_after_the_acknowledgement(street: Street) -> None:
    """Every acknowledged message is answered, whatever the bot was doing when it was killed."""
    for index in range(3):
        await street.whatsapp("help", f"wamid.{index}")
        await street.kill()
        await street.start()
    for _ in range(2):  # Meta delivers again what it had delivered
        await street.whatsapp("help", "wamid.0")
    texts = [message["text"][:12] for message in await street.answered(3)]
    assert set(texts) == {"How it works"}


async def test_told_to_stop_it_finishes(street: Street) -> None:
    assert street.bot is not None
    await street.whatsapp("help", "wamid.1")
    street.bot.terminate()
    async with asyncio.timeout(20):
        output, _ = await street.bot.communicate()
    assert street.bot.returncode == 0
    assert "Munshi stops" in output.decode()
    await street.start()
    assert len(await street.answered(1)) == 1
