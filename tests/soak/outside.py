"""What is outside munshi: both providers, and a list of what munshi acknowledged to them."""

import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import orjson

from sandbox.delivery import Parcel
from sandbox.world import World
from tests.soak.clock import FastClock

OK: Final = 200


@dataclass
class Outside:
    """The providers, and what they were told. Times are milliseconds of the providers' clock."""

    world: World
    clock: FastClock
    acknowledged: set[str] = field(default_factory=set)
    """Inbox keys of the events whose webhook was answered 200."""
    answers: Counter[str] = field(default_factory=Counter)
    """Webhooks by the status of their answer; `none` if no answer came."""
    refused_at: int = 0
    """When a webhook was last answered 5xx."""

    def note(self, parcel: Parcel, status: int | None) -> None:
        """Note the answer to one webhook."""
        self.answers["none" if status is None else str(status)] += 1
        if status == OK:
            self.acknowledged.update(_keys(parcel))
        elif status is not None and status >= 500:
            self.refused_at = self.clock.now()
        if len(self.world.deliveries) > 1000:
            self.world.deliveries.clear()

    @property
    def busy(self) -> bool:
        """Whether a webhook is being delivered, or will be."""
        return self.world.courier.busy or bool(self.world.courier.scheduled)


def _keys(parcel: Parcel) -> Iterator[str]:
    """Yield the inbox keys of the events in a webhook."""
    body = parcel.event.body
    if parcel.provider == "razorpay":
        yield hashlib.sha256(body).hexdigest()
        return
    for entry in orjson.loads(body)["entry"]:
        for change in entry["changes"]:
            yield from (message["id"] for message in change["value"].get("messages", ()))
            for status in change["value"].get("statuses", ()):
                yield f"{status['id']}:{status['status']}"


@asynccontextmanager
async def outside(clock: FastClock, seed: int) -> AsyncIterator[Outside]:
    """Serve both providers until the block ends."""
    async with World.running(now=clock.now, seed=seed) as world:
        noting = Outside(world, clock)
        world.courier.on_answer = noting.note
        yield noting
