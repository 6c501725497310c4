"""A person takes a chat over, answers in it, and gives it back."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flows.engine.conversation import Conversation
from flows.messages.kinds import Buttons, Text
from payments.processing.advance import advance
from payments.processing.changes import ChangeSet, values
from payments.processing.memory import MemoryStore
from payments.processing.step_input import EventKind, InboxEvent
from payments.shop.handover import Handover, from_json, to_json
from payments.shop.staff import Staff
from payments.simulator.simulator import Simulator
from tests.builders import InboxBody, chat
from tests.payments.shops_with_staff import MEENA, RAMESH, flow_of, played, plays

ASKS = """
- customer: hi
- customer: agent
- shop: A person will write to you.
  told: Asha asks for a person.
"""


def test_a_whole_talk() -> None:
    plays(
        ASKS
        + """
- customer: is it cold?
- shop: []
  told: "Asha (+919800000001): is it cold?"
- staff: Meena replies Ice cold!
- shop: Ice cold!
  told: []
- sends: image
- shop: []
  told: "Asha (+919800000001): [image]"
- staff: "Meena replies #done"
- shop: The bot talks (done).
  told: The bot has the chat with Asha (+919800000001) again.
- customer: hi
- shop: Lemonade?
  told: []
"""
    )


def test_only_who_may_chat_gets_the_customers_texts() -> None:
    simulator = Simulator(flow_of(MEENA, RAMESH))
    simulator.write("agent")
    simulator.write("hello?")
    [_, forwarded] = values(simulator.store.told)
    assert forwarded.to == ("sim-2",)


def test_the_done_button() -> None:
    plays(
        ASKS
        + """
- customer: hello?
- staff: Meena taps Done
- shop: The bot talks (done).
- staff: Meena taps Done
- shop: []
  told: The bot has the chat with Asha (+919800000001) already.
"""
    )


def test_a_word_of_the_customer_ends_it() -> None:
    plays(
        ASKS
        + "- customer: Menu!\n- shop: The bot talks (asked).\n  told: []\n- customer: hi\n- shop: Lemonade?\n"
    )


def test_tap_pay_during_handover_and_paid_during_handover() -> None:
    plays(
        ASKS
        + """
- tap: Yes please
- shop: Order … over ₹30.
  told: []
- pays: true
- shop: Paid. …
  told: "#… ₹30: …"
- customer: thanks
- shop: []
  told: "Asha (+919800000001): thanks"
"""
    )


def test_an_order_over_the_api_during_handover() -> None:
    plays(ASKS + "- order: [{sku: glass, quantity: 1}]\n- shop: Order … over ₹30.\n")


def test_reminders_are_dropped_and_the_staff_are_told() -> None:
    plays(
        """
        - customer: wait
        - customer: agent
        - waits: 10 min
        - shop: []
          told: Asha waits.
        """
    )


def test_nobody_answers() -> None:
    plays(
        ASKS
        + """
- waits: 1 h
- customer: hello?
- waits: 119 min
- shop: []
- waits: 1 min
- shop: The bot talks (quiet).
  told: "Nobody has answered Asha (+919800000001) for 120 minutes: the bot talks to them again."
- waits: 5 h
- shop: []
  told: []
"""
    )


def test_quiet_after_an_answer_is_not_told() -> None:
    plays(ASKS + "- staff: Meena replies hi\n- waits: 2 h\n- shop: The bot talks (quiet).\n  told: []\n")


def test_who_was_answered_once_and_wrote_again_was_answered() -> None:
    plays(
        ASKS
        + """
- staff: Meena replies hi
- customer: thanks
- waits: 2 h
- shop: The bot talks (quiet).
  told: []
"""
    )


def test_a_member_who_asks_for_a_person_gets_another() -> None:
    simulator = Simulator(flow_of(MEENA, RAMESH.replace("orders", "chat")))
    simulator.staff_writes("Meena", "agent")
    simulator.staff_writes("Meena", "can you help?")
    assert [told.to for told in values(simulator.store.told)] == [("sim-2", "sim-3"), ("sim-3",)]


def test_a_second_handover_outlives_the_check_of_the_first() -> None:
    outcome = played(
        ASKS
        + """
