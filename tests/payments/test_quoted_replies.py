"""What becomes of a reply of the staff, by the message that it quotes."""

from payments.processing.changes import values
from payments.simulator.simulator import Simulator
from tests.payments.shops_with_staff import paid, two_who_chat

SENT = "Sent to Asha (+919800000001): the bot keeps out of this chat."


def receipts(simulator: Simulator) -> int:
    """How often a member heard that the chat is theirs because of what they wrote."""
    return [one.message.words for one in values(simulator.store.told)].count(SENT)


def test_who_begins_a_hand_over_by_their_reply_hears_it_once_and_can_give_the_chat_back() -> None:
    simulator = paid()
    assert [one.words for one in simulator.staff_replies("Meena", "On our way")] == ["On our way"]
    assert receipts(simulator) == 1
    assert [one.words for one in simulator.staff_replies("Meena", "Almost there")] == ["Almost there"]
    assert receipts(simulator) == 1
    assert [one.words for one in simulator.staff_taps("Meena", "The bot goes on")] == [
        "The bot talks (done)."
    ]
    assert "handover" not in simulator.conversation.data


def test_who_answers_in_a_hand_over_needs_no_receipt() -> None:
    simulator = two_who_chat()
    simulator.staff_replies("Ramesh", "Ice cold!")
    assert receipts(simulator) == 0


def test_a_reply_to_an_answer_about_an_order_goes_to_nobody_and_the_member_hears_it() -> None:
    simulator = paid()
    [order] = simulator.store.orders.values()
    simulator.staff_writes("Meena", f"#{order.order.number}")
    assert simulator.staff_replies("Meena", "hello there") == []
    assert simulator.store.told[-1].value.message.words.startswith("Was that for a customer?")
    assert "handover" not in simulator.conversation.data
    simulator.staff_writes("Meena", f"#{order.order.number}")
    assert simulator.staff_replies("Meena", "out") == []
    assert "does not say for which order" in simulator.store.told[-1].value.message.words


def test_a_word_for_the_bot_in_reply_to_an_answer_is_the_bots() -> None:
    simulator = paid()
    [order] = simulator.store.orders.values()
    simulator.staff_writes("Meena", f"#{order.order.number}")
    simulator.staff_replies("Meena", "menu")
    assert simulator.said_to("sim-2")[-1].message.words == "Lemonade?"
    assert "handover" not in simulator.conversation.data
