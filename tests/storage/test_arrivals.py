"""Events are stored once, whoever delivers them and however often, for the right customer."""

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from payments.processing.step_input import EventKind, StepInput
from storage import Store
from storage.inbox.arrival import Arrival
from tests.storage.next_due import next_due

Chat = Callable[..., Arrival]


async def test_an_arrival_is_stored_once(store: Store, chat: Chat) -> None:
    [first] = await store.arrive([chat("wamid.1")], now=1000)
    [again] = await store.arrive([chat("wamid.1", text="other words")], now=2000)
    assert first.new
    assert not again.new
    assert again == replace(first, new=False)
    event = await store.event(first.number)
    assert event is not None
    assert event.body == {"kind": "text", "text": "hi"}
    assert event.state == "pending"
    assert event.conversation == first.conversation


async def test_a_batch_may_hold_the_same_arrival_twice(store: Store, chat: Chat) -> None:
    stored = await store.arrive([chat("a"), chat("b"), chat("a"), chat("c")], now=1000)
    assert [s.new for s in stored] == [True, True, False, True]
    assert stored[0].number == stored[2].number
    assert len({s.number for s in stored}) == 3


async def test_numbers_grow_in_order_of_arrival(store: Store, chat: Chat) -> None:
    stored = await store.arrive([chat(f"m{n}", phone=f"9198{n % 50:08}") for n in range(700)], now=1)
    numbers = [s.number for s in stored]
    assert numbers == sorted(numbers)
    assert all(s.new for s in stored)


async def test_the_same_arrival_from_many_tasks_is_stored_once(store: Store, chat: Chat) -> None:
    batches = [[chat("x"), chat(f"own.{n}")] for n in range(10)]
    results = await asyncio.gather(*(store.arrive(batch, now=1) for batch in batches))
    assert sum(first.new for first, _ in results) == 1
    assert len({first.number for first, _ in results}) == 1
    assert len({second.conversation for _, second in results}) == 1


async def test_two_processes_create_one_customer(store: Store, rival: Store, chat: Chat) -> None:
    both = (store, rival)
    for round in range(10):
        phones = [f"9197{round:04}{n:04}" for n in range(20)]
        tasks = [
            both[n % 2].arrive([chat(f"{round}.{n}.{phone}", phone=phone) for phone in order], now=1)
            for n, order in enumerate([phones, phones[::-1], phones, phones[::-1]])
        ]
        one, two, three, four = await asyncio.gather(*tasks)
        assert [s.conversation for s in one] == [s.conversation for s in reversed(two)]
        assert one[0].conversation == three[0].conversation == four[-1].conversation
        assert len({s.conversation for s in one}) == 20


async def test_a_failure_stores_nothing_of_the_batch(store: Store, chat: Chat) -> None:
    with pytest.raises(TypeError):
        await store.arrive([chat("good"), replace(chat("bad"), body={"x": object()})], now=1)
    assert (await store.counts(now=1)).pending == 0
    [stored] = await store.arrive([chat("good")], now=1)
    assert stored.new


async def test_what_is_not_pending_is_kept(store: Store, chat: Chat) -> None:
    [stored] = await store.arrive([replace(chat("k"), pending=False)], now=1)
    event = await store.event(stored.number)
    assert event is not None
    assert event.state == "kept"
    assert await next_due(store) is None


async def test_facts_are_routed_by_order_key(store: Store, chat: Chat) -> None:
    [customer] = await store.arrive([chat("m")], now=1)
    keys = [f"{customer.conversation}-1", "abcdefgh-1-1", f"{customer.conversation}9-1", "nonsense", "x" * 99]
    huge = f"{str(customer.conversation).split('-')[0]}-{'9' * 30}-1"
    arrivals = [
        Arrival(f"f{n}", EventKind.FACTS, {"facts": []}, order_key=k) for n, k in enumerate([*keys, huge])
    ]
    stored = await store.arrive(arrivals, now=1)
    assert [s.conversation for s in stored] == [customer.conversation, None, None, None, None, None]
    lost = await store.event(stored[1].number)
    assert lost is not None
    assert lost.state == "kept"


async def test_receipts_are_routed_by_our_callback_id(store: Store, chat: Chat) -> None:
    [customer] = await store.arrive([chat("m")], now=1)
    ours = Arrival("r1", EventKind.RECEIPT, {}, opaque=f"{customer.conversation}.77")
    other = Arrival("r2", EventKind.RECEIPT, {}, opaque="someone else's")
    one, two = await store.arrive([ours, other], now=1)
    assert one.conversation == customer.conversation
    assert two.conversation is None
    assert (await store.counts(now=1)).pending == 3


