"""Check that whole numbers have a value where they are compared: without a default they begin empty."""

from collections.abc import Iterator

from jinja2 import nodes

from flows.document.errors import Issue
from flows.engine.model import ANSWERED, SET, Reaction, Rule
from flows.engine.variables import Variable, parse
from flows.language.checks.subject import Subject

_ORDERED = frozenset({"lt", "lteq", "gt", "gteq"})


def numbers_are_set(subject: Subject) -> Iterator[Issue]:
    """Yield the guards that compare a whole number which may not have been given yet."""
    numbers = {
        name: variable
        for name, variable in subject.flow.variables.items()
        if variable.type == "integer" and variable.default in (None, "")
    }
    for rule in subject.flow.rules if numbers else ():
        for name in sorted(numbers.keys() & _compared(subject.tree(rule.guard))):
            if any(_takes(subject, rule, leaf, name) for leaf in _without(subject, name)):
                line = subject.document.place(("variables", name)).line
                message = f"'{name}' may be empty here, and what is empty can't be compared with a number"
                mend = f"write '{name} and' before it, or 'default: {_default(numbers[name])}' on line {line}"
                yield subject.warning((*rule.place, "if"), message, mend)


def _compared(guard: nodes.Node | None) -> frozenset[str]:
    """Return the names that a guard puts in an order with something, whatever else it asks for."""
    match guard:
        case nodes.Compare(expr=left, ops=[nodes.Operand(op=op, expr=right)]) if op in _ORDERED:
            return frozenset(side.name for side in (left, right) if isinstance(side, nodes.Name))
        case nodes.Not(node=inner):
            return _compared(inner)
        case nodes.And(left=left) | nodes.Or(left=left):
            # What stands behind is only looked at if the left side leaves it open: it may ask for a value.
            return _compared(left)
        case _:
            return frozenset()


def _takes(subject: Subject, rule: Rule, leaf: str, name: str) -> bool:
    answers = rule.trigger == ANSWERED and subject.flow.states[leaf].ask == name
    return not answers and leaf in subject.ways.leaves_of.get(rule.place, ())


def _without(subject: Subject, name: str) -> frozenset[str]:
    """Return the leaves that customers can come to before the variable `name` has a value."""
    flow, ways = subject.flow, subject.ways
    found: set[str] = set()
    begun = flow.states[flow.start].chain if flow.start else ()
    queue = [flow.start] if begun and not any(_gives(flow.states[one].enter, name) for one in begun) else []
    while queue:
        leaf = queue.pop()
        if leaf in found:
            continue
        found.add(leaf)
        for rule in ways.taken_in(leaf):
            given = rule.trigger == ANSWERED and flow.states[leaf].ask == name
            entered = (flow.states[path].enter for path in ways.entered(rule, leaf))
            if rule.target and not given and not any(_gives(one, name) for one in (rule.reaction, *entered)):
                queue.append(ways.after(rule, leaf))
    return frozenset(found)


def _gives(reaction: Reaction, name: str) -> bool:
    """Whether something is set into a variable, by the flow or by the host."""
    return any(
        name in (call.args if call.name == SET else call.action.sets if call.action else ())
        for call in reaction.do
    )


def _default(variable: Variable) -> int:
    """Return a value to begin with: 0 if the variable takes it."""
    low = variable.min if variable.min is not None else 0
    return 0 if parse(variable, "0") is not None else low if low > 0 else variable.max or low
