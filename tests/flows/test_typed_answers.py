"""Words beside `answers`, and numbers, count only right after the message that they answer."""

import pytest

from flows.document.errors import FlowInvalid
from flows.engine.conversation import from_json, to_json
from flows.engine.events import Happened
from tests.flows.chat import Chat, flow_of

FLOW = """
flow: toy
languages: [en]
apology: sorry
messages:
  ask: {text: "Shall we?", buttons: [{on: go, title: Let us go}, {on: other, title: Other}]}
  news: {text: "News"}
  both: {text: "Both"}
  gone: {text: "Gone"}
anywhere:
  money.came: {say: news}
start: asking
states:
  asking:
    enter: {say: ask}
    on:
      again: {words: [again], say: [ask, both]}
      other: {say: news}
      go: {words: [let us], answers: ["Yes", ok], to: gone}
    otherwise: {say: ask}
  gone: {enter: {say: gone}, otherwise: {to: asking}}
"""


@pytest.fixture
def chat() -> Chat:
    chat = Chat(flow_of(FLOW))
    chat.write("hello")
    return chat


@pytest.mark.parametrize("text", ["yes", "OK!", "let us go", "1", "let us"])
def test_right_after_the_message_each_of_them_counts(chat: Chat, text: str) -> None:
    assert chat.write(text) == ["gone"]


@pytest.mark.parametrize("text", ["yes", "OK!", "1"])
def test_after_other_news_what_says_little_is_any_text(chat: Chat, text: str) -> None:
    chat.take(Happened("money.came"))
    chat.conversation = from_json("c-1", to_json(chat.conversation))
    assert chat.write(text) == ["ask"]
    assert chat.write(text) == ["gone"]


@pytest.mark.parametrize("text", ["let us go", "let us"])
def test_after_other_news_a_title_and_a_word_still_count(chat: Chat, text: str) -> None:
    chat.take(Happened("money.came"))
    assert chat.write(text) == ["gone"]


def test_what_is_sent_in_the_same_step_is_no_other_news(chat: Chat) -> None:
    assert chat.write("again") == ["ask", "both"]
    assert chat.write("yes") == ["gone"]


def test_where_nothing_is_asked_an_answer_is_any_text(chat: Chat) -> None:
    chat.write("yes")
    assert chat.write("yes") == ["ask"], "from the state that it led to, back to the first"


def test_answers_to_what_nothing_offers_are_refused() -> None:
    with pytest.raises(FlowInvalid, match="no message offers 'again', so these words never count"):
        flow_of(FLOW.replace("words: [again]", "words: [again], answers: [once]"))


def test_one_answer_with_two_meanings_is_refused() -> None:
    with pytest.raises(FlowInvalid, match="the word 'ok' already means"):
        flow_of(FLOW.replace("other: {say", "other: {answers: [OK], say"))
