"""Properties of every step, whatever the events."""

from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.document.errors import StepFailed
from flows.engine import conversation as conversations
from flows.engine import events as flow_events
from flows.engine.conversation import Conversation
from flows.engine.effects import Say
from flows.engine.events import Event, Happened, Received, Tapped, TextReceived, TimerDue
from flows.engine.model import Flow
from flows.engine.step import Step, step
from flows.messages import kinds as flow_messages
from tests.flows.chat import NOW

_WRITES = st.sampled_from(
    ["hi", "ask", "5", "hindi", "set", "ring", "refuse", "1", "magic", "Keep", "much too long"]
)
_EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(TextReceived, st.one_of(_WRITES, st.text(max_size=20))),
    st.builds(
        Tapped,
        st.one_of(
            st.text(max_size=12),
            st.builds("{}|{}|{}".format, st.integers(0, 9), st.sampled_from(["take", "leave", "boom"]),
            st.text(max_size=5)),
        ),
        st.text(max_size=8),
    ),
    st.builds(Received, st.sampled_from(["sticker", "image", "x"]), st.dictionaries(st.text(max_size=5),
    st.integers(-9, 9))),
    st.builds(
        TimerDue,
        st.sampled_from(["shop", "asking", "x"]),
        st.just("1 h"),
        st.integers(0, 9),
        st.integers(0, 2**42),
    ),
    st.builds(
        Happened,
        st.sampled_from(["boom", "money.came", "rung"]),
        st.dictionaries(st.sampled_from(["value", "a"]), st.text(max_size=5)),
    ),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(_EVENTS, max_size=8))
def test_a_step_depends_on_its_arguments_only_and_survives_json(counter: Flow, events: list[Event]) -> None:
    conversation = Conversation("c-1", customer={"name": "Asha"})
    for event in (TextReceived("open"), *events, TextReceived("end")):
        stored = _through_json(conversation)
        assert stored == conversation
        again = flow_events.from_json(_json(flow_events.to_json(event)))
        assert again == event
        first = _step(counter, conversation, event)
        assert first == _step(counter, conversation, event) == _step(counter, stored, again)
        if first is not None:
            conversation = first.conversation
            for effect in first.effects:
                if isinstance(effect, Say):
                    message = effect.message
                    assert flow_messages.from_json(_json(flow_messages.to_json(message))) == message
            assert _json(list(first.trace)) == list(first.trace)


def _step(flow: Flow, conversation: Conversation, event: Event) -> Step | None:
    try:
        return step(flow, conversation, event, NOW, 7)
    except StepFailed:
        return None


def _through_json(conversation: Conversation) -> Conversation:
    return conversations.from_json(conversation.id, _json(conversations.to_json(conversation)))


def _json(value: Any) -> Any:
    return orjson.loads(orjson.dumps(value))


@settings(max_examples=150, deadline=None)
@given(event=_EVENTS)
def test_every_event_of_a_customer_is_answered_or_fails_whole(counter: Flow, event: Event) -> None:
    conversation = Conversation("c-1")
    done = _step(counter, conversation, event)
    if done is None or isinstance(event, (TimerDue, Happened)):
        return
    said = any(isinstance(effect, Say) for effect in done.effects)
    assert said or any("taken" in entry for entry in done.trace)