- waits: 90 min
- customer: bot
- customer: agent
- waits: 30 min
- shop: []
- waits: 90 min
- shop: The bot talks (quiet).
"""
    )
    assert outcome.mismatch is None, str(outcome)
    checks = [entry for result in outcome.results for entry in result.trace if entry["event"] == "handover"]
    assert checks[1] == {"event": "handover", "ignored": "it has ended"}, checks


def test_owner_answers_from_the_app() -> None:
    plays(
        """
        - customer: hi
        - whatsapp: the owner writes
        - shop: []
          told: []
        - customer: thanks
        - shop: []
          told: "Asha (+919800000001): thanks"
        - waits: 1 h
        - whatsapp: the owner writes
        - waits: 90 min
        - shop: []
        - waits: 30 min
        - shop: The bot talks (quiet).
          told: []
        """
    )


def test_nobody_to_hand_over_to() -> None:
    plays("- customer: agent\n- shop: The bot talks (nobody).\n- customer: hi\n- shop: Lemonade?\n", RAMESH)


def test_a_member_of_the_staff_who_asks_for_a_person_is_not_their_own() -> None:
    simulator = Simulator(flow_of(MEENA))
    simulator.staff_writes("Meena", "agent")
    assert [say.name for say in simulator.said_to("sim-2")] == ["no_person"]


@pytest.mark.parametrize(
    ("text", "answer"), [("#10034 out", "There is no order #10034."), ("# nothing", "There is no #…")]
)
def test_a_command_is_never_passed_on_to_the_customer(text: str, answer: str) -> None:
    plays(ASKS + f'- customer: hm\n- staff: "Meena replies {text}"\n- shop: []\n  told: "{answer}"\n')


def test_a_staff_member_who_may_not_chat_is_a_customer_in_their_replies() -> None:
    simulator = Simulator(flow_of(MEENA, RAMESH))
    simulator.write("agent")
    simulator.staff_replies("Ramesh", "I am here")
    assert [say.name for say in simulator.said] == ["a_person"]
    assert [say.name for say in simulator.said_to("sim-3")] == ["hello"]


# At the border of what the simulator plays

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


@pytest.mark.parametrize(("ago", "sent"), [(None, True), (24 * HOUR - 1, True), (24 * HOUR, False)])
def test_a_reply_after_24_hours_is_not_sent_and_the_staff_hear_it(ago: int | None, sent: bool) -> None:
    memory = store(heard={"c-1": None if ago is None else 100 * HOUR - ago})
    changes = step(memory, "c-1", reply())
    assert [say.message for say in values(changes.messages)] == ([Text("Yes")] if sent else [])
    assert [told.to for told in values(changes.told)] == ([] if sent else [("c-2",)])
    assert (memory.conversations["c-1"].data.get("handover") is not None) is sent


def test_what_the_customer_wrote_in_the_same_step_opens_the_window() -> None:
    memory = store(heard={"c-1": 0})
    assert [say.name for say in values(step(memory, "c-1", chat("hi"), reply()).messages)][
        -1
    ] == "reply of the staff"


def test_media_of_the_staff_are_not_passed_on() -> None:
    memory = store(quoted={"wamid.1": "c-1"})
    body = {"event": {"kind": "received", "what": "image", "fields": {}}, "quote": "wamid.1"}
    changes = step(memory, "c-2", (EventKind.CHAT, body))
    assert changes.commands == []
    [told] = values(changes.told)
    assert (told.to, "Only text" in told.message.words) == (("c-2",), True)


def test_a_reply_to_something_else_is_a_customers_text() -> None:
    memory = store(quoted={"wamid.1": "c-2"})
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
    memory, theirs = store(own), Handover(3, 4, True)
    step(memory, "c-1", joined(replace(Conversation("c-7"), data={"handover": to_json(theirs)})))
    assert from_json(memory.conversations["c-1"].data["handover"]) == (own or theirs)


def test_the_results_say_what_was_held() -> None:
    outcome = played(ASKS + "- customer: is it cold?\n")
    assert outcome.results[-1].trace == ({"event": "held for a person", "forwarded": 1},)
