"""Answers to a customer who writes faster than they may leave: the newest stay, and hold up no news."""

from collections.abc import Callable

import pytest
from hypothesis import given as having
from hypothesis import strategies as st

from bot.whatsapp.channel import WHATSAPP
from flows.engine.effects import Say
from flows.messages.kinds import Text
from payments.processing.answers import ANY, KEPT
from payments.processing.changes import ChangeSet
from payments.processing.notice import NoticeKind
from payments.processing.step_input import StepInput
from storage import Store
from storage.database.transaction import Row
from storage.inbox.arrival import Arrival
from storage.outbox.deliveries import Again, Done
from storage.outbox.pace import Pace
from tests.builders import change_set

Chat = Callable[..., Arrival]

NOW = 1_790_000_000_000
GAP, BURST, RESERVE = 6_000, 45, 15
PACE = Pace(GAP, BURST, RESERVE)


def speak(given: StepInput) -> ChangeSet:
    """Answers each text with itself twice; `€1` and the like is news, `link 1` shows a link."""
    said = []
    for event in given.events:
        text = event.body["text"]
        topic = None if text.startswith("€") else text if text.startswith("link") else ANY
        said.append([Say("echo", Text(f"{text}{part}"), topic=topic) for part in ("", "'")])
    found = change_set(given)
    for event, says in zip(given.events, said, strict=True):
        found.messages += change_set(given._replace(events=(event,)), messages=says).messages
    return found


async def say(store: Store, chat: Chat, *texts: str, phone: str = "91981", now: int = NOW) -> None:
    keys = [f"{phone}.{now}.{n}.{text}" for n, text in enumerate(texts)]
    await store.arrive(
        [chat(key, phone=phone, text=text) for key, text in zip(keys, texts, strict=True)], now=now
    )
    while await store.advance_due(speak, now=now):
        pass


async def leave(store: Store, now: int = NOW) -> list[str]:
    left: list[str] = []
    while claimed := await store.claim_due(now=now, limit=500, lease=60_000):
        left += [delivery.payload["body"] for delivery in claimed]
        await store.record([Done(d.claim, f"wamid.{d.id}") for d in claimed], now=now)
    return left


async def rows(store: Store, sql: str) -> list[Row]:
    return list(await store._units.read(lambda tx: tx.fetch(sql)))


def both(*texts: str) -> list[str]:
    return [part for text in texts for part in (text, f"{text}'")]


async def test_answers_to_the_last_few_events_stay_whole(store: Store, chat: Chat) -> None:
    for text in "abcdefg":
        await say(store, chat, text)
    assert await leave(store) == both(*"abcdefg"[-KEPT:])


async def test_within_one_step_too(store: Store, chat: Chat) -> None:
    await say(store, chat, *"abcdefg")
    assert await leave(store) == both(*"abcdefg"[-KEPT:])


async def test_news_is_never_superseded_and_stays_in_its_place(store: Store, chat: Chat) -> None:
    await say(store, chat, "€1", "a", "€2", *"bcdef")
    assert await leave(store) == both("€1", "€2", *"bcdef")


async def test_the_last_answer_that_shows_a_link_stays(store: Store, chat: Chat) -> None:
    await say(store, chat, "link 1", "link 1", "link 2", *"abcdefg")
    assert await leave(store) == both("link 1", "link 2", *"cdefg")


async def test_other_customers_keep_theirs(store: Store, chat: Chat) -> None:
    await say(store, chat, "a", phone="91982")
    await say(store, chat, *"abcdefg")
    assert await leave(store) == [*both("a"), *both(*"cdefg")]


async def test_what_was_tried_stays(store: Store, chat: Chat) -> None:
    await say(store, chat, "a")
    tried = await store.claim_due(now=NOW, limit=9, lease=60_000)
    await store.record([Again(d.claim, NOW + 1, "busy") for d in tried], now=NOW)
    await say(store, chat, *"bcdefg")
    assert await leave(store, NOW + 1) == both("a", *"cdefg")


async def test_operators_are_told_once_and_see_which(store: Store, chat: Chat) -> None:
    await say(store, chat, *"abcde")
    assert await rows(store, "SELECT * FROM notice") == []
    for text in "fgh":
        await say(store, chat, text)
    [told] = await rows(store, "SELECT * FROM notice")
    assert (told["kind"], told["said"].count("munshi why")) == (NoticeKind.LIMITED, 1)
    entries = await rows(store, "SELECT * FROM outbox")
    assert {(e["state"], e["finished_at"]) for e in entries} == {("pending", None), ("superseded", NOW)}


async def test_news_leaves_at_once_though_the_customer_floods(store: Store, chat: Chat) -> None:
    left = []
    for n in range(100):
        await say(store, chat, f"{n}")
        left += await leave(store)
    assert len(left) == BURST - RESERVE
    await say(store, chat, "€1")
    assert await leave(store, NOW) == [], "the next answer is looked at after a gap"
    assert await leave(store, NOW + GAP) == both(*(str(n) for n in range(95, 100)), "€1")


@having(
    room=st.integers(0, BURST),
    answers=st.lists(st.booleans(), min_size=1, max_size=60),
)
def test_of_the_next_messages_none_is_passed_over_and_the_reserve_is_for_news(
    room: int, answers: list[bool]
) -> None:
    count = PACE.leaving(answers, room)
    assert 0 <= count <= min(room, len(answers))
    if count < min(room, len(answers)):
        assert all(answers[count:]), "only answers leave room"
        assert room - count <= RESERVE or count == len(answers)
    if count > max(0, room - RESERVE):
        assert not answers[count - 1] or count == room, "the reserve is spent for news behind"


@pytest.mark.parametrize("answers", [[True], [True, False]])
def test_a_flood_is_looked_at_again_within_a_gap(answers: list[bool]) -> None:
    full = NOW + BURST * GAP
    assert NOW < PACE.next_at(answers, full, NOW) <= NOW + GAP


def test_the_channel_keeps_room_for_news() -> None:
    assert WHATSAPP.pace == PACE
