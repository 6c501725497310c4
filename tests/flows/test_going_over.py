"""Going over from one version of a flow to the next: states, buttons, timers, variables, open orders."""

from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.document.errors import FlowInvalid, Severity
from flows.engine import conversation as conversations
from flows.engine import outline as outlines
from flows.engine.conversation import Conversation
from flows.engine.events import Event, Happened, Tapped, TextReceived, TimerDue
from flows.engine.going_over import Over, Stays, go_over
from flows.engine.migration_faults import faults, gone_from, stranded
from flows.engine.model import Flow
from flows.engine.outline import outline, understood
from flows.engine.step import step
from tests.flows.chat import NOW, TOY, Chat, flow_of

_TILL: Final = replace(TOY, awaited=frozenset({"money.came"}))
_MINUTE: Final = 60_000

BASE: Final = """
flow: toy
variables:
  size: {type: integer, max: 9}
  colour: {type: text}
messages:
  hello: {text: Hello, buttons: [{on: buy, title: Buy}, {on: more, title: More}]}
  ask: How many?
  pay: {text: Pay, buttons: [{on: again, title: Again}]}
  over: Over
anywhere:
  menu: {words: [menu], to: home}
  money.came: {say: over}
otherwise: {say: over}
start: home
states:
  home: {enter: {say: hello}, on: {buy: {to: size}, more: {say: hello}}}
  size: {ask: size, enter: {say: ask}, on: {answered: {to: till.pay}}}
  till:
    start: pay
    after: {1 h: {say: over}}
    states:
      pay: {enter: {say: pay}, on: {again: {say: pay}, money.came: {to: home}}, after: {10 min: {say: pay}}}
"""


def toy(*edits: tuple[str, str]) -> Flow:
    text = BASE
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return flow_of(text, _TILL)


RENAMED: Final = (
    ("{to: till.pay}", "{to: till.bill}"),
    ("start: pay\n", "start: bill\n"),
    ("      pay: {", "      bill: {"),
)  # fmt: skip


def migrating(*entries: str) -> tuple[str, str]:
    return ("start: home\n", "".join(["migrate:\n", *(f"  - {one}\n" for one in entries), "start: home\n"]))


def paying(flow: Flow) -> Chat:
    """A customer in `till.pay`, with a size of 3."""
    chat = Chat(flow)
    for event in (TextReceived("hi"), tap(chat, "buy"), TextReceived("3")):
        chat.take(event)
    assert (chat.state, chat.conversation.variables) == ("till.pay", {"size": 3})
    return chat


def tap(chat: Chat, trigger: str) -> Tapped:
    """A tap on the newest button of that trigger."""
    Chat.write(chat, "menu") if not chat.conversation.choices else None
    [reply] = [id for _, id in chat.conversation.choices if f"|{trigger}|" in id]
    return Tapped(reply)


def over(old: Flow, new: Flow, conversation: Conversation, bound: bool = False) -> Over:
    found = go_over(new, outline(old), conversation, NOW, bound=bound, host=())
    assert isinstance(found, Over), found
    return found


def stays(old: Flow, new: Flow, conversation: Conversation, bound: bool = False) -> str:
    found = go_over(new, outline(old), conversation, NOW, bound=bound, host=())
    assert isinstance(found, Stays), found
    return found.because


def go_on(chat: Chat, flow: Flow, bound: bool = False) -> Over:
    """Take the customer of `chat` over to `flow`."""
    found = over(chat.flow, flow, chat.conversation, bound)
    chat.flow, chat.conversation = flow, found.conversation
    return found


def test_who_stands_in_a_state_that_is_still_there_stays_there() -> None:
    chat = paying(toy())
    before = chat.conversation
    found = go_on(chat, toy(("Pay,", "Please pay,")), bound=True)
    assert (found.conversation, found.timers) == (before, ())
    assert "entered" not in found.trace


def test_a_state_that_was_renamed_keeps_visit_buttons_and_timers() -> None:
    chat = paying(toy())
    button = tap(chat, "again")
    timers = {timer.timer: timer for timer in chat.timers}
    found = go_on(chat, toy(*RENAMED, migrating("{from: till.pay, to: till.bill}")), bound=True)
    assert found.trace["entered"] == ["till.bill"]
    assert chat.take(button) == ["pay"]
    assert chat.last.trace[-1]["taken"]["rule"] == "till.bill: again"
    old = timers["10 min"]
    assert chat.take(TimerDue(old.state, old.timer, old.visit, old.due), old.due) == ["pay"]
    outer = timers["1 h"]
    assert chat.take(TimerDue(outer.state, outer.timer, outer.visit, outer.due), outer.due) == ["over"]


