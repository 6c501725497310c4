"""One of the staff writes something from which nobody can say for whom, or for which order, it is meant."""

import pytest

from flows.engine.events import TextReceived
from payments.processing.changes import values
from payments.simulator.simulator import Simulator
from tests.payments.shops_with_staff import MEENA, RAMESH, flow_of, paid


def hints(simulator: Simulator) -> list[str]:
    """What members were told of how a customer is answered."""
    return [one.message.words for one in values(simulator.store.told) if "swipe" in one.message.words]


def test_who_writes_without_quoting_hears_how_a_customer_is_answered_once_in_a_while() -> None:
    simulator = Simulator(flow_of(MEENA, RAMESH))
    simulator.write("agent")
    simulator.write("is it cold?")
    simulator.staff_writes("Meena", "Ice cold!")
    simulator.staff_writes("Meena", "and sweet")
    simulator.staff_writes("Ramesh", "he may not chat")
    [hint] = hints(simulator)
    assert hint.startswith(
        "Was that for a customer? It has not gone to anybody: reply to one of the customer's own"
    )
    assert [say.message.words for say in simulator.said_to("sim-2")] == ["Lemonade?"], "of the second text"
    assert "Asha" not in hint, "it is about no one customer, so forgetting her would not erase it"
    assert [say.name for say in simulator.said] == ["a_person"], "nothing went to the customer"
    simulator.wait(10 * 60_000)
    simulator.staff_writes("Meena", "and sweet")
    assert len(hints(simulator)) == 2


def test_who_quotes_another_message_hears_each_time_that_nobody_got_the_reply() -> None:
    simulator = Simulator(flow_of(MEENA))
    simulator.write("agent")
    simulator.staff_writes("Meena", "Ice cold!")
    before = simulator.said_to("sim-2")
    for told in (2, 3):
        simulator._chat(TextReceived("Ice cold!"), "sim-2", quote="wamid.of-another-message")
        assert len(hints(simulator)) == told
    assert simulator.said_to("sim-2") == before, "the bot does not answer it too"
    assert [say.name for say in simulator.said] == ["a_person"], "nothing went to the customer"


@pytest.mark.parametrize("writes", ["agent", "menu", "#orders"])
def test_a_word_for_the_bot_gets_no_hint(writes: str) -> None:
    simulator = Simulator(flow_of(MEENA, RAMESH.replace("orders", "chat")))
    simulator.write("agent")
    simulator.staff_writes("Meena", writes)
    assert hints(simulator) == []


def test_no_hint_while_no_person_has_a_chat() -> None:
    simulator = Simulator(flow_of(MEENA))
    simulator.staff_writes("Meena", "Ice cold!")
    assert hints(simulator) == []


@pytest.mark.parametrize(
    "title", ["Accept", "I call them!", "done", "The bot goes on", "out", "Out for delivery", "orders to do"]
)
def test_the_title_of_a_button_is_answered_with_how_to_name_the_order(title: str) -> None:
    simulator = paid()
    before = len(simulator.said_to("sim-2"))
    simulator.staff_writes("Meena", title)
    answer = simulator.store.told[-1].value
    assert (answer.to, answer.name) == (("sim-2",), "answer to the staff")
    assert "does not say for which order" in answer.message.words
    assert len(simulator.said_to("sim-2")) == before, "the bot does not answer it too"


def test_a_title_is_nothing_special_to_a_customer() -> None:
    simulator = paid()
    told = len(simulator.store.told)
    simulator.write("Accept")
    assert len(simulator.store.told) == told


@pytest.mark.parametrize(
    "words", ["out", "delivered cash", "Out for delivery", "cash 100", "note ring twice"]
)
def test_a_command_without_its_mark_is_answered_with_the_mark(words: str) -> None:
    simulator = paid()
    [order] = simulator.store.orders.values()
    before, stage = len(simulator.said_to("sim-2")), order.stage
    simulator.staff_writes("Meena", f"{order.order.number} {words}")
    answer = simulator.store.told[-1].value
    assert answer.message.words.endswith(f"Type #{order.order.number} {words}")
    assert len(simulator.said_to("sim-2")) == before, "the bot does not answer it too"
    [order] = simulator.store.orders.values()
    assert order.stage is stage


@pytest.mark.parametrize("text", ["{} glasses", "{}", "99999 out", "2 out of stock"])
def test_a_number_that_begins_no_command_about_an_order_is_the_bots(text: str) -> None:
    simulator = paid()
    [order] = simulator.store.orders.values()
    told = len(simulator.store.told)
    simulator.staff_writes("Meena", text.format(order.order.number))
    assert len(simulator.store.told) == told
