"""A person takes a chat over, answers in it, and gives it back."""

from dataclasses import replace

import pytest

from flows.engine.model import Flow
from flows.messages.kinds import Text
from payments.processing.changes import Told, values
from payments.processing.shown_to_others import SHOWN
from payments.shop.handover import FORWARDED
from payments.simulator.simulator import Simulator
from tests.payments.shops_with_staff import MEENA, RAMESH, flow_of, paid, played, plays, two_who_chat

HOUR = 3_600_000
DAY = 24 * HOUR


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
  told: "Asha (+919800000001): [image] (It cannot be passed on: …)"
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
- staff: Meena taps The bot goes on
- shop: The bot talks (done).
- staff: Meena taps The bot goes on
- shop: []
  told: The bot has the chat with Asha (+919800000001) already.
"""
    )


def test_a_word_of_the_customer_ends_it() -> None:
    plays(
        ASKS
        + "- customer: Bot!\n- shop: The bot talks (asked).\n  told: []\n- customer: hi\n- shop: Lemonade?\n"
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


NO_CHAT = "Not done: that needs the right 'chat', which Ramesh does not have."


def test_a_member_who_may_not_chat_hears_it_instead_of_a_customers_answer() -> None:
    simulator = Simulator(flow_of(MEENA, RAMESH))
    simulator.write("agent")
    simulator.staff_replies("Ramesh", "I am coming")
    assert [say.name for say in simulator.said] == ["a_person"]
    assert simulator.said_to("sim-3") == []
    assert simulator.store.told[-1].value == Told(("sim-3",), "answer to the staff", Text(NO_CHAT))


def test_a_tap_without_the_right_is_answered() -> None:
    simulator = Simulator(flow_of(MEENA, RAMESH))
    simulator.write("hi")
    simulator.tap("Yes please")
    simulator.pay()
    simulator.staff_taps("Ramesh", "I call them")
    assert "handover" not in simulator.conversation.data
    assert simulator.store.told[-1].value == Told(("sim-3",), "answer to the staff", Text(NO_CHAT))


def test_who_takes_a_chat_over_and_never_writes_has_not_answered() -> None:
    simulator = paid()
    said = simulator.staff_taps("Meena", "I call them")
    assert [message.words for message in said] == ["One of us will write."]
    simulator.wait(2 * HOUR)
    assert "Nobody has answered" in simulator.store.told[-1].value.message.words
    assert simulator.said[-1].message.words == "The bot talks (quiet)."


def test_a_second_tap_says_nothing_more_to_the_customer() -> None:
    simulator = paid()
    simulator.staff_taps("Meena", "I call them")
    assert simulator.staff_taps("Meena", "I call them") == []


@pytest.mark.parametrize("word", ["stop", "STOP!", "delete it"])
def test_an_opt_out_acts_while_a_person_has_the_chat_and_the_person_sees_it(word: str) -> None:
    simulator = Simulator(flow_of(MEENA))
    simulator.write("agent")
    answer = "Bye" if word == "delete it" else "You hear nothing from us."
    assert [message.words for message in simulator.write(word)] == [answer]
    assert simulator.store.told[-1].value.message.words.endswith(f": {word}")
    assert "handover" in simulator.conversation.data


def test_an_answer_to_a_question_is_no_opt_out() -> None:
    simulator = Simulator(flow_of(MEENA))
    simulator.write("ask me")
    simulator.write("agent")
    assert simulator.write("offers") == [], "it could be an answer, and no interrupting word"


def test_a_word_that_ends_it_is_answered_by_its_rule_too() -> None:
    simulator = Simulator(flow_of(MEENA))
    simulator.write("agent")
    text = [message.words for message in simulator.write("bot")]
    assert text == ["The bot talks (asked)."]
    simulator.write("agent")
    assert [m.words for m in simulator.write("menu")] == ["The bot talks (asked).", "Lemonade?"]


def test_the_results_say_what_was_held() -> None:
    outcome = played(ASKS + "- customer: is it cold?\n")
    assert outcome.results[-1].trace == ({"event": "held for a person", "forwarded": 1},)


@pytest.mark.parametrize(("word", "hears"), [("stop", False), ("hm", True)])
def test_who_said_stop_hears_nothing_of_the_end_of_a_talk(word: str, hears: bool) -> None:
    simulator = Simulator(flow_of(MEENA))
    simulator.write("agent")
    simulator.write(word)
    said = [message.words for message in simulator.wait(3 * HOUR)]
    assert said == (["The bot talks (quiet)."] if hears else [])
    assert "handover" not in simulator.conversation.data
    assert all(say.reminder for say in simulator.said if say.message.words == "The bot talks (quiet).")


def shown(simulator: Simulator) -> list[tuple[tuple[str, ...], str]]:
    """Who of the staff was shown what another of them did, and what."""
    return [(one.to, one.message.words) for one in values(simulator.store.told) if one.name == SHOWN]


def test_the_others_see_what_a_member_answers_and_that_one_takes_a_chat_over() -> None:
    simulator = two_who_chat()
    simulator.staff_replies("Ramesh", "Ice cold!")
    assert shown(simulator) == [(("sim-2",), "Asha (+919800000001) was answered by Ramesh: Ice cold!")]
    assert simulator.staff_replies("Meena", "well done") == [], "that is about Asha, and not for her"
    assert simulator.store.told[-1].value.message.words.startswith("Was that for a customer?")
    simulator = Simulator(flow_of(MEENA, RAMESH.replace("orders", "orders, chat")))
    simulator.write("hi")
    simulator.tap("Yes please")
    simulator.pay()
    simulator.staff_taps("Meena", "I call them")
    assert shown(simulator) == [(("sim-3",), "Meena writes to Asha (+919800000001).")]


@pytest.mark.parametrize(("silent", "count"), [(None, 0), (DAY, 0), (DAY - 1, 1)])
def test_only_a_member_whom_a_text_reaches_sees_what_another_answers(silent: int | None, count: int) -> None:
    simulator = two_who_chat()
    simulator.store.staff_heard = {"sim-2": None if silent is None else simulator.now - silent}
    simulator.staff_replies("Ramesh", "Ice cold!")
    assert len(shown(simulator)) == count


def test_what_was_not_sent_is_shown_to_nobody() -> None:
    simulator = two_who_chat()
    simulator.wait(25 * HOUR)
    simulator.staff_replies("Ramesh", "Ice cold!")
    assert shown(simulator) == []


def test_the_staff_see_that_a_waiting_customer_was_answered_in_the_app() -> None:
    plays(
        ASKS
        + """
