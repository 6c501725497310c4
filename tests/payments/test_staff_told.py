"""The staff are told what the flow says, each in their own chat, and their taps come to the customer's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.whatsapp.limits import LIMITS
from flows.engine.conversation import Conversation
from flows.engine.events import Tapped
from flows.language.load import examine, load
from flows.messages import replies
from payments.processing import staff_replies
from payments.processing.actions import SHOP
from payments.processing.advance import advance
from payments.processing.bodies import StaffAction
from payments.processing.changes import ChangeSet, Outcome, values
from payments.processing.memory import MemoryStore
from payments.processing.shown_to_others import SHOWN
from payments.processing.staff_replies import StaffReply
from payments.processing.step_input import EventKind, InboxEvent
from payments.shop.staff import Right, Staff, by_number
from payments.simulator.simulated_gateway import Razorpay
from payments.simulator.simulator import Simulator
from tests.builders import chat
from tests.payments.shops_with_staff import MEENA, RAMESH, TEXT, flow_of, played, plays

BUYS = """
- customer: hi
- tap: Yes please
- pays: true
"""


def test_all_of_the_staff_are_told_of_an_order() -> None:
    plays(
        BUYS
        + """
- shop: Paid. …
  told: "#… ₹30: A glass for Asha +919800000001"
"""
    )


def test_the_staff_are_told_in_the_first_language() -> None:
    plays(
        """
        - customer: hindi
        - tap: हाँ
        - pays: true
        - told: "#… ₹30: गिलास for Asha …"
        """
    )


def told_to(flow_staff: tuple[str, ...] = (MEENA, RAMESH)) -> Simulator:
    simulator = Simulator(flow_of(*flow_staff))
    simulator.write("hi")
    simulator.tap("Yes please")
    simulator.pay()
    return simulator


def test_each_gets_it_in_a_chat_of_their_own_with_its_template() -> None:
    simulator = told_to()
    [told] = values(simulator.store.told)
    assert told.to == ("sim-2", "sim-3")
    assert told.message.fallback is not None
    assert simulator.order is not None
    assert [r.id for r in told.message.replies] == [
        f"s|{simulator.order.key}|placed|stage|accepted",
        f"s|{simulator.order.key}|placed|handover|",
        f"s|{simulator.order.key}|placed|call|",
    ]


def test_news_aside_is_told_too() -> None:
    """Money for an order that the chat has left is told with that order's own number."""
    simulator = Simulator(flow_of(MEENA))
    simulator.write("hi")
    simulator.tap("Yes please")
    left = simulator.order
    assert left is not None
    simulator.razorpay(Razorpay.KEEPS)
    simulator.tap("Yes please")
    assert simulator.order is not None
    assert simulator.order.key != left.key
    simulator.pay()
    [told] = values(simulator.store.told)
    assert f"#{left.order.number}" in told.message.words
    assert told.message.replies[0].id.startswith(f"s|{left.key}|")


def test_without_staff_the_trace_says_that_nobody_was_told() -> None:
    outcome = played(BUYS, "")
    assert [e["because"] for r in outcome.results for e in r.trace if "untold" in e] == [
        "the shop has no staff"
    ]


def test_a_reminder_is_told_even_if_the_customer_wants_none() -> None:
    plays(
        """
        - customer: stop
        - customer: wait
        - waits: 10 min
        - shop: []
          told: Asha waits.
        """
    )


def test_owner_buys() -> None:
    """A member of the staff is a customer too."""
    simulator = told_to()
    simulator.staff_writes("Meena", "hi")
    assert [say.name for say in simulator.said_to("sim-2")] == ["hello"]
    assert simulator.store.conversations["sim-2"].state == "counter"


def test_an_unknown_verb_is_answered_and_parks_nothing() -> None:
    plays(
        BUYS
        + """
- staff: Ramesh taps Call
- shop: []
  told: "That cannot be done: there is no 'call'."
"""
    )


def test_only_who_pressed_is_answered() -> None:
    simulator = told_to()
    simulator.staff_taps("Ramesh", "Accept")
    told = [one for one in values(simulator.store.told) if one.name != SHOWN]
    assert [one.to for one in told][1:] == [("sim-3",)]