def test_a_timer_keeps_its_due_time_when_its_span_changes_and_one_that_is_gone_does_nothing() -> None:
    chat = paying(toy())
    old = next(timer for timer in chat.timers if timer.timer == "10 min")
    event = TimerDue(old.state, old.timer, old.visit, old.due)
    first = toy(("10 min", "15 min"))
    found = go_on(chat, first)
    assert found.timers == ()
    go_on(chat, toy(("10 min", "20 min")))
    again = conversations.from_json("c-1", conversations.to_json(chat.conversation))
    assert again == chat.conversation
    assert chat.take(event, old.due) == ["pay"], "it is the same timer, two changes later"
    go_on(chat, toy((", after: {10 min: {say: pay}}", "")))
    assert chat.take(event, old.due) == []


def test_a_timer_that_only_the_new_version_has_runs_from_now() -> None:
    chat = paying(toy())
    found = go_on(chat, toy(("{10 min: {say: pay}}", "{10 min: {say: pay}, 2 h: {say: over}}")))
    [timer] = found.timers
    assert (timer.state, timer.timer, timer.visit) == ("till.pay", "2 h", chat.conversation.visit)
    assert timer.due == NOW + 120 * _MINUTE


def test_a_carried_timer_is_forgotten_with_its_visit() -> None:
    chat = paying(toy())
    go_on(chat, toy(("10 min", "15 min")))
    assert chat.conversation.carried
    chat.write("menu")
    assert not chat.conversation.carried


@pytest.mark.parametrize(
    ("entries", "size", "where"),
    [
        (["{from: till.pay, if: size > 2, to: many}", "{from: till, to: till.bill}"], 3, "many"),
        (["{from: till.pay, if: size > 2, to: many}", "{from: till, to: till.bill}"], 1, "till.bill"),
        (["{from: [gone, till.pay], to: many, set: {colour: red}}"], 1, "many"),
        (["{else: first}"], 1, "home"),
    ],
)
def test_entries_split_by_guards_merge_and_fall_back(entries: list[str], size: int, where: str) -> None:
    more = ("  till:\n", "  many: {on: {money.came: {to: till}}}\n  till:\n")
    new = toy(*RENAMED, more, ("{say: hello}}}", "{to: many}}}"), migrating(*entries))
    chat = paying(toy())
    chat.conversation = replace(chat.conversation, variables={"size": size})
    found = over(chat.flow, new, chat.conversation)
    assert found.conversation.state == where
    assert found.conversation.variables.get("colour", "") == ("red" if "set" in entries[0] else "")
    assert found.trace["line"] == next(one.rule.line for one in new.migrations if one.takes("till.pay") and (
        one.rule.guard is None or size > 2))  # fmt: skip


def test_a_group_that_was_renamed_is_one_entry() -> None:
    new = toy(
        ("{to: till.pay}", "{to: desk.other}"),
        ("  till:\n", "  desk:\n"),
        ("start: pay\n", "start: other\n"),
        ("    states:\n", "    states:\n      other: {on: {money.came: {to: home}, again: {to: pay}}}\n"),
        migrating("{from: till, to: desk}"),
    )
    chat = paying(toy())
    timers = {timer.timer: timer for timer in chat.timers}
    assert go_on(chat, new).conversation.state == "desk.pay"
    for name, answer in (("10 min", "pay"), ("1 h", "over")):
        old = timers[name]
        assert chat.take(TimerDue(old.state, name, old.visit, old.due), old.due) == [answer]


def test_who_stands_in_a_state_that_is_gone_stays_until_they_rest_in_the_first_one() -> None:
    old, new = (
        toy(),
        toy(
            *RENAMED, ("start: home", "start: lobby"), ("  home: {", "  lobby: {"), ("to: home", "to: lobby")
        ),
    )
    chat = paying(old)
    assert stays(old, new, chat.conversation) == "'till.pay' is gone, and no entry of 'migrate' takes it"
    chat.write("menu")
    assert over(old, new, chat.conversation).conversation.state == "lobby"


def test_a_question_that_changes_keeps_those_who_are_asked() -> None:
    old, chat = toy(), Chat(toy())
    for event in (TextReceived("hi"), tap(chat, "buy")):
        chat.take(event)
    colours = toy(("ask: size,", "ask: colour,"))
    assert stays(old, colours, chat.conversation) == "'size' asks for text, and 'size' asked for integer"
    nothing = toy(("ask: size, ", ""), ("answered: {to", "again: {to"))
    asked = replace(chat.conversation, choices=(("Buy", "c-1.1|buy|"),))
    found = over(old, nothing, asked)
    assert found.conversation.choices == (), "a number that answers the question chooses nothing"


