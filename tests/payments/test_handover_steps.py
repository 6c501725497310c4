"""Single steps of a chat that a person has: what the simulator does not play."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine.conversation import Conversation
from flows.engine.events import Received
from flows.engine.events import to_json as event_to_json
from flows.messages.kinds import Buttons, Text
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet, values
from payments.processing.memory import MemoryStore
from payments.processing.step_input import EventKind, InboxEvent, Quoted
from payments.shop.handover import FORWARDED, Handover, from_json, to_json
from payments.shop.staff import Staff
from tests.builders import InboxBody, chat
from tests.payments.shops_with_staff import MEENA, flow_of

HOUR = 3_600_000


STAFF = {"c-2": Staff("Meena", "+919812345671")}


def store(handover: Handover | None = None, **rest: object) -> MemoryStore:
    data = {"handover": to_json(handover)} if handover else {}
    asha = Conversation("c-1", customer={"name": "Asha"}, data=data)
    memory = MemoryStore({}, conversations={"c-1": asha, "c-2": Conversation("c-2")}, staff=STAFF)
    for name, value in rest.items():
        setattr(memory, name, value)
    return memory


def step(memory: MemoryStore, id: str, *told: InboxBody, now: int = 100 * HOUR) -> ChangeSet:
    events = [InboxEvent(number, kind, body, now) for number, (kind, body) in enumerate(told, start=1)]
    changes = advance(flow_of(MEENA), memory.given(id, events), now)
    memory.save(changes)
    return changes


def reply(text: str = "Yes") -> InboxBody:
    body = {
        "order_key": "",
        "by": "Meena",
        "verb": "reply",
        "value": text,
        "expected": "",
        "answer_to": "c-2",
    }
    return EventKind.STAFF, body


@pytest.mark.parametrize("verb", ["reply", "handover"])
def test_who_was_forgotten_is_not_written_to(verb: str) -> None:
    memory = store(forgotten={"c-1"})
    before = memory.conversations["c-1"]
    kind, body = reply()
    changes = step(memory, "c-1", (kind, {**body, "verb": verb}))
    assert (changes.messages, changes.checks, memory.conversations["c-1"]) == ([], [], before)
    [told] = values(changes.told)
    assert (told.to, told.message.words) == (("c-2",), FORGOTTEN)


FORGOTTEN = "The customer was forgotten: there is nobody to write to."


def test_without_anybody_who_reads_it_the_bot_answers() -> None:
    memory = store(Handover(1, 99 * HOUR))
    memory.staff = {}
    changes = step(memory, "c-1", chat("is anybody there?"))
    assert [say.message.words for say in values(changes.messages)] == ["The bot talks (nobody).", "Lemonade?"]
    assert "handover" not in memory.conversations["c-1"].data


def test_who_writes_from_the_app_keeps_the_chat_without_any_staff() -> None:
    memory = store(Handover(1, 99 * HOUR, "the app"))
    memory.staff = {}
    assert [*values(step(memory, "c-1", chat("thanks")).messages)] == []


@pytest.mark.parametrize(("ago", "sent"), [(None, False), (24 * HOUR - 1, True), (24 * HOUR, False)])
def test_a_reply_after_24_hours_is_not_sent_and_the_staff_hear_it(ago: int | None, sent: bool) -> None:
    memory = store(heard={"c-1": None if ago is None else 100 * HOUR - ago})
    changes = step(memory, "c-1", reply())
    assert [say.message for say in values(changes.messages)] == ([Text("Yes")] if sent else [])
    [told] = values(changes.told)
    assert (told.to, told.message.words.startswith("Sent to Asha")) == (("c-2",), sent)
    assert (memory.conversations["c-1"].data.get("handover") is not None) is sent


def test_what_the_customer_wrote_in_the_same_step_opens_the_window() -> None:
    memory = store(heard={"c-1": 0})
    assert [say.name for say in values(step(memory, "c-1", chat("hi"), reply()).messages)][
        -1
    ] == "reply of the staff"


def test_media_of_the_staff_are_not_passed_on() -> None:
    memory = store(quoted={"wamid.1": Quoted("c-1", FORWARDED)})
    body = {"event": {"kind": "received", "what": "image", "fields": {}}, "quote": "wamid.1"}
    changes = step(memory, "c-2", (EventKind.CHAT, body))
    assert changes.commands == []
    [told] = values(changes.told)
    assert (told.to, "Only text" in told.message.words) == (("c-2",), True)


def test_a_reply_to_something_else_is_a_customers_text() -> None:
    memory = store(quoted={"wamid.1": Quoted("c-2", FORWARDED)})
    body = {"event": {"kind": "text", "text": "hi"}, "quote": "wamid.1"}
    assert [say.name for say in values(step(memory, "c-2", (EventKind.CHAT, body)).messages)] == ["hello"]
    unknown = {**body, "quote": "wamid.9"}
    assert [say.name for say in values(step(memory, "c-2", (EventKind.CHAT, unknown)).messages)] == ["hello"]


@given(st.text(min_size=1, max_size=4096))
def test_whatever_a_customer_writes_is_forwarded_within_the_limits(text: str) -> None:
    memory = store(Handover(1, 100 * HOUR))
    changes = step(memory, "c-1", chat(text))
    for told in values(changes.told):
        most = 1024 if isinstance(told.message, Buttons) else 4096
        assert len(told.message.words.encode("utf-16-le")) // 2 <= most


def joined(other: Conversation) -> InboxBody:
    import json

    from flows.engine import conversation as conversations

    snapshot = json.dumps(conversations.to_json(other))
    return EventKind.JOINED, {"conversation": other.id, "heard_last": False, "snapshot": snapshot}


@pytest.mark.parametrize("own", [None, Handover(1, 2)])
def test_a_person_keeps_the_chat_when_conversations_become_one(own: Handover | None) -> None:
    memory, theirs = store(own), Handover(3, 4, "Meena")
    step(memory, "c-1", joined(replace(Conversation("c-7"), data={"handover": to_json(theirs)})))
    assert from_json(memory.conversations["c-1"].data["handover"]) == (own or theirs)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        (
            Received("location", {"latitude": 18.52, "longitude": 73.85, "name": "Lake View"}),
            "[location] Lake View https://maps.google.com/?q=18.52,73.85",
        ),
        (
            Received("contacts", {"names": ["Granny Rao"], "phones": ["919811112222"]}),
            "[contacts] Granny Rao +919811112222",
        ),
        (
            Received("image", {"id": "123", "caption": "the cake"}),
            "[image] the cake (It cannot be passed on: ask them to send it to a number of yours.)",
        ),
        (Received("unsupported"), "[something that the channel does not show]"),
    ],
)
def test_what_can_be_passed_on_of_what_is_no_text(sent: Received, words: str) -> None:
    memory = store(Handover(1, 100 * HOUR))
    body = {"event": event_to_json(sent), "name": "Asha", "quote": None}
    [told] = values(step(memory, "c-1", (EventKind.CHAT, body)).told)
    assert told.message.words.endswith(f": {words}")
