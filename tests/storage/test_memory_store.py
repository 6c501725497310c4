"""The store in memory gives each step what the databases give it."""

from dataclasses import dataclass, field
from random import Random

import pytest

from payments.processing.advance import advance
from payments.processing.changes import ChangeSet
from payments.processing.memory import MemoryStore
from payments.processing.step_input import StepInput
from payments.shop.orders import Lifecycle
from storage import Store
from tests.storage.purchases import Shop, flow

COUNTED = flow().sections["shop"].counted
WORDS = ("hi", "1", "2", "checkout", "confirm", "yes", "cancel", "paid", "retry", "hindi", "Kulhad cups (6)")
STEPS = 40


@dataclass(slots=True)
class Compared(Shop):
    """A shop whose every step is given to a store in memory as well."""

    memories: dict[str, MemoryStore] = field(default_factory=dict)
    steps: int = 0

    async def step(self) -> None:
        while await self.store.advance_due(self._advance, self.now):
            pass

    def _advance(self, given: StepInput) -> ChangeSet:
        memory = self.memories.setdefault(given.conversation.id, MemoryStore(given.conversation, COUNTED))
        assert memory.given(given.events, given.nonce, given.orders) == given
        changes = advance(flow(), given, self.now)
        memory.save(changes)
        self.steps += 1
        return changes


@pytest.mark.parametrize("seed", range(8))
async def test_each_step_is_given_the_same(store: Store, seed: int) -> None:
    dice = Random(seed)
    await store.declare(COUNTED)
    shop = Compared(store, now=1_790_000_000_000)
    shop.account = "acc_1"
    for _ in range(STEPS):
        match dice.randrange(8):
            case 0:
                shop.take_money(times=dice.choice((1, 1, 2)))
            case 1:
                await shop.hear()
            case 2:
                await shop.finish()
            case 3:
                await shop.order([0])
            case 4:
                shop.now += dice.choice((1_000, 60_000, 30 * 60_000))
            case _:
                await shop.write([0], dice.choice(WORDS))
        await shop.step()
        await shop.hear()
    await shop.order([0])
    await shop.pay(times=2)
    await shop.finish()
    [memory] = shop.memories.values()
    assert shop.steps > STEPS
    assert any(state.lifecycle is Lifecycle.FULFILLED for state in memory.orders.values())
    assert any(state.refunds for state in memory.orders.values())
