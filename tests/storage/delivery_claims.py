"""Outbox entries that a worker has claimed."""

from collections.abc import Callable

from flows.engine.effects import Say
from flows.messages.kinds import Message
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from storage import Store
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Delivery
from tests.builders import change_set

Chat = Callable[..., Arrival]


async def claimed_delivery(store: Store, chat: Chat, message: Message) -> Delivery:
    """Answer a first chat with `message`, and claim it at time 2 for a minute."""

    def advance(given: StepInput) -> ChangeSet:
        return change_set(given, messages=[Say("paid", message)])

    await store.arrive([chat("1")], now=1)
    await store.advance_due(advance, now=1)
    [delivery] = await store.claim_due(now=2, limit=5, lease=60_000)
    return delivery
