"""An executor whose providers are a sandbox, and the outbox entries that it performs."""

import random
from dataclasses import dataclass
from typing import Any

from bot.kept_files import NoSuchFile
from bot.whatsapp.client import File
from bot.workers.executor import LEASE, Executor
from flows.messages import kinds
from payments.ledger import calls
from payments.ledger.calls import CreateLink
from sandbox.world import World
from storage.database.queues import Lane
from storage.outbox.deliveries import Again, Claim, Delivery, Done, Failed

NOW = 1_790_000_000_000
CALL = CreateLink("abcdefgh-1-1.1", "abcdefgh-1-1", 50_000, "INR", "Order #10001", NOW + 20 * 60_000)
CLAIM = Claim(7, NOW + LEASE)
TEMPLATE = kinds.TemplateMessage("order_paid", "en", ("#10001",))
BARE = kinds.Text("Paid!")


class FixedClock:
    def now(self) -> int:
        return NOW


class NoJitter(random.Random):
    """Random numbers that are always 0."""

    def random(self) -> float:
        return 0.0


@dataclass
class Bench:
    """Performs single outbox entries against the sandbox."""

    executor: Executor
    world: World

    async def send(self, message: kinds.Sendable, **rest: Any) -> Done | Again | Failed:
        return await self.executor.perform(delivery(Lane.CHAT, kinds.to_json(message), **rest))

    async def call(self, call: calls.Call, **rest: Any) -> Done | Again | Failed:
        return await self.executor.perform(delivery(Lane.PAY, calls.to_json(call), **rest))


def delivery(lane: Lane, payload: dict[str, Any], **rest: Any) -> Delivery:
    """A claimed outbox entry; `rest` are fields of Delivery."""
    usual: dict[str, Any] = {
        "claim": CLAIM,
        "attempts": 1,
        "to": (("phone", "919812345601"),),
        "last_inbound_at": None,
    }
    usual |= {"opaque": "abcdefgh-1.7", "created_at": NOW}
    return Delivery(conversation="abcdefgh-1", lane=lane, name="test", payload=payload, **{**usual, **rest})


async def no_files(conversation: str, reference: str) -> File:
    """The files of a shop that keeps none."""
    raise NoSuchFile(reference)
