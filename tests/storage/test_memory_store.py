"""The store in memory gives each step of a whole shop what the databases give it."""

from dataclasses import dataclass, field, replace
from functools import partial
from random import Random

import pytest

from flows.engine.conversation import Conversation
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind, InboxEvent, StepInput
from payments.shop.orders import FIRST_NUMBER, Lifecycle
from storage import Store
from tests.builders import change_set
from tests.storage.memory_shadow import MemoryShadow
from tests.storage.purchases import Shop, flow, names

COUNTED = flow().sections["shop"].counted
WORDS = ("hi", "1", "2", "checkout", "confirm", "yes", "cancel", "paid", "retry", "hindi", "Kulhad cups (6)")
STEPS = 60
SOME = ([0], [1], [2], [0, 1, 2])
BOTH = 3


@dataclass(slots=True)
class Compared(Shop):
    """A shop whose every step is compared with what a store in memory gives."""

    shadow: MemoryShadow = field(default_factory=lambda: MemoryShadow(COUNTED))

    async def step(self) -> None:
        done = 1
        while done:
            self.shadow.begin()
            step = partial(self.shadow.step, partial(advance, flow(), now=self.now))
            done = await self.store.advance_due(step, self.now)
            self.shadow.commit()
        assert not self.shadow.wrongs

    def aliases(self, customer: int) -> tuple[tuple[str, str], ...]:
        """Of customer 1, customer 2 and `BOTH`: the id, the number and both names of one person."""
        by_id, by_number = names(1)
        return {0: names(0), 1: (by_id,), 2: (by_number,), BOTH: (by_id, by_number)}[customer]


@pytest.mark.parametrize("seed", range(8))
async def test_each_step_is_given_the_same(store: Store, seed: int) -> None:
    dice = Random(seed)
    await store.declare(COUNTED)
    shop = Compared(store, now=1_790_000_000_000)
    shop.account = "acc_1"
    for n in range(STEPS):
        if n == STEPS // 2:
            await shop.write([BOTH], "hi")
        match dice.randrange(8):
            case 0:
                shop.take_money(times=dice.choice((1, 1, 2)))
            case 1:
                await shop.hear()
            case 2:
                await shop.finish()
            case 3:
                await shop.order(dice.choice(SOME))
            case 4:
                shop.now += dice.choice((1_000, 60_000, 30 * 60_000))
            case _:
                await shop.write(dice.choice(SOME), dice.choice(WORDS))
        await shop.step()
        await shop.hear()
    await shop.order([0, 1])
    await shop.pay(times=2)
    await shop.finish()
    memory = shop.shadow.memory
    assert (shop.shadow.steps > STEPS, len(memory.conversations)) == (True, 3)
    assert any(state.lifecycle is Lifecycle.FULFILLED for state in memory.orders.values())
    assert any(state.refunds for state in memory.orders.values())


def test_only_what_was_committed_is_kept_and_the_first_difference_told() -> None:
    event = InboxEvent(1, EventKind.CHAT, {}, 0)
    new = StepInput(Conversation("c-1"), (event,), "abcdefghij", next_number=FIRST_NUMBER)
    moved = replace(new.conversation, state="cart")

    def move(given: StepInput) -> ChangeSet:
        return change_set(given, conversation=moved)

    shadow = MemoryShadow({})
    for _ in range(2):
        shadow.begin()
        shadow.step(move, new)  # and the process dies before the commit
    shadow.begin()
    shadow.commit()
    shadow.step(move, new)
    assert shadow.wrongs == []
    shadow.commit()
    shadow.step(move, new._replace(conversation=moved))
    assert shadow.wrongs == []
    for _ in range(2):
        shadow.step(move, new)
    [wrong] = shadow.wrongs
    assert wrong.startswith("a step of c-1 was given conversation Conversation(id='c-1', state=''")
    shadow = MemoryShadow({})
    shadow.restored()
    shadow.step(move, new._replace(conversation=moved))
    assert shadow.wrongs == [], "what restored books hold is learned"
