"""Find the variables that hold sums: nothing but sums is set into them."""

from collections import defaultdict
from collections.abc import Mapping

from flows.engine.model import SET
from flows.language.checks.subject import Subject
from flows.templates.expressions import Template
from flows.templates.inference import EventType, Inference
from flows.templates.types import MONEY, UNKNOWN, Text, Type


def variables_of_sums(subject: Subject) -> Mapping[str, Type]:
    """Return the variables that hold sums in paise, with their types.

    A variable that is asked for, or that an action of the host sets, may hold anything.
    """
    flow = subject.flow
    kinds: defaultdict[str, set[Type]] = defaultdict(set)
    for reaction, triggers in subject.ways.occasions():
        for call in reaction.do:
            given = call.args if call.name == SET else call.action.sets if call.action else {}
            for name, value in given.items():
                if value not in (0, ""):
                    kinds[name].add(_kind(subject, value, subject.event_on(triggers)))
    asked = {state.ask for state in flow.states.values()}
    return {
        name: MONEY if flow.variables[name].type == "integer" else Text(of_sum=True)
        for name, found in kinds.items()
        if found == {MONEY} and name in flow.variables and name not in asked
    }


def _kind(subject: Subject, value: object, event: EventType) -> Type:
    """Return the type of what is set into a variable. A constant may be anything."""
    part = subject.alone_in(value.source) if isinstance(value, Template) else None
    return Inference(subject.types, {}, event).value(part) if part else UNKNOWN
