"""Events of customers and their answers: fresh, stale and forged taps, words, answers, languages."""

from dataclasses import replace

import pytest

from flows.document.errors import StepFailed
from flows.engine.events import Received, Tapped
from flows.messages import replies
from flows.messages.kinds import Buttons, Text
from tests.flows.chat import Chat, flow_of


def test_a_fresh_tap_is_answered_with_its_value(chat: Chat) -> None:
    assert chat.take(Tapped("c-1.2|take|7", "Take it!")) == ["got"]
    assert chat.messages == [Text("7 of Take it! in en")]
    chat.take(Tapped("c-1.2|leave|a|b", "Leave"))
    assert chat.messages == [Text("a|b of Leave in en")]


def test_a_stale_tap_is_refused_by_a_rule_of_the_state_and_taken_by_stale_and_anywhere(chat: Chat) -> None:
    assert chat.take(Tapped("c-1.1|take|7", "Take it!")) == ["old"]
    assert chat.last.trace[0]["passed"][0]["because"] == "the tap is on a message of an earlier visit"
    assert chat.take(Tapped("c-1.1|leave|x", "Leave")) == ["got"]
    assert chat.take(Tapped("c-1.1|keep|", "Keep")) == ["got"]
    assert chat.take(Tapped("c-1.99|take|7", "from the future")) == ["old"]


def test_a_tap_on_a_message_of_another_conversation_is_stale_in_whatever_visit(chat: Chat) -> None:
    for other in ("c-2", "c-11", "d-1"):
        for visit in range(1, 5):
            assert chat.take(Tapped(f"{other}.{visit}|take|7", "Take it!")) == ["old"]
        assert chat.take(Tapped(f"{other}.2|leave|x", "Leave")) == ["got"]
        chat.write("back")


def test_a_stale_tap_where_nobody_answers_stale_is_otherwise(chat: Chat) -> None:
    chat.write("ask")
    assert chat.take(Tapped("c-1.2|take|7", "Take it!")) == ["out"]


@pytest.mark.parametrize(
    "reply_id",
    [
        "c-1.2|money.came|", "c-1.2|boom|", "c-1.2|rung|", "c-1.2|refused|", "c-1.2|stale|", "c-1.2|text|",
        "c-1.2|answered|", "c-1.2|invalid|", "c-1.2|otherwise|", "c-1.2|hindi|", "c-1.2|set_it|",
        "c-1.2|sticker|", "c-1.2|after 1 h in shop|", "c-1.2|unheard|", "c-1.2||",
        "c-1.2|Take|7", "c-1.2| take|7",
    ],
)  # fmt: skip
def test_a_forged_tap_fires_nothing_and_is_answered(chat: Chat, reply_id: str) -> None:
    before = chat.conversation
    assert chat.take(Tapped(reply_id, "Forged")) == ["old"]
    assert replace(chat.conversation, sent_since=before.sent_since) == before
    assert chat.last.trace[0]["refused"] == "not a reply that this flow offers"


@pytest.mark.parametrize(
    "reply_id",
    [
        "take", "|take|7", "c-1.2|take", "c-1.-2|take|7", "c-1.+2|take|7", " c-1.2|take|7", "c-1.2 |take|7",
        "c-1.٢|take|7", "c-1.²|take|7", "c-1.2.0|take|7", "c-1." + "1" * 19 + "|take|7",
        "c-1." + "1" * 5000 + "|take|7", "2|take|7", "c-1|take|7", ".2|take|7", "c-१.2|take|7",
        "", "|", "||", "{{ 7*7 }}", "\0", "None|take|7", "Pay Now", "c-1.2|take|" + "7" * 247,
    ],
)  # fmt: skip
def test_a_reply_that_is_not_ours_is_read_as_its_text(chat: Chat, reply_id: str) -> None:
    assert chat.take(Tapped(reply_id, "Not a word")) == chat.write("Not a word") == ["out"]
    assert chat.take(Tapped(reply_id, "Keep them")) == ["got"]
    assert chat.messages == [Text("Keep them of ? in en")]
    chat.write("open")
    assert chat.take(Tapped(reply_id, "Take it!")) == ["got"]
    assert chat.messages == [Text("7 of Take it! in en")]
    assert chat.take(Tapped(reply_id, "\u200d ")) == ["old"]


def test_a_reply_as_long_as_a_button_can_carry_is_ours(chat: Chat) -> None:
    longest = "c-1.2|take|" + "7" * (replies.LONGEST - len("c-1.2|take|"))
    assert chat.take(Tapped(longest, "Not a word")) == ["got"]


def test_a_template_s_quick_reply_answers_a_question(chat: Chat) -> None:
    chat.write("ask")
    assert chat.take(Tapped("PAYLOAD", "५")) == ["got"]
    assert chat.conversation.variables["count"] == 5


