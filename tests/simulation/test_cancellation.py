"""Whoever is cancelled, at whatever await: the database answers, and what was begun is whole or not there.

The store's own calls are in test_ground, with a made-up shop; here are webhooks and workers as they run.
"""

import asyncio
import hmac
import json
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from bot.app import _Inbox
from bot.context import Context
from bot.http.webhooks import take_razorpay, take_whatsapp
from bot.metrics import Metrics
from bot.whatsapp.channel import WHATSAPP
from bot.workers.loop import Workers
from storage import Store
from tests.simulation.database import in_loop, new_database
from tests.simulation.loop import SimLoop, run
from tests.simulation.meta import NUMBER, Meta
from tests.simulation.razorpay import Razorpay
from tests.simulation.setting import SECRETS, settings, shop
from tests.simulation.weather import Weather

pytestmark = pytest.mark.usefixtures("quiet")

LONG = 120
"""Seconds after which every lease and every doubt is over."""


class Shop:
    """The bot's context with a calm outside; statuses wait in `posted` until somebody delivers them."""

    def __init__(self, store: Store, loop: SimLoop) -> None:
        self.store = store
        self.posted: list[dict[str, Any]] = []
        seen: Counter[str] = Counter()
        common = (loop.clock.now, random.Random(1), Weather())
        self.meta = Meta(*common, lambda value, _: self.posted.append(value), _safe, seen, [])
        razorpay = Razorpay(*common, self.posted.append, _safe, seen, [])
        inbox = _Inbox(store, loop.clock, Metrics())
        outside = (self.meta, razorpay)
        self.context = Context(settings(), loop.clock, shop(), store, *outside, inbox.batcher)  # type: ignore[arg-type]
        self.workers = Workers(self.context, random.Random(1))

    async def write(self, n: int) -> None:
        """Customer `n` says two things in one webhook."""
        phone = f"9198{n:08}"
        self.meta.wrote_at[phone] = self.context.clock.now()
        messages = [
            {
                "from": phone,
                "id": f"wamid.{n}.{word}",
                "timestamp": "1",
                "type": "text",
                "text": {"body": word},
            }
            for word in ("hi", "help")
        ]
        await self.hear({"messages": messages})

    async def hear(self, value: dict[str, Any]) -> None:
        """A webhook of Meta's."""
        head = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": NUMBER}}
        change = {"field": "messages", "value": {**head, **value}}
        raw = json.dumps(
            {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}
        ).encode()
        await take_whatsapp(self.context, raw, f"sha256={_signed(raw, 'whatsapp_app_secret')}")

    async def pay(self, n: int) -> None:
        """A webhook of Razorpay's, about a link that has to be looked up."""
        payment = {"id": f"pay_{n}", "description": f"#none{n}", "status": "captured", "notes": []}
        body = {"event": "payment.captured", "payload": {"payment": {"entity": payment}}}
        raw = json.dumps(body).encode()
        await take_razorpay(self.context, raw, _signed(raw, "razorpay_webhook_secret"))

    async def statuses(self) -> None:
        """Everything that Meta has to say of what it took."""
        for value in self.posted:
            await self.hear(value)
        self.posted.clear()

    async def rows(self, sql: str) -> list[dict[str, Any]]:
        return await self.store._units.read(lambda tx: tx.fetch(sql))


async def _safe(_: str) -> None:
    return None


def _signed(raw: bytes, secret: str) -> str:
    return hmac.new(SECRETS[secret].encode(), raw, "sha256").hexdigest()


Deed: TypeAlias = Callable[[Shop, int], Awaitable[object]]


async def nothing(_: Shop, n: int) -> None:
    return None


async def stepped(counter: Shop, n: int) -> None:
    await counter.write(n)
    await counter.workers.step()


async def performed(counter: Shop, n: int) -> None:
    await counter.write(n)
    await counter.workers.drain()
    await counter.statuses()


DEEDS: dict[str, tuple[Deed, Deed]] = {
    "take_whatsapp": (nothing, lambda counter, n: counter.write(n)),
    "take_razorpay": (lambda counter, n: counter.write(n), lambda counter, n: counter.pay(n)),
    "a round of stepping": (lambda counter, n: counter.write(n), lambda counter, _: counter.workers.step()),
    "a round of performing": (stepped, lambda counter, _: counter.workers.perform()),
    "both until nothing is due": (
        lambda counter, n: counter.write(n),
        lambda counter, _: counter.workers.drain(),
    ),
    "apply_receipts": (
        performed,
        lambda counter, _: counter.store.apply_receipts(counter.context.clock.now()),
    ),
}
"""By name: what must be before, and what is cancelled."""


async def cancelled_after(loop: SimLoop, turns: int, deed: Awaitable[object]) -> bool:
    """Cancel `deed` after so many turns of the loop; False if it had ended by then."""
    task = asyncio.ensure_future(deed)
    last = loop.turns + turns
    while loop.turns < last:
        await asyncio.sleep(0)
    was_done = not task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return not was_done


async def assert_whole(counter: Shop, n: int) -> None:
    """The database answers, takes more, and customer `n` is answered as if nothing had been."""
    await counter.store.ping()
    await counter.write(n)  # Meta sends again what was not acknowledged
    await counter.pay(n)
    for _ in range(3):
        await counter.workers.drain()
        await counter.statuses()
        await asyncio.sleep(LONG)
    texts = [message.text for message in counter.meta.inboxes[f"9198{n:08}"]]
    assert len(texts) == 2, texts
    assert "Welcome" in texts[0]
    assert "How it works" in texts[1]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("name", DEEDS)
def test_whoever_is_cancelled_at_any_turn_breaks_nothing(name: str, seed: int, directory: Path) -> None:
    before, deed = DEEDS[name]

    async def main(loop: SimLoop) -> int:
        counter = Shop(await Store.open(url, WHATSAPP), loop)
        for n in count():
            await before(counter, n)
            went_on = await cancelled_after(loop, n, deed(counter, n))
            await assert_whole(counter, n)
            if not went_on:
                break
        assert not await counter.rows("SELECT id FROM inbox WHERE state IN ('pending', 'parked')")
        assert not await counter.rows("SELECT id FROM outbox WHERE state <> 'done'")
        assert await counter.rows("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
        await counter.workers.close()
        await counter.store.close()
        return n

    url = new_database(directory)
    with in_loop():
        turns = run(seed, main)
    print(f"{name}: cancelled at {turns} turns")
    assert turns > 0