# Taps of others


def tap_by(conversation: str, staff: dict[str, Staff], reply: str) -> ChangeSet:
    store = MemoryStore({}, conversations={conversation: Conversation(conversation)}, staff=staff)
    kind, body = chat(Tapped(reply, "Accept"))
    return advance(flow_of(MEENA), store.given(conversation, [InboxEvent(7, kind, body, 1)]), 1)


REPLY = "s|c-1-1abc||handover|"


def test_staff_button_from_a_stranger() -> None:
    changes = tap_by("c-9", {"c-2": Staff("Meena", "+919812345671")}, REPLY)
    [result] = changes.results
    assert (result.outcome, changes.commands, changes.messages, changes.told) == (Outcome.IGNORED, [], [], [])
    assert result.trace[0]["refused"] == "it is not from the staff"


def test_a_button_without_the_right_does_nothing_and_is_answered() -> None:
    changes = tap_by("c-2", {"c-2": Staff("Ramesh", "+919812345672", frozenset({Right.ORDERS}))}, REPLY)
    [result] = changes.results
    assert (changes.commands, [told.to for told in values(changes.told)]) == ([], [("c-2",)])
    assert result.trace[0]["refused"] == "they may not do chat"


def test_a_tap_of_the_staff_is_a_command_in_the_customers_conversation() -> None:
    changes = tap_by("c-2", {"c-2": Staff("Meena", "+919812345671")}, "s|c-1-1abc|preparing|stage|out")
    [command] = values(changes.commands)
    assert command.conversation == "c-1"
    assert command.action == StaffAction("c-1-1abc", "Meena", "stage", "out", "preparing", answer_to="c-2")


def test_an_action_about_an_order_that_is_not_there_parks_nothing() -> None:
    body = {
        "order_key": "c-1-9",
        "by": "Meena",
        "verb": "fly",
        "value": "",
        "expected": "",
        "answer_to": "c-2",
    }
    store = MemoryStore({}, conversations={"c-1": Conversation("c-1")})
    changes = advance(flow_of(MEENA), store.given("c-1", [InboxEvent(7, EventKind.STAFF, body, 1)]), 1)
    assert [result.outcome for result in changes.results] == [Outcome.IGNORED]
    assert [told.to for told in values(changes.told)] == [("c-2",)]


# Ids

SUBJECTS = st.from_regex(r"[a-z0-9]{1,8}-[0-9]{1,9}(-[0-9]{1,3}[a-z]{0,6})?", fullmatch=True)


@given(SUBJECTS, st.from_regex(r"[a-z]{0,20}", fullmatch=True), st.text(max_size=40))
def test_an_id_says_what_it_was_made_of(subject: str, stage: str, value: str) -> None:
    found = staff_replies.decode(f"s|{subject}|{stage}|stage|{value}")
    assert found is not None
    assert (found.stage, found.verb, found.value) == (stage, "stage", value)
    assert subject in (found.order_key, found.conversation)
    assert bool(found.order_key) == (subject.count("-") == 2)


@given(st.text(max_size=300))
def test_any_other_text_is_no_id_or_a_whole_one(text: str) -> None:
    found = staff_replies.decode(text)
    assert found is None or isinstance(found, StaffReply)
    assert staff_replies.decode(f"c-1.1|{text}") is None


def test_equal_buttons_stay_apart() -> None:
    one = "s|c-1-1||stage|accepted"
    other = replies.copied(one, 2)
    assert other != one
    assert staff_replies.decode(other) == staff_replies.decode(one) is not None


# What the check of a flow says


def issues(text: str) -> list[str]:
    return [issue.message for issue in examine(text, "flows.yaml", SHOP, limits=LIMITS).issues]


def staffed(*staff: str) -> str:
    return TEXT.replace("STAFF", ", ".join(staff))