def test_a_forged_value_that_fits_nothing_is_no_tap_of_ours() -> None:
    """An offered answer that fits no variable is an error of the flow: the event is parked."""
    flow = flow_of(PICKY)
    picky = Chat(flow)
    assert picky.write("open") == ["offer"]
    before = picky.conversation
    assert picky.take(Tapped("c-1.2|pick|" + "x" * 200, "A")) == ["old"]
    assert replace(picky.conversation, sent_since=False) == before
    assert picky.last.trace[0]["refused"].startswith("its value fits nothing here")
    with pytest.raises(StepFailed, match="can't give the variable 'thing'"):
        picky.take(Tapped("c-1.2|pick|too long", "A"))


PICKY = """
    flow: picky
    variables: {thing: {max: 3}}
    messages:
      offer: {text: Offer, buttons: [{on: pick, title: A, with: too long}]}
      old: too old
    anywhere: {open_up: {words: [open], to: shop}}
    otherwise: {say: offer}
    start: shop
    states:
      shop:
        enter: {say: offer}
        on: {pick: {do: {set: {thing: "{{ event.value }}"}}, say: offer}, stale: {say: old}}
"""


def test_a_huge_visit_is_only_a_stale_one(chat: Chat) -> None:
    assert chat.take(Tapped("c-1." + "9" * 18 + "|take|7", "x")) == ["old"]


@pytest.mark.parametrize(
    "text",
    [
        "Take it!",
        "take it",
        "  TAKE   IT ✅",
        "Ta\u200bke\ufeff it\ufe0f",
        "1",
        "1.",
        "1)",
        " 1 ",
        "01",
        "१",
        "१)",
        "١",
        "1️⃣",
        "\u2067१\u2069",
    ],
)
def test_a_typed_title_or_number_is_a_tap(chat: Chat, text: str) -> None:
    assert chat.write(text) == ["got"]
    assert chat.messages == [Text(f"7 of {text} in en")]


@pytest.mark.parametrize(
    "text",
    [
        "0",
        "4",
        "10",
        "00",
        "00001",
        "1.5",
        "9" * 5000,
        "-1",
        "+1",
        "1_0",
        "0_1",
        "1..",
        "1.)",
        "(1)",
        "1 .",
        "1e0",
    ],
)
def test_other_numbers_are_not(chat: Chat, text: str) -> None:
    assert chat.write(text) == ["out"]


def test_a_choice_ends_with_the_visit(chat: Chat) -> None:
    chat.write("ask")
    assert chat.conversation.choices == ()
    chat.conversation = replace(chat.conversation, state="shop")
    assert chat.write("Take it!") == ["out"]


def test_a_text_is_a_word_then_an_answer_then_text_then_otherwise(chat: Chat) -> None:
    assert chat.write("Keep them") == ["got"]
    assert chat.write("magic") == ["heard"]
    assert chat.write("other") == ["out"]
    chat.write("ask")
    assert chat.write("5") == ["got"]
    assert chat.write("set") == ["heard"]
    assert chat.conversation.variables["count"] == 4
    assert chat.write("x") == ["bad"]


def test_ignoring_on_purpose_is_recorded_and_silent(chat: Chat) -> None:
    assert chat.write("nothing") == []
    assert chat.last.trace[-1]["ignored"] == "on purpose"
    assert not chat.last.applied


def test_an_answer_is_kept_and_anything_else_is_not(chat: Chat) -> None:
    assert chat.write("ask") == ["how_many"]
    assert chat.write("10") == ["bad"]
    assert chat.messages == [Text("10 / 10")]
    assert "count" not in chat.conversation.variables
    assert chat.write(" ५ ") == ["got"]
    assert chat.conversation.variables["count"] == 5
    assert chat.messages == [Text("5 of ? in en")]


def test_set_renders_validates_and_fails_whole(chat: Chat) -> None:
    chat.write("set")
    assert chat.conversation.variables == {"thing": "set", "count": 4}
    before = chat.conversation
    with pytest.raises(StepFailed, match="can't give the variable 'thing'"):
        chat.write("much too long")
    assert replace(chat.conversation, sent_since=before.sent_since) == before


def test_language_changes_what_is_said_in_the_same_step(chat: Chat) -> None:
    assert chat.write("hindi") == ["offer"]
    (message,) = chat.messages
    assert isinstance(message, Buttons)
    assert (message.body, message.buttons[0].title) == ("प्रस्ताव", "ले लो")
    assert chat.conversation.language == "hi"
    assert chat.write("ले लो") == ["got"]


def test_a_language_that_the_flow_has_lost_becomes_its_first(chat: Chat) -> None:
    for lost in ("ta", ""):
        chat.conversation = replace(chat.conversation, language=lost)
        assert chat.write("Keep them") == ["got"]
        assert chat.conversation.language == "en"


def test_received_is_its_own_trigger_or_otherwise(chat: Chat) -> None:
    assert chat.take(Received("sticker")) == ["got"]
    assert chat.messages == [Text(" of ? in en")]
    for kind in ("image", "text", "money.came", "take", "stale", "otherwise", "hindi", ""):
        assert chat.take(Received(kind)) == ["out"]
