"""What the other system counts becomes the count of here: never by more than there is."""

import asyncio
import random
from dataclasses import dataclass, replace

import pytest

from flows.engine.outline import Outline
from payments.ledger.mirrors import Concerned, CopyStatus, MirrorState
from payments.processing.changes import ChangeSet
from payments.processing.step_input import EventKind, StepInput
from payments.shop.orders import Line
from payments.shop.stock import COUNTED_THERE, Count, StockMove
from storage import Store
from storage.database.transaction import Transaction
from storage.inbox import stock
from storage.inbox.arrival import Arrival
from storage.inbox.changes import Rows, write
from storage.inbox.stock_readings import SETTLED
from storage.inbox.versions import FlowText
from storage.outbox.mirrors import Tried
from tests.builders import change_set
from tests.storage.handwritten_rows import NOW
from tests.storage.step_changes import order_of

LATER = NOW + 10 * SETTLED


def flow(name: str) -> FlowText:
    return FlowText(name, {"flows.yaml": name}, Outline(name, "cart", {}))


async def served(store: Store, number: int | None, name: str = "1") -> None:
    counted = {} if number is None else {"cup": number}
    await store.versions.serve(
        FlowText(name, {"flows.yaml": name}, Outline(name, "cart", {})), counted, "ravi", 1
    )


async def rolled_back(store: Store, number: int | None, name: str) -> None:
    await store.versions.serve_earlier(flow(name), {"cup": number}, "ravi", 1)


async def read(store: Store, available: int, asked_at: int = LATER, now: int | None = None) -> int:
    return await store.read_there({"cup": available}, asked_at, asked_at + 5 if now is None else now)


async def left(store: Store) -> int | None:
    found: dict[str, int] = await store._units.read(stock.left)
    return found.get("cup")


async def ordered(store: Store, pieces: int, *, copied: bool = False) -> str:
    """Reserve `pieces` by an open order, whose copy is wanted; its key."""
    await store.arrive([Arrival(f"k{pieces}", EventKind.CHAT, {}, aliases=(("phone", "919800000001"),))], NOW)
    key = f"{await store.installation()}-1-1"
    await store.advance_due(
        lambda given: change_set(
            given,
            placed=[replace(order_of(given), lines=(Line("cup", "Cup", pieces, 5000),))],
            moves=[StockMove("cup", pieces, 0)],
            mirrored=[Concerned(key, is_new=True)] if copied else [],
        ),
        NOW,
    )
    return key


async def made(store: Store, at: int) -> None:
    """The copy of the order is made at `at`."""
    [one] = await store.mirrors.claim(NOW, 4, 60_000)
    await store.mirrors.record(one, Tried(one.mirror.made("gid://7", CopyStatus.PAID), None), at)


async def test_none_is_left_before_the_first_reading(store: Store) -> None:
    await served(store, COUNTED_THERE)
    assert await left(store) == 0
    assert await read(store, 7) == 1
    assert await left(store) == 7


async def test_a_reading_that_comes_late_changes_nothing(store: Store) -> None:
    await served(store, COUNTED_THERE)
    await read(store, 2, LATER)
    assert await read(store, 7, LATER - 1) == 0
    assert await read(store, 7, LATER) == 0
    assert await left(store) == 2


async def test_a_reading_from_before_the_clock_was_set_back_keeps_none_away(store: Store) -> None:
    await served(store, COUNTED_THERE)
    await read(store, 2, LATER)
    assert await read(store, 7, NOW, NOW + 1) == 1
    assert await left(store) == 7


async def test_what_an_open_order_holds_is_taken_off(store: Store) -> None:
    await served(store, COUNTED_THERE)
    await read(store, 7, NOW)
    await ordered(store, 3)
    assert await left(store) == 4
    await read(store, 7)
    assert await left(store) == 4


@pytest.mark.parametrize(
    ("made_at", "remaining"), [(None, 4), (LATER - SETTLED + 1, 4), (LATER - SETTLED, 7)]
)
async def test_a_copy_is_in_the_count_once_it_is_settled(
    store: Store, made_at: int | None, remaining: int
) -> None:
    await served(store, COUNTED_THERE)
    await read(store, 7, NOW)
    await ordered(store, 3, copied=True)
    if made_at is not None:
        await made(store, made_at)
    await read(store, 7)
    assert await left(store) == remaining


async def test_the_time_of_a_copy_is_that_at_which_it_was_made(store: Store) -> None:
    await served(store, COUNTED_THERE)
    await read(store, 7, NOW)
    key = await ordered(store, 3, copied=True)
    await made(store, LATER - SETTLED)
    await store.mirrors.recheck("gid://7", NOW)
    [one] = await store.mirrors.claim(NOW, 4, 60_000)
    await store.mirrors.record(one, Tried(one.mirror, None), LATER - 1)
    assert (await store.mirrors.find(key)) == one.mirror
    await read(store, 7)
    assert await left(store) == 7