def test_an_open_order_stays_where_its_states_are() -> None:
    old, new = toy(), toy(*RENAMED)
    chat = Chat(old)
    chat.write("hi")
    assert over(old, new, chat.conversation).conversation.state == "home"
    because = "an order is open, and its states are gone: till.pay"
    assert stays(old, new, chat.conversation, bound=True) == because
    kept = toy(*RENAMED, migrating("{from: till.pay, to: till.bill}"))
    assert over(old, kept, chat.conversation, bound=True).conversation.state == "home"
    lost = toy(*RENAMED, migrating("{from: till.pay, to: home}"))
    assert "does not wait for its payment" in stays(old, lost, paying(old).conversation, bound=True)
    assert over(old, lost, paying(old).conversation).conversation.state == "home"


def test_a_variable_whose_type_changes_keeps_only_a_value_that_fits() -> None:
    old, new = toy(), toy(("colour: {type: text}", "colour: {type: integer}"))
    for value, after in (("7", 7), ("red", None)):
        chat = paying(old)
        chat.conversation = replace(chat.conversation, variables={"colour": value, "size": 3, "gone": 1})
        assert over(old, new, chat.conversation).conversation.variables.get("colour") == after
        assert over(old, new, chat.conversation).conversation.variables["size"] == 3


def test_a_button_that_no_message_has_any_more_is_understood_if_something_answers_it() -> None:
    old = toy()
    new = toy(("title: More}", "title: All}"), ("on: more, ", "on: all, "), ("more: {say", "all: {say"))
    worded = toy((", {on: more, title: More}", ""), ("more: {say: hello}", "more: {words: more, say: hello}"))
    for flow, answer in ((new, ["over"]), (worded, ["hello"])):
        chat = Chat(old)
        chat.write("hi")
        button = tap(chat, "more")
        chat.flow = replace(flow, understood=understood(flow, [outline(old)]))
        assert chat.take(button) == answer
    forged = replace(outline(old), offered=frozenset({"money.came", "otherwise"}))
    assert understood(new, [forged]) == frozenset()


def test_an_outline_is_stored_as_json() -> None:
    one = outline(toy())
    assert outlines.from_json(outlines.to_json(one)) == one
    assert {path for path, leaf in one.leaves.items() if leaf.awaits} == {"till.pay"}
    assert all(leaf.returns for leaf in one.leaves.values())


CLOSED: Final = (("  menu: {words: [menu], to: home}\n", ""), (", money.came: {to: home}", ""))
"""Edits after which nothing leads back from the till."""


def test_faults_of_migrate_name_those_who_would_be_left_behind() -> None:
    old = outline(toy())
    said = {
        "'migrate' says nothing of 'till.pay'": toy(*RENAMED, migrating("{from: x, to: home}")),
        "would lose the way to their link in 'home'": toy(*RENAMED, migrating("{from: till.pay, to: home}")),
        "each of its entries has an 'if'": toy(
            *RENAMED, migrating("{from: till.pay, if: size > 2, to: till.bill}")
        ),
        "nobody can go there: 'size' asks for integer": toy(
            *RENAMED, migrating("{from: till.pay, to: size}")
        ),
    }
    for words, flow in said.items():
        assert gone_from(flow, old) == ["till.pay"]
        found = [issue.message for issue in faults(flow, old, ["till.pay"])]
        assert any(words in one for one in found), found
        assert [*faults(flow, old, [])] == []
    for good in (toy(*RENAMED), toy(*RENAMED, migrating("{from: till, to: till}"))):
        assert [*faults(good, old, ["till.pay"])] == []


