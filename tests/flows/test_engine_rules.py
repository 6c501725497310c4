"""Which rules answer an event and where they lead: hierarchy, timers, alternatives, raised events."""

import pytest

from flows.document.errors import StepFailed
from flows.engine.conversation import Conversation
from flows.engine.effects import StartTimer
from flows.engine.events import Happened, TextReceived, TimerDue
from flows.engine.model import Flow
from flows.engine.step import step
from tests.flows.chat import NOW, Chat, flow_of


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
    assert chat.take(TimerDue("house", "1 h", 2, 0)) == ["m"]
    assert chat.take(TimerDue("house.kitchen", "10 min", 2, 0)) == []
    chat.write("kitchen")
    assert chat.take(TimerDue("house.kitchen", "10 min", 4, 0)) == ["n"]


@pytest.mark.parametrize(
    "late",
    [
        TimerDue("house", "1 h", 1, 0), TimerDue("house", "1 h", 99, 0), TimerDue("house", "2 h", 2, 0),
        TimerDue("house.kitchen", "10 min", 1, 0), TimerDue("house.bath", "10 min", 2, 0),
        TimerDue("demolished", "1 h", 2, 0), TimerDue("street", "1 h", 1, 0), TimerDue("", "", 0, 0),
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
    assert [entry["because"] for entry in chat.last.trace[0]["passed"]] == [
        "not n == 1 (n is 3)",
        "not n > 5 (n is 3)",
    ]


def test_a_guard_that_reads_nothing_that_is_there_fails_the_step() -> None:
    flow = flow_of("""
        flow: guard
        messages: {m: x}
        anywhere: {money.came: [{if: event.amount > 1, say: m}, {say: m}]}
        otherwise: {say: m}
        start: a
        states: {a: {}}
    """)
    with pytest.raises(StepFailed, match=r"in the expression 'event.amount > 1'"):
        Chat(flow).take(Happened("money.came"))


WAITING = """
    flow: waits
    languages: [en]
    messages: {m: Here we are., n: A reminder., o: One more., p: It is over.}
    start: street
    states:
      street:
        on: {stale: {say: m}, wait: {words: [wait], to: waiting}}
        otherwise: {say: m}
      waiting:
        enter: {say: m}
        on: {stale: {say: m}}
        after:
          10 min: {do: {note: {word: reminded}}, say: n}
          20 min: {say: o}
          25 min: {say: p, to: street}
        otherwise: {say: m}
    """
MINUTE = 60_000


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (0, [["n"], ["o"], ["p"]]),
        (19, [["n"], ["o"], ["p"]]),
        (20, [[], ["o"], ["p"]]),
        (24, [[], ["o"], ["p"]]),
        (25, [[], [], ["p"]]),
        (180, [[], [], ["p"]]),
    ],
)
def test_a_timer_says_nothing_once_a_later_one_of_its_state_has_run_out(
    minutes: int, said: list[list[str]]
) -> None:
    chat = Chat(flow_of(WAITING))
    chat.write("wait")
    heard = []
    for timer in chat.timers:
        due = TimerDue(timer.state, timer.timer, timer.visit, timer.due)
        heard.append(chat.take(due, now=max(NOW + minutes * MINUTE, timer.due)))
    assert heard == said
    assert chat.notes == ["reminded"], "what a timer does is done, however late"
    assert chat.state == "street"
