"""The state machine decides: the engine goes where the machine says, and nowhere else."""

from dataclasses import replace

from transitions import Machine

from flows.engine import decide
from flows.engine.decide import Decision
from flows.engine.model import Flow, Rule
from tests.flows.chat import Chat, flow_of

ALTERNATIVES = """
    flow: alternatives
    messages: {m: hello}
    variables: {count: {type: integer, min: 0, max: 9, default: 2}}
    anywhere: {go: {words: [go], to: b}}
    otherwise: {say: m}
    start: a
    states:
      a:
        on:
          go:
            - {if: "count == 1", to: b}
            - {if: "count == 2", to: a}
            - {if: "count == 3", say: m}
            - {say: m}
      b: {enter: {say: m}}
"""


def leads_to(flow: Flow, trigger: str, leaf: str | None) -> Flow:
    """`flow` with a machine in which `trigger` leads to `leaf` wherever it is answered."""

    def destinations(state: str) -> list[tuple[Rule, str | None]]:
        owners = [*reversed(flow.states[state].chain), ""]
        rules = [rule for owner in owners for rule in flow.rules if rule.owner == owner]
        return [(rule, leaf if rule.trigger == trigger else own(rule)) for rule in rules]

    def own(rule: Rule) -> str | None:
        return flow.states[rule.target].leaf if rule.target else None

    leaves = [state.path for state in flow.states.values() if state.leaf == state.path]
    return replace(flow, machine=decide.build({state: destinations(state) for state in leaves}))


def test_a_conversation_stands_where_the_machine_leads(house: Flow) -> None:
    chat = Chat(leads_to(house, "go_kitchen", "house.bath"))
    chat.write("kitchen")
    assert chat.state == "house.bath"
    assert chat.notes == ["-street", "+house", "+bath"]
    assert chat.last.trace[0]["entered"] == ["house", "house.bath"]


def test_it_stays_in_its_visit_where_the_machine_does(house: Flow) -> None:
    chat = Chat(leads_to(house, "go_kitchen", None))
    chat.write("kitchen")
    assert (chat.state, chat.conversation.visits, chat.notes) == ("street", (1,), [])
    assert chat.last.applied


def test_it_moves_where_the_rule_alone_would_stay(house: Flow) -> None:
    chat = Chat(leads_to(house, "same", "house.kitchen"))
    assert chat.write("same") == ["n", "m", "n"]
    assert (chat.state, chat.conversation.visits) == ("house.kitchen", (2, 2))


def decided(machine: Machine, state: str, count: int) -> Decision:
    decision = Decision(state, stale=False, context=lambda: {"count": count})
    decide.decide(machine, "go", decision)
    return decision


def test_the_first_rule_whose_guard_holds_is_taken_with_its_leaf() -> None:
    flow = flow_of(ALTERNATIVES)
    rules = [rule for rule in flow.rules if rule.trigger == "go"]
    everywhere, first, second, *_ = sorted(rules, key=lambda rule: rule.line)
    one = decided(flow.machine, "a", 1)
    assert (one.taken, one.entered, one.state, one.considered) == (first, "b", "b", [])
    two = decided(flow.machine, "a", 2)
    assert (two.taken, two.entered, two.state) == (second, "a", "a"), "back into the same state is a move"
    passed = [(first, "not count == 1 (count is 2)")]
    assert two.considered == passed, "guards are asked in order, and no further"
    elsewhere = decided(flow.machine, "b", 1)
    assert (elsewhere.taken, elsewhere.entered) == (everywhere, "b")


def test_what_no_rule_answers_leaves_the_decision_as_it_was() -> None:
    decision = Decision("b", stale=True, context=dict)
    decide.decide(flow_of(ALTERNATIVES).machine, "unheard of", decision)
    assert (decision.taken, decision.entered, decision.state) == (None, None, "b")
