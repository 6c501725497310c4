"""Which trigger a text answers while a question is open."""

import pytest

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.processing.actions import SHOP
from tests.flows.chat import Chat, flow_of

KITCHEN = """
    flow: kitchen
    variables:
      note: {}
      cups: {type: integer, min: 1, max: 9}
    messages:
      anything: Anything for the cook?
      noted: "Noted: {{ note }}"
      how_many: How many?
      counted: "Counted: {{ cups }}"
      bad: Not a number.
      helped: helped
      none: none
      paid: paid
      greeted: greeted
      out: "what?"
    anywhere:
      tell: {words: [tell], to: order.telling}
      count: {words: [count], to: order.counting}
      menu: {words: [hi, hello, "7"], say: greeted}
      i_paid: {words: [paid, done], say: paid}
      help: {words: [help, मदद], interrupts: true, say: helped}
      lost: {words: [lost], interrupts: true, if: note, say: helped}
    otherwise: {say: out}
    start: start
    states:
      start: {}
      order:
        start: telling
        on:
          group: {words: [group], say: greeted}
          stop: {words: [stop], interrupts: true, say: out}
          help: {words: [aid], say: helped}
        states:
          telling:
            enter: {say: anything}
            ask: note
            on:
              answered: {say: noted}
              skip: {words: [nothing, skip], say: none}
          counting:
            enter: {say: how_many}
            ask: cups
            on: {answered: {say: counted}, invalid: {say: bad}}
"""


@pytest.fixture(scope="module")
def kitchen() -> Flow:
    return flow_of(KITCHEN)


@pytest.mark.parametrize(
    "text", ["done", "hello?", "Paid!", "hi", "group", "count", "tell", "lost", "less salt", "7"]
)
def test_a_question_takes_words_of_elsewhere_as_its_answer(kitchen: Flow, text: str) -> None:
    chat = Chat(kitchen)
    assert chat.write("tell") == ["anything"]
    assert chat.write(text) == ["noted"]
    assert chat.conversation.variables["note"] == text
    assert chat.state == "order.telling"


@pytest.mark.parametrize(
    ("text", "said"),
    [("help", "helped"), ("HELP ❤️", "helped"), ("मदद", "helped"), ("stop", "out"), ("skip", "none"),
     ("nothing!", "none")],
)  # fmt: skip
def test_words_that_interrupt_and_the_states_own_get_through(kitchen: Flow, text: str, said: str) -> None:
    chat = Chat(kitchen)
    chat.write("tell")
    assert chat.write(text) == [said]
    assert "note" not in chat.conversation.variables


def test_a_word_that_interrupts_where_no_alternative_holds_is_an_answer(kitchen: Flow) -> None:
    chat = Chat(kitchen)
    chat.write("tell")
    assert chat.write("lost") == ["noted"]
    assert chat.write("lost") == ["helped"]


def test_what_is_no_valid_answer_is_a_word_again(kitchen: Flow) -> None:
    chat = Chat(kitchen)
    assert chat.write("count") == ["how_many"]
    assert chat.write("hello?") == ["greeted"]
    assert chat.write("done") == ["paid"]
    assert chat.write("group") == ["greeted"]
    assert chat.write("10") == ["bad"]
    assert chat.write("7") == ["counted"], "a valid answer, though a word as well"
    assert chat.conversation.variables["cups"] == 7


def test_elsewhere_words_are_words(kitchen: Flow) -> None:
    chat = Chat(kitchen)
    assert chat.write("done") == ["paid"]
    assert chat.write("7") == ["greeted"]


def test_an_inner_word_takes_the_place_of_one_that_interrupts() -> None:
    flow = flow_of(KITCHEN.replace("help: {words: [aid]", "aid: {words: [help]"))
    chat = Chat(flow)
    chat.write("tell")
    assert chat.write("help") == ["noted"]


ADDRESS = """
  asking:
    ask: address
    enter: {say: cart_empty}
    on: {answered: {say: cancelled}}
    otherwise: {say: help}
"""


@pytest.mark.parametrize("word", ["cancel", "stop", "रद्द", "help", "मदद"])
def test_the_shipped_words_for_help_and_cancel_interrupt_any_question(shop_text: str, word: str) -> None:
    text = shop_text.replace("variables:\n", "variables:\n  address: {type: text}\n", 1)
    text = text.partition("\n# What every sentence")[0] + ADDRESS
    text = text.replace("\n  menu:", "\n  ask_it: {words: [where], to: asking}\n  menu:", 1)
    chat = Chat(load(text, "f.yaml", SHOP, limits=LIMITS))
    chat.write("where")
    assert chat.write("menu") == ["cancelled"]
    assert chat.conversation.variables["address"] == "menu"
    chat.write(word)
    assert chat.conversation.variables["address"] == "menu"
