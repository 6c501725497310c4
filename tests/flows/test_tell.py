"""`tell`: messages to the staff, in rules, on entering and on leaving a state."""

from dataclasses import replace

import pytest

from flows.document.errors import FlowInvalid
from flows.engine.conversation import Conversation
from flows.engine.effects import Say, Tell
from flows.engine.events import TextReceived, TimerDue
from flows.engine.step import Step, step
from tests.flows.chat import NOW, TOY, flow_of

TEXT = """
    flow: told
    languages: [en, hi]
    messages:
      said: "hello"
      note:
        text: {en: "{{ customer.name }} in {{ language }}", hi: नमस्ते}
        buttons: [{on: seen, title: Seen}]
      left: gone
    anywhere:
      go: {words: [go], do: {note: gone}, say: said, tell: note, to: there}
      no: {words: [no], do: refuse, tell: note}
      refused: {say: said}
      boom: {ignore: nothing}
      money.came: {ignore: nothing}
    otherwise: {say: said}
    start: here
    states:
      here: {exit: {tell: left}, after: {1 min: {tell: left}, 2 min: {say: said}}}
      there: {enter: {tell: [left, note]}}
"""
FLOW = flow_of(
    TEXT, replace(TOY, staff_place=lambda host, conversation: f"s|{conversation}|{len(host or ())}")
)
HINDI = Conversation("c-1", language="hi", customer={"name": "Asha"})


def told(done: Step) -> list[str]:
    return [effect.name for effect in done.effects if isinstance(effect, Tell)]


def test_the_staff_are_told_in_the_order_of_a_step_and_in_the_first_language() -> None:
    done = step(FLOW, HINDI, TextReceived("go"), NOW)
    assert told(done) == ["left", "note", "left", "note"]
    assert [effect.name for effect in done.effects if isinstance(effect, Say)] == ["said"]
    [_, note, *_] = [effect.message for effect in done.effects if isinstance(effect, Tell)]
    assert note.words == "Asha in en"
    assert [reply.id for reply in note.replies] == ["s|c-1|1|seen|"]
    [entry] = done.trace
    assert (entry["said"], entry["told"]) == (["said"], ["left", "note", "left", "note"])


def test_what_is_told_offers_the_customer_nothing() -> None:
    done = step(FLOW, HINDI, TextReceived("go"), NOW)
    assert done.conversation.choices == ()
    assert FLOW.offered == frozenset()


def test_a_rule_that_ends_early_tells_nothing() -> None:
    assert told(step(FLOW, HINDI, TextReceived("no"), NOW)) == []


def test_a_timer_that_comes_too_late_tells_nothing() -> None:
    there = step(FLOW, HINDI, TextReceived("hi"), NOW).conversation
    due = TimerDue("here", "1 min", there.visit, NOW + 60_000)
    assert told(step(FLOW, there, due, NOW + 60_000)) == ["left"]
    late = step(FLOW, there, due, NOW + 150_000)
    assert (told(late), late.trace[0]["unsaid"]) == ([], ["left"])


def test_a_message_that_is_not_there() -> None:
    with pytest.raises(FlowInvalid, match="there is no message 'nte'"):
        flow_of(TEXT.replace("tell: note}", "tell: nte}"))