async def test_a_profile_name_greets_a_new_customer(store: Store, chat: Chat) -> None:
    seen = []

    def advance(given: StepInput) -> object:
        seen.append(given.conversation.customer)
        raise RuntimeError("enough")

    await store.arrive([chat("a", name="Asha"), chat("b", phone="919811111111")], now=1)
    await store.advance_due(advance, now=1)  # type: ignore[arg-type]
    assert seen == [{"name": "Asha"}, {}]


@pytest.mark.parametrize("bad", ["", "x" * 256, "nul\x00", "half \ud83d"])
def test_what_no_index_holds_is_refused_before_it_joins_a_batch(bad: str, chat: Chat) -> None:
    with pytest.raises(ValueError):
        chat(bad)
    with pytest.raises(ValueError):
        chat("good", phone=bad)


async def conversation_of(store: Store, chat: Chat, key: str, *aliases: tuple[str, str]) -> str | None:
    [stored] = await store.arrive([chat(key, aliases=aliases)], now=1)
    return stored.conversation


async def test_a_customer_may_have_no_phone_number(store: Store, chat: Chat) -> None:
    first = await conversation_of(store, chat, "1", ("bsuid", "IN.1"))
    assert first is not None
    assert await conversation_of(store, chat, "2", ("bsuid", "IN.1")) == first
    assert await conversation_of(store, chat, "3", ("bsuid", "IN.2")) != first


async def test_a_new_alias_is_added_to_the_known_customer(store: Store, chat: Chat) -> None:
    by_phone = await conversation_of(store, chat, "1", ("phone", "91981"))
    both = await conversation_of(store, chat, "2", ("bsuid", "IN.1"), ("phone", "91981"))
    assert both == by_phone
    assert await conversation_of(store, chat, "3", ("bsuid", "IN.1")) == by_phone


async def test_a_changed_number_stays_one_customer(store: Store, chat: Chat) -> None:
    before = await conversation_of(store, chat, "1", ("bsuid", "IN.1"), ("phone", "91981"))
    after = await conversation_of(store, chat, "2", ("bsuid", "IN.1"), ("phone", "91982"))
    assert after == before
    assert await conversation_of(store, chat, "3", ("phone", "91982")) == before


async def test_a_recycled_number_goes_to_its_new_owner(store: Store, chat: Chat) -> None:
    old = await conversation_of(store, chat, "1", ("bsuid", "IN.OLD"), ("phone", "91981"))
    new = await conversation_of(store, chat, "2", ("bsuid", "IN.NEW"), ("phone", "91981"))
    assert new != old
    assert await conversation_of(store, chat, "3", ("phone", "91981")) == new
    assert await conversation_of(store, chat, "4", ("bsuid", "IN.OLD")) == old


async def test_a_recycled_number_is_found_inside_one_batch(store: Store, chat: Chat) -> None:
    old, new, phone = await store.arrive(
        [
            chat("1", aliases=(("bsuid", "IN.OLD"), ("phone", "91981"))),
            chat("2", aliases=(("bsuid", "IN.NEW"), ("phone", "91981"))),
            chat("3", aliases=(("phone", "91981"),)),
        ],
        now=1,
    )
    assert old.conversation != new.conversation == phone.conversation


async def test_names_that_come_together_are_one_customer_from_then_on(store: Store, chat: Chat) -> None:
    by_phone = await conversation_of(store, chat, "1", ("phone", "91981"))
    by_bsuid = await conversation_of(store, chat, "2", ("bsuid", "IN.1"))
    assert by_phone != by_bsuid
    one = await conversation_of(store, chat, "3", ("bsuid", "IN.1"), ("phone", "91981"))
    assert one in (by_phone, by_bsuid)
    assert await conversation_of(store, chat, "4", ("phone", "91981")) == one
    assert await conversation_of(store, chat, "5", ("bsuid", "IN.1")) == one


async def test_a_parent_bsuid_joins_as_well(store: Store, chat: Chat) -> None:
    await conversation_of(store, chat, "1", ("parent_bsuid", "IN.ENT.1"))
    await conversation_of(store, chat, "2", ("bsuid", "IN.1"))
    one = await conversation_of(store, chat, "3", ("bsuid", "IN.1"), ("parent_bsuid", "IN.ENT.1"))
    assert await conversation_of(store, chat, "4", ("parent_bsuid", "IN.ENT.1")) == one
    assert await conversation_of(store, chat, "5", ("bsuid", "IN.1")) == one


async def test_a_parent_bsuid_keeps_a_customer_whose_bsuid_changed(store: Store, chat: Chat) -> None:
    parent = ("parent_bsuid", "IN.ENT.9")
    first = await conversation_of(store, chat, "1", ("bsuid", "IN.1"), parent)
    assert await conversation_of(store, chat, "2", ("bsuid", "IN.2"), parent) == first
    assert await conversation_of(store, chat, "3", ("bsuid", "IN.2")) == first
