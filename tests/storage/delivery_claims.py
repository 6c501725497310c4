"""A message that is on its way: decided, and claimed by a worker."""

from collections.abc import Callable

from flows.engine.effects import Say
from flows.messages.kinds import Message
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from storage import Store
from storage.inbox.arrivals import Arrival
from storage.outbox.deliveries import Delivery
from tests.builders import change_set

Chat = Callable[..., Arrival]


async def claimed(store: Store, chat: Chat, message: Message) -> Delivery:
    """`message`, the answer to a first chat, claimed at 2 for a minute."""

    def advance(case: StepInput) -> ChangeSet:
        return change_set(case, messages=[Say("paid", message)])

    await store.arrive([chat("1")], now=1)
    await store.advance_due(advance, now=1)
    [delivery] = await store.claim_due(now=2, limit=5, lease=60_000)
    return delivery
