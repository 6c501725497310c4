"""The engine: hierarchy, alternatives, stale and forged taps, asking, timers, raised events."""

from dataclasses import replace
from textwrap import dedent
from typing import Any, Final

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel, ConfigDict

from flows import conversation as conversations
from flows import events as flow_events
from flows import messages as flow_messages
from flows.conversation import Conversation
from flows.effects import Act, Say, StartTimer
from flows.engine import Step, step
from flows.errors import StepFailed
from flows.events import Event, Happened, Received, Tapped, TextReceived, TimerDue
from flows.load import load
from flows.messages import Buttons, Message, Text
from flows.model import Flow
from flows.vocabulary import Action, Result, Scene, Vocabulary

NOW: Final = 1_800_000_000_000


class _Nothing(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Word(_Nothing):
    word: str


def _noted(scene: Scene, args: _Word) -> Result:
    """Write `word` down and ask the outside to do the same."""
    notes = [*scene.data.get("notes", ()), args.word]
    return Result({**scene.data, "notes": notes}, acts=(Act("note", {"word": args.word}),))


def _ring(scene: Scene, args: _Nothing) -> Result:
    return Result(scene.data, raised=(Happened("rung"),))


def _refuse(scene: Scene, args: _Nothing) -> Result:
    return Result(scene.data, instead=Happened("refused"))


TOY: Final = Vocabulary(
    actions={
        "note": Action(_Word, _noted),
        "ring": Action(_Nothing, _ring, ("rung",)),
        "refuse": Action(_Nothing, _refuse, ("refused",)),
    },
    events={"money.came": "money came", "boom": "a bang"},
    view_names=("notes",),
    views=lambda data, statics, language: {"notes": data.get("notes", [])},
)


def flow_of(text: str, vocabulary: Vocabulary = TOY) -> Flow:
    return load(dedent(text), "f.yaml", vocabulary)


class Chat:
    """One conversation with a flow, one event after the other."""

    def __init__(self, flow: Flow) -> None:
        self.flow, self.conversation, self.last = flow, Conversation("c-1"), Step(Conversation("c-1"), (), ())

    def take(self, event: Event, now: int = NOW) -> list[str]:
        """The names of the messages that answer `event`."""
        self.last = step(self.flow, self.conversation, event, now)
        self.conversation = self.last.conversation
        return [effect.name for effect in self.last.effects if isinstance(effect, Say)]

    def write(self, text: str) -> list[str]:
        return self.take(TextReceived(text))

    @property
    def messages(self) -> list[Message]:
        return [effect.message for effect in self.last.effects if isinstance(effect, Say)]

    @property
    def timers(self) -> list[StartTimer]:
        return [effect for effect in self.last.effects if isinstance(effect, StartTimer)]

    @property
    def notes(self) -> list[str]:
        return list(self.conversation.data.get("notes", ()))

    @property
    def state(self) -> str:
        return self.conversation.state


HOUSE: Final = """
    flow: house
    messages: {m: hello, n: other, out: nothing here}
    anywhere:
      go_street: {words: [street], to: street}
      go_kitchen: {words: [kitchen], to: house.kitchen}
      go_bath: {words: [bath], to: house.bath}
      go_house: {words: [home], to: house}
      same: {words: [same], say: n}
    otherwise: {say: out}
    start: street
    states:
      street:
        enter: {do: {note: +street}}
        exit: {do: {note: -street}}
      house:
        enter: {do: {note: +house}, say: m}
        exit: {do: {note: -house}, say: n}
        start: kitchen
        after: {1 h: {do: {note: house timer}, say: m}}
        states:
          kitchen:
            enter: {do: {note: +kitchen}, say: n}
            exit: {do: {note: -kitchen}}
            after: {10 min: {do: {note: kitchen timer}, say: n}}
            on: {same: {do: {note: inner}}, go_kitchen: {do: {note: between}, to: kitchen}}
          bath:
            enter: {do: {note: +bath}}
            exit: {do: {note: -bath}}
"""


@pytest.fixture(scope="module")
def house() -> Flow:
    return flow_of(HOUSE)


def test_a_new_conversation_stands_in_the_first_state_without_having_entered_it(house: Flow) -> None:
    chat = Chat(house)
    assert chat.write("?") == ["out"]
    assert (chat.state, chat.notes, chat.conversation.visits) == ("street", [], (1,))


def test_moving_leaves_inside_out_and_enters_outside_in(house: Flow) -> None:
    chat = Chat(house)
    assert chat.write("home") == ["m", "n"]
    assert chat.notes == ["-street", "+house", "+kitchen"]
    assert chat.write("street") == ["n"]
    assert chat.notes[3:] == ["-kitchen", "-house", "+street"]
    assert chat.state == "street"


def test_a_move_between_children_keeps_the_parent_and_its_visit(house: Flow) -> None:
    chat = Chat(house)
    chat.write("home")
    assert chat.conversation.visits == (2, 2)
    chat.write("bath")
    assert chat.notes[3:] == ["-kitchen", "+bath"]
    assert chat.conversation.visits == (2, 3)


def test_going_to_where_one_is_leaves_and_enters_again(house: Flow) -> None:
    chat = Chat(house)
    chat.write("kitchen")
    chat.write("kitchen")
    assert chat.notes[3:] == ["between", "-kitchen", "+kitchen"]
    assert chat.conversation.visits == (2, 3)
    chat.write("home")
    assert chat.notes[6:] == ["-kitchen", "-house", "+house", "+kitchen"]
    assert chat.conversation.visits == (4, 4)


def test_the_inner_rule_wins_and_staying_keeps_the_visit(house: Flow) -> None:
    chat = Chat(house)
    chat.write("kitchen")
    assert chat.write("same") == []
    assert chat.notes[-1] == "inner"
    assert chat.conversation.visits == (2, 2)
    chat.write("bath")
    assert chat.write("same") == ["n"]


def test_timers_start_with_their_visit_and_the_parents_survive_its_children(house: Flow) -> None:
    chat = Chat(house)
    chat.write("home")
    assert chat.timers == [
        StartTimer("house", "1 h", 2, NOW + 3_600_000),
        StartTimer("house.kitchen", "10 min", 2, NOW + 600_000),
    ]
    chat.write("bath")
    assert chat.timers == []
    assert chat.take(TimerDue("house", "1 h", 2)) == ["m"]
    assert chat.take(TimerDue("house.kitchen", "10 min", 2)) == []
    chat.write("kitchen")
    assert chat.take(TimerDue("house.kitchen", "10 min", 4)) == ["n"]


@pytest.mark.parametrize(
    "late",
    [
        TimerDue("house", "1 h", 1), TimerDue("house", "1 h", 99), TimerDue("house", "2 h", 2),
        TimerDue("house.kitchen", "10 min", 1), TimerDue("house.bath", "10 min", 2),
        TimerDue("demolished", "1 h", 2), TimerDue("street", "1 h", 1), TimerDue("", "", 0),
    ],
)  # fmt: skip
def test_a_late_timer_does_nothing(house: Flow, late: TimerDue) -> None:
    chat = Chat(house)
    chat.write("home")
    before = chat.conversation
    assert chat.take(late) == []
    assert chat.conversation == before
    assert chat.last.effects == ()
    assert not chat.last.applied
    assert len(chat.last.trace) == 1


COUNTER: Final = """
    flow: counter
    languages: [en, hi]
    variables:
      count: {type: integer, min: 0, max: 9, default: 0}
      thing: {type: text, max: 5, default: none}
    messages:
      offer:
        text: {en: Offer, hi: प्रस्ताव}
        buttons:
          - {on: take, title: {en: Take it!, hi: ले लो}, with: "7"}
          - {on: leave, title: Leave, with: "a|b"}
          - {on: keep, title: Keep}
      got: "{{ event.value }} of {{ event.title | default('?') }} in {{ language }}"
      heard: "heard {{ event.text }}"
      old: too old
      out: "what?"
      how_many: how many?
      bad: "{{ event.text }} / {{ event.value }}"
    anywhere:
      keep: {words: [keep them], say: got}
      open_up: {words: [open], to: shop}
      hindi: {words: [hindi], do: {language: hi}, to: shop}
      money.came: {say: got}
      count_up: {words: [ask], to: asking}
      set_it: {words: [set], do: {set: {thing: "{{ event.text }}", count: 4}}, say: heard}
      set_long: {words: [much too long], do: [{note: a}, {set: {thing: "{{ event.text }}"}}], say: heard}
      ring_it: {words: [ring], do: [ring, {note: after}], say: heard}
      refuse_it: {words: [refuse], do: [{note: before}, refuse, {note: after}], say: heard, to: asking}
      rung: {say: out, do: {note: rung}}
      sticker: {say: got}
    otherwise: {say: out}
    start: shop
    states:
      shop:
        enter: {say: offer}
        on:
          take: {say: got}
          leave: {say: got, stale: true}
          stale: {say: old}
          refused: {do: {note: refused}}
          text:
            - {if: "event.text == 'magic'", say: heard}
            - {if: "event.text == 'nothing'", ignore: on purpose}
      asking:
        enter: {say: how_many}
        ask: count
        on:
          answered: {say: got}
          invalid: {say: bad}
          take: {say: got}
          leave: {say: got}
          refused: {do: {note: refused}}
"""


@pytest.fixture(scope="module")
def counter() -> Flow:
    return flow_of(COUNTER)


@pytest.fixture
def chat(counter: Flow) -> Chat:
    """A customer who has the offer in front of them."""
    chat = Chat(counter)
    chat.write("open")
    return chat


def test_a_fresh_tap_is_answered_with_its_value(chat: Chat) -> None:
    assert chat.take(Tapped("2|take|7", "Take it!")) == ["got"]
    assert chat.messages == [Text("7 of Take it! in en")]
    chat.take(Tapped("2|leave|a|b", "Leave"))
    assert chat.messages == [Text("a|b of Leave in en")]


def test_a_stale_tap_is_refused_by_a_rule_of_the_state_and_taken_by_stale_and_anywhere(chat: Chat) -> None:
    assert chat.take(Tapped("1|take|7", "Take it!")) == ["old"]
    assert chat.last.trace[0]["passed"][0]["because"] == "the tap is on a message of an earlier visit"
    assert chat.take(Tapped("1|leave|x", "Leave")) == ["got"]
    assert chat.take(Tapped("1|keep|", "Keep")) == ["got"]
    assert chat.take(Tapped("99|take|7", "from the future")) == ["old"]


def test_a_stale_tap_where_nobody_answers_stale_is_otherwise(chat: Chat) -> None:
    chat.write("ask")
    assert chat.take(Tapped("2|take|7", "Take it!")) == ["out"]


@pytest.mark.parametrize(
    "reply_id",
    [
        "2|money.came|", "2|boom|", "2|rung|", "2|refused|", "2|stale|", "2|text|", "2|answered|",
        "2|invalid|",
        "2|otherwise|", "2|hindi|", "2|set_it|", "2|sticker|", "2|after 1 h in shop|", "2|unheard|", "2||",
        "take", "|take|7", "2|take", "-2|take|7", "+2|take|7", " 2|take|7", "2 |take|7", "٢|take|7",
        "²|take|7",
        "2.0|take|7", "1" * 19 + "|take|7", "1" * 5000 + "|take|7", "", "|", "||", "{{ 7*7 }}", "\0",
        "2|Take|7",
        "2| take|7", "None|take|7",
    ],
)  # fmt: skip
def test_a_forged_tap_fires_nothing_and_is_answered(chat: Chat, reply_id: str) -> None:
    before = chat.conversation
    assert chat.take(Tapped(reply_id, "Forged")) == ["old"]
    assert chat.conversation == before
    assert chat.last.trace[0]["refused"] == "not a reply that this flow offers"


def test_a_huge_visit_is_only_a_stale_one(chat: Chat) -> None:
    assert chat.take(Tapped("9" * 18 + "|take|7", "x")) == ["old"]


@pytest.mark.parametrize("text", ["Take it!", "take it", "  TAKE   IT ✅", "1", "1."])
def test_a_typed_title_or_number_is_a_tap(chat: Chat, text: str) -> None:
    assert chat.write(text) == ["got"]
    assert chat.messages == [Text(f"7 of {text} in en")]


@pytest.mark.parametrize("text", ["0", "4", "10", "00", "00001", "1.5", "١", "9" * 5000])
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
    assert chat.conversation == before


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


def test_a_conversation_whose_state_was_edited_away_goes_on_from_the_first_state(house: Flow) -> None:
    for lost in ("garage", "house", "kitchen"):
        stood = Conversation("c-1", state=lost, visits=(2,), visit_count=2, data={"kept": True})
        after = step(house, stood, TextReceived("what?"), NOW).conversation
        assert (after.state, after.visit, after.data) == ("street", 3, {"kept": True})


def test_raised_events_are_handled_after_the_rule_in_the_same_step(chat: Chat) -> None:
    assert chat.write("ring") == ["heard", "out"]
    assert chat.notes == ["after", "rung"]


def test_what_happens_instead_ends_the_rule_where_it_stands(chat: Chat) -> None:
    before = chat.conversation
    assert chat.write("refuse") == []
    assert chat.notes == ["before", "refused"]
    assert chat.last.trace[0]["instead"] == "refused"
    assert (chat.state, chat.conversation.visits) == (before.state, before.visits)
    assert chat.conversation.choices == before.choices


def test_events_that_raise_each_other_for_ever_fail() -> None:
    flow = flow_of("""
        flow: loop
        messages: {m: x}
        anywhere: {go: {words: [go], do: ring}, rung: {do: ring}}
        otherwise: {say: m}
        start: a
        states: {a: {}}
    """)
    with pytest.raises(StepFailed, match="raised each other over 16 times"):
        Chat(flow).write("go")


def test_events_may_raise_each_other_for_a_while() -> None:
    text = """
        flow: chain
        messages: {m: x}
        anywhere:
          go: {words: [go], do: ring}
          rung: [{if: notes | length < 14, do: [{note: x}, ring]}, {say: m}]
        otherwise: {say: m}
        start: a
        states: {a: {}}
    """
    assert Chat(flow_of(text)).write("go") == ["m"]
    with pytest.raises(StepFailed, match="raised each other over 16 times"):
        Chat(flow_of(text.replace("< 14", "< 15"))).write("go")


def test_an_unanswered_host_event_is_recorded_and_never_otherwise(chat: Chat) -> None:
    before = chat.conversation
    for name in ("boom", "never.heard.of", "otherwise2", "text2"):
        assert chat.take(Happened(name)) == []
        assert chat.last.trace[-1] == {"state": "shop", "event": name, "unanswered": True, "raised": False}
        assert chat.conversation == before
        assert not chat.last.applied


def test_received_is_its_own_trigger_or_otherwise(chat: Chat) -> None:
    assert chat.take(Received("sticker")) == ["got"]
    assert chat.messages == [Text(" of ? in en")]
    for kind in ("image", "text", "money.came", "take", "stale", "otherwise", "hindi", ""):
        assert chat.take(Received(kind)) == ["out"]


def test_alternatives_are_tried_in_order() -> None:
    flow = flow_of("""
        flow: alternatives
        variables: {n: {type: integer}}
        messages: {one: one, many: many, out: out, q: how many}
        otherwise: {say: out}
        start: a
        states:
          a:
            ask: n
            enter: {say: q}
            on:
              answered:
                - {if: n == 1, say: one}
                - {if: n > 5, say: many}
    """)
    chat = Chat(flow)
    assert [chat.write(text) for text in ("1", "6", "3", "x")] == [["one"], ["many"], ["out"], ["out"]]
    chat.write("3")
    assert [entry["because"] for entry in chat.last.trace[0]["passed"]] == ["not n == 1", "not n > 5"]


def test_a_guard_that_reads_nothing_that_is_there_fails_the_step(chat: Chat) -> None:
    flow = flow_of("""
        flow: guard
        messages: {m: x}
        anywhere: {go: [{words: [go], if: event.amount > 1, say: m}, {say: m}]}
        otherwise: {say: m}
        start: a
        states: {a: {}}
    """)
    with pytest.raises(StepFailed, match=r"in the expression 'event.amount > 1'"):
        Chat(flow).write("go")


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
    st.builds(TimerDue, st.sampled_from(["shop", "asking", "x"]), st.just("1 h"), st.integers(0, 9)),
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
