"""One message in six seconds to each customer after a burst of 45, whichever process sends them."""

from collections.abc import Callable, Sequence

from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.channel import WHATSAPP
from payments.processing.changes import ChangeSet
from payments.processing.step_input import StepInput
from storage import Store
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Delivery, Done
from tests.storage.next_due import next_due

Chat = Callable[..., Arrival]
Echo = Callable[[StepInput], ChangeSet]

NOW = 1_790_000_000_000
GAP, BURST = 6_000, 45


async def say(store: Store, chat: Chat, echo: Echo, count: int, phone: str = "91981", now: int = NOW) -> None:
    await store.arrive([chat(f"{phone}.{now}.{n}", phone=phone, text=str(n)) for n in range(count)], now=now)
    while await store.advance_due(echo, now=now):
        pass


async def leave(store: Store, now: int, limit: int = 500) -> list[str]:
    """All messages that may leave at `now`, over as many claims as it takes."""
    left: list[str] = []
    while claimed := await store.claim_due(now=now, limit=limit, lease=60_000):
        left += [delivery.payload["body"] for delivery in claimed]
        await accept(store, claimed, now)
    return left


async def accept(store: Store, claimed: Sequence[Delivery], now: int) -> None:
    await store.record([Done(d.claim, f"wamid.{d.id}") for d in claimed], now=now)


async def test_a_burst_then_one_each_six_seconds(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, 50)
    assert await leave(store, NOW) == [str(n) for n in range(BURST)]
    assert await next_due(store) == NOW + GAP
    assert await leave(store, NOW + GAP - 1) == []
    assert await leave(store, NOW + GAP) == ["45"]
    assert await leave(store, NOW + 3 * GAP) == ["46", "47"]
    assert await leave(store, NOW + 3 * GAP) == []


async def test_others_are_not_held_up(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, 60)
    await say(store, chat, echo, 2, phone="91982")
    assert len(await leave(store, NOW)) == BURST + 2


async def test_after_a_rest_the_burst_is_back(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, BURST)
    await leave(store, NOW)
    later = NOW + BURST * GAP
    await say(store, chat, echo, 60, now=later)
    assert len(await leave(store, later)) == BURST


async def test_claims_of_one_each_spend_what_one_claim_spends(store: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, 50)
    assert len(await leave(store, NOW, limit=1)) == BURST
    assert await next_due(store) == NOW + GAP


async def test_what_another_process_sent_counts(store: Store, rival: Store, chat: Chat, echo: Echo) -> None:
    await say(store, chat, echo, 60)
    left = 0
    for turn in range(60):
        which = (store, rival)[turn % 2]
        claimed = await which.claim_due(now=NOW, limit=1, lease=60_000)
        await accept(which, claimed, NOW)
        left += len(claimed)
    assert left == BURST


@given(st.lists(st.tuples(st.integers(0, 20_000), st.integers(0, 60)), max_size=40))
def test_never_more_than_meta_allows(turns: list[tuple[int, int]]) -> None:
    """Compared with the rule itself: a budget of 45 that refills by one in six seconds."""
    pace = WHATSAPP.pace
    now, paced_until, budget = NOW, 0, float(BURST)
    for pause, wanted in turns:
        now += pause
        budget = min(BURST, budget + pause / GAP)
        leaving = min(wanted, pace.room(paced_until, now))
        budget -= leaving
        assert budget > -1e-6
        assert leaving == wanted or budget < 1 + 1e-6, "nor is anything held up without need"
        paced_until = pace.after(paced_until, now, leaving)
        opens = pace.opens_at(paced_until)
        assert (pace.room(paced_until, now) > 0) is (opens <= now)
        assert pace.room(paced_until, opens) == 1 or opens <= now