- whatsapp: the owner writes
- shop: []
  told: Asha (+919800000001) was answered in another program.
- whatsapp: the owner writes
- shop: []
  told: []
"""
    )


def untemplated() -> Flow:
    """The shop, in which no template says that a customer asks for a person."""
    flow = flow_of(MEENA, RAMESH)
    return replace(flow, templated=flow.templated - {"asks"})


@pytest.mark.parametrize(
    ("silent", "templated", "begins"),
    [(None, False, False), (DAY, False, False), (DAY - 1, False, True), (None, True, True)],
)
def test_a_chat_does_not_wait_for_staff_whom_nothing_reaches(
    silent: int | None, templated: bool, begins: bool
) -> None:
    simulator = Simulator(flow_of(MEENA, RAMESH) if templated else untemplated())
    simulator.store.staff_heard = {"sim-2": None if silent is None else simulator.now - silent}
    [said] = simulator.write("agent")
    assert said.words == ("A person will write to you." if begins else "The bot talks (nobody).")
    assert ("handover" in simulator.conversation.data) is begins


def test_staff_whom_nothing_reached_hear_of_the_wish_when_they_write() -> None:
    simulator = Simulator(untemplated())
    simulator.store.staff_heard = {"sim-2": None}
    simulator.write("agent")
    assert simulator.store.told[-1].value == Told(
        ("sim-2",),
        FORWARDED,
        Text(
            'Asha (+919800000001) asked for one of you when none could be reached: "agent".'
            " Reply to this to write to them."
        ),
    )
