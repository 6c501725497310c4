"""Find the variables that hold one of few words: nothing but words that are written out is set into them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from flows.engine.model import SET, ActionCall, Flow
from flows.templates.types import Words, words


def variables_of_words(flow: Flow) -> Mapping[str, Words]:
    """Return the variables of text that hold one of few words, with their types.

    A variable that is asked for, that an action of the host sets, or that nothing sets may hold anything.
    """
    found: defaultdict[str, set[object]] = defaultdict(set)
    unknown = {state.ask for state in flow.states.values()}
    for call in _calls(flow):
        if call.action:
            unknown |= call.action.sets.keys()
        elif call.name == SET:
            for name, value in call.args.items():
                found[name].add(value)
    return {
        name: words({str(flow.defaults[name]), *map(str, values)}, "value that a rule sets")
        for name, values in found.items()
        if name in flow.variables
        and flow.variables[name].type == "text"
        and name not in unknown
        and all(isinstance(value, str) for value in values)
    }


def _calls(flow: Flow) -> Iterator[ActionCall]:
    """Yield every action of the flow, and what its migrations set."""
    for state in flow.states.values():
        yield from (*state.enter.do, *state.exit.do)
    for rule in (*flow.rules, *(migration.rule for migration in flow.migrations)):
        yield from rule.reaction.do