async def test_a_number_is_a_new_count_and_is_not_read(store: Store) -> None:
    await served(store, COUNTED_THERE)
    await read(store, 7, NOW)
    await served(store, 0, "2")
    assert await left(store) == 0
    assert await read(store, 9) == 0
    await served(store, 12, "3")
    assert await left(store) == 12
    await served(store, COUNTED_THERE, "4")
    assert await left(store) == 0, "until it is read"
    await read(store, 9)
    assert await left(store) == 9
    await served(store, None, "5")
    assert await read(store, 9, LATER + 1) == 0
    assert await left(store) is None


async def test_a_rollback_counts_nothing_and_only_what_is_served_is_read(store: Store) -> None:
    await served(store, 12)
    await served(store, COUNTED_THERE, "2")
    await read(store, 7, NOW)
    await rolled_back(store, 12, "3")
    assert (await left(store), await read(store, 9)) == (7, 0)
    await rolled_back(store, COUNTED_THERE, "4")
    assert (await left(store), await read(store, 9)) == (7, 1)
    await rolled_back(store, None, "5")
    assert (await left(store), await read(store, 4, LATER + 1)) == (None, 0)
    counts: dict[str, Count] = await store._units.read(stock.counts)
    assert counts["cup"].left == 9


async def test_no_order_comes_between_a_reading_and_the_orders_that_it_is_less(
    store: Store, rival: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    await served(store, COUNTED_THERE)
    await read(store, 7, NOW)
    written, gate = asyncio.Event(), asyncio.Event()

    async def paused(tx: Transaction, batch: list[list[Rows]], now: int) -> None:
        await write(tx, batch, now)
        written.set()
        await gate.wait()

    monkeypatch.setattr("storage.inbox.steps.write", paused)
    ordering = asyncio.create_task(ordered(rival, 3))
    await written.wait()
    reading = asyncio.create_task(read(store, 7))
    done, _ = await asyncio.wait([reading], timeout=0.1)
    assert not done, "it waits for who takes pieces"
    gate.set()
    await asyncio.gather(ordering, reading)
    assert await left(store) == 4


@dataclass
class Doors:
    """A shelf of which pieces are sold at both doors, with what is under way between them."""

    store: Store
    now: int = NOW
    available: int = 9
    """What the other system counts."""
    orders: int = 0
    uncopied: int = 0
    """Pieces that are sold here, and that it does not know of."""

    async def order(self) -> None:
        """Somebody orders a piece here, if one is left."""
        if (await left(self.store) or 0) < 1:
            return
        self.orders += 1
        aliases = (("phone", f"9198{self.orders:08}"),)
        await self.store.arrive([Arrival(f"d{self.orders}", EventKind.CHAT, {}, aliases=aliases)], self.now)

        def place(given: StepInput) -> ChangeSet:
            order = replace(order_of(given), lines=(Line("cup", "Cup", 1, 5000),))
            wanted = [Concerned(order.key, is_new=True)]
            return change_set(given, placed=[order], moves=[StockMove("cup", 1, 0)], mirrored=wanted)

        assert await self.store.advance_due(place, self.now)
        self.uncopied += 1

    async def copy(self, *, answered: bool) -> None:
        """The oldest order that waits is copied; the answer is lost unless `answered`, and found later."""
        for one in await self.store.mirrors.claim(self.now, 1, 1):
            if one.mirror.state is MirrorState.WANTED:
                self.available, self.uncopied = self.available - 1, self.uncopied - 1
            asked = one.mirror.asked(self.now)
            said = one.mirror.made(f"gid://{one.order.key}", CopyStatus.PAID) if answered else asked
            again = None if answered else self.now + 1
            await self.store.mirrors.record(one, Tried(said, again), self.now)


@pytest.mark.parametrize("seed", range(6))
async def test_no_course_of_orders_copies_and_readings_leaves_more_than_there_is(
    store: Store, seed: int
) -> None:
    await served(store, COUNTED_THERE)
    doors, dice = Doors(store), random.Random(seed)
    said: list[tuple[int, int]] = []
    for _ in range(60):
        doors.now += dice.choice((1, 1000, SETTLED // 2))
        match dice.randrange(5):
            case 0:
                await doors.order()
            case 1:
                await doors.copy(answered=dice.random() < 0.6)
            case 2:
                said.append((doors.available, doors.now))
            case 3 if said:  # answers come in any order, after whatever happened meanwhile
                available, asked_at = said.pop(dice.randrange(len(said)))
                await read(store, available, asked_at, doors.now)
        assert (await left(store) or 0) <= doors.available - doors.uncopied
    while await store.mirrors.claim(doors.now, 1, 1):
        doors.now += 10
        await doors.copy(answered=True)
        doors.now += 10
    doors.now += SETTLED
    await read(store, doors.available, doors.now, doors.now + 1)
    assert await left(store) == doors.available
    assert (doors.orders, doors.uncopied) > (0, 0)