def test_the_flow_is_sound_but_for_a_button_that_does_nothing() -> None:
    assert issues(staffed(MEENA, RAMESH)) == ["'call' is nothing that a button of the staff can do"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("tell: new_order", "tell: new_ordr", "there is no message 'new_ordr'"),
        (", may: [orders]", ", may: [cook]", "'may' can't be 'cook'"),
        ("+919812345672", "+919812345671", "the staff's numbers 1 and 2 are the same: take one of them out"),
        ('"+919812345672"', '"12"', "not a phone number: check its digits"),
        ("{on: stage,", "{on: satge,", "'satge' is nothing that a button of the staff can do"),
        (
            "  handover.ended: {say: no_person}\n",
            "",
            "nothing says to a customer that the bot has the chat again",
        ),
    ],
)
def test_what_is_wrong_with_staff_and_tell(old: str, new: str, message: str) -> None:
    text = staffed(MEENA, RAMESH)
    assert old in text
    assert any(message in found for found in issues(text.replace(old, new))), issues(text.replace(old, new))


def test_staff_who_are_told_nothing() -> None:
    text = staffed(MEENA)
    for told in (", tell: new_order", ", tell: asks", ", tell: waits"):
        text = text.replace(told, "")
    assert "the staff are told nothing" in issues(text)


def test_a_button_that_only_the_staff_get_cannot_be_fired_by_customers() -> None:
    flow = flow_of(MEENA)
    assert "stage" not in flow.offered
    assert "buy" in flow.offered


def test_numbers_of_the_setting() -> None:
    assert [one.phone for one in by_number("+91 98123 45671, 9812345672")] == [
        "+919812345671",
        "+919812345672",
    ]
    with pytest.raises(ValueError, match="its number 2 is not a phone number"):
        by_number("+919812345671,12")
    shop = flow_of(MEENA).sections["shop"]
    assert len(shop.with_staff(by_number("+919812345679")).staff) == 2
    with pytest.raises(ValueError, match="numbers 1 and 2 are the same"):
        shop.with_staff(by_number("+919812345671"))


def test_states_that_lead_to_each_other_by_time_do_not_tell_for_ever() -> None:
    """Nobody asks for anything, and the customer hears nothing of it: the staff hear it ten times."""
    again = "{if: language, tell: waits, to: waiting}"
    text = TEXT.replace("STAFF", MEENA).replace("{say: thirsty, tell: waits}", again)
    text = text.replace("  thirsty: Still thirsty?\n", "")
    for words in (("wait",), ("stop", "wait")):
        simulator = Simulator(load(text, "flows.yaml", SHOP, limits=LIMITS))
        for word in words:
            simulator.write(word)
        simulator.wait(40 * 10 * 60_000)
        assert len(simulator.store.told) == 10
        assert simulator.results[-1].trace[0]["untold"] == ["waits"]


def accepted(simulator: Simulator) -> list[tuple[tuple[str, ...], str]]:
    """Who of the staff was told that another of them accepted an order, and what they read."""
    return [(one.to, one.message.words) for one in values(simulator.store.told) if one.name == SHOWN]


def test_the_others_who_may_do_it_are_told_once_who_accepted_an_order() -> None:
    lata = '{name: Lata, phone: "+919812345673", may: [chat]}'
    simulator = told_to((MEENA, RAMESH, lata))
    simulator.staff_taps("Ramesh", "Accept")
    assert accepted(simulator) == [(("sim-2",), "#10001 was accepted by Ramesh.")]
    simulator.staff_writes("Meena", "#10001 accepted")
    simulator.staff_writes("Meena", "#10001 out")
    assert len(accepted(simulator)) == 1


@pytest.mark.parametrize(("silent", "count"), [(None, 0), (86_400_000, 0), (86_399_999, 1)])
def test_only_a_member_whom_a_text_reaches_is_told_who_accepted(silent: int | None, count: int) -> None:
    simulator = told_to()
    simulator.store.staff_heard = {"sim-2": None if silent is None else simulator.now - silent}
    simulator.staff_taps("Ramesh", "Accept")
    assert len(accepted(simulator)) == count
    assert all(one.value.message.fallback is None for one in simulator.store.told if one.value.name == SHOWN)