def test_who_can_never_leave_a_state_that_is_gone_is_stranded() -> None:
    closed = outline(toy(*CLOSED))
    assert not closed.leaves["till.pay"].returns
    assert [*stranded(toy(*RENAMED), closed, ["till.pay"])] == ["till.pay"]
    assert [*stranded(toy(*RENAMED, migrating("{else: first}")), closed, ["till.pay"])] == []
    [fault] = faults(toy(*RENAMED), closed, ["till.pay"])
    assert "nothing leads them out of it" in fault.message


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        (["{from: size, to: home}"], "'size' is a state of this file: who stands there stays"),
        (["{from: x, to: nowhere}"], "there is no state 'nowhere' / there are home, size, till, till.pay"),
        (["{from: x, to: hame}"], "there is no state 'hame' / did you mean 'home'?"),
        (["{from: x, to: pya}"], "there is no state 'pya' / did you mean 'till.pay'?"),
        (["{from: x, to: till.pey}"], "there is no state 'till.pey' / did you mean 'till.pay'?"),
        (["{from: x, to: tell.pay}"], "there is no state 'tell.pay' / did you mean 'till.pay'?"),
        (["{from: x, to: home}", "{from: x, to: size}"], "never taken: line 16 takes all who stand in 'x'"),
        (["{else: first}", "{from: x, to: home}"], "never taken: 'else' on line 16 takes whoever is left"),
        (["{from: x}"], "write {from: a state that is gone, to: a state of this file}, or {else: first}"),
        (["{else: first, to: home}"], "'else: first' stands alone"),
        (["{from: x, to: home, if: colr == 'red'}"], "colr"),
        (["{from: x, to: home, set: {colr: red}}"], "there is no variable 'colr'"),
        (
            ["{from: x, to: home, set: {size: red}}"],
            "'red' is no value for the variable 'size' / it takes a whole number up to 9",
        ),
        (["{from: x, to: home, set: {size: ''}}"], "'' is no value for the variable 'size'"),
    ],
)
def test_what_is_wrong_with_migrate_is_said_with_its_place(entries: list[str], message: str) -> None:
    with pytest.raises(FlowInvalid) as refused:
        toy(migrating(*entries))
    said = [f"{issue.message} / {issue.mend}" for issue in refused.value.issues]
    assert any(message in one for one in said), said
    errors = [issue for issue in refused.value.issues if issue.severity is Severity.ERROR]
    assert all(issue.line in (16, 17) for issue in errors)


_CALLED: Final = (
    ("home\nstates:\n", "home\nsubflows:\n  address: {on: {menu: {to: return}}}\nstates:\n"),
    ("more: {say: hello}", "more: {call: address}"),
)  # fmt: skip


def test_the_copies_of_a_subflow_are_named_to_whom_names_the_subflow() -> None:
    with pytest.raises(FlowInvalid) as refused:
        toy(*_CALLED, migrating("{from: x, to: address}"))
    [issue] = [one for one in refused.value.issues if one.message == "there is no state 'address'"]
    assert issue.mend == "a subflow has a copy for each place that it returns to: address_for_home"
    assert outline(toy(*_CALLED, migrating("{from: x, to: address_for_home}")))


VERSIONS: Final = [
    toy(),
    toy(*RENAMED),
    toy(*RENAMED, migrating("{from: till, to: till.bill}")),
    toy(*RENAMED, migrating("{from: till, if: size > 2, to: till.bill}", "{else: first}")),
    toy(("10 min", "15 min"), ("1 h", "3 h")),
    toy(("ask: size,", "ask: colour,")),
    toy(("{type: text}", "{type: integer}"), ("ask: size, ", ""), ("answered: {to", "again: {to")),
]  # fmt: skip
_TEXTS: Final = ["hi", "menu", "3", "buy", "2", "red", "again"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 6), st.integers(-1, 9), st.booleans()), max_size=12))
def test_whatever_is_reloaded_everybody_is_answered_and_rests_in_a_state_of_their_version(
    deeds: list[tuple[int, int, bool]],
) -> None:
    """Nobody is lost between versions: each event is taken, whoever stays stays whole."""
    theirs, conversation = VERSIONS[0], Conversation("c-1")
    sent: list[str] = []
    timers: list[Any] = []
    for served, deed, bound in deeds:
        flow = VERSIONS[served]
        if conversation.state and flow is not theirs:
            found = go_over(flow, outline(theirs), conversation, NOW, bound=bound, host=())
            if isinstance(found, Over):
                theirs, conversation, timers = flow, found.conversation, [*timers, *found.timers]
        event: Event = TextReceived(_TEXTS[deed % 7])
        if deed > 6 and sent:
            event = Tapped(sent[deed % len(sent)])
        elif deed == 6 and timers:
            due = timers[-1]
            event = TimerDue(due.state, due.timer, due.visit, due.due)
        elif deed < 0:
            event = Happened("money.came")
        done = step(theirs, conversation, event, NOW, host=())
        conversation = done.conversation
        state = theirs.states[conversation.state]
        assert state.leaf == state.path
        assert len(conversation.visits) == len(state.chain)
        if not isinstance(event, TimerDue):
            assert done.applied
        sent += [reply for _, reply in conversation.choices]
        timers += [effect for effect in done.effects if hasattr(effect, "timer")]
