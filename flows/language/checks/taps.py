"""Check what buttons and rows carry where the tap on them names a thing: a sku that an action takes."""

from collections import defaultdict
from collections.abc import Iterator, Set
from dataclasses import replace
from typing import Final

from jinja2 import nodes

from flows.document.errors import Issue, Severity
from flows.engine.model import Reaction, Rule
from flows.language.checks.arguments import is_tapped, no_such, other_field
from flows.language.checks.offered import messages_by_leaf
from flows.language.checks.subject import Subject
from flows.language.checks.values import local_types
from flows.language.walk import PlacedOffer, offers
from flows.templates.expressions import Template
from flows.templates.inference import EVENT
from flows.templates.types import Words

_VALUE: Final = "value"
"""The field of a tap's event that holds what its button or row carries."""


def taps_are_known(subject: Subject) -> Iterator[Issue]:
    """Yield the values of buttons and rows that are none of what the action takes which a tap on them does.

    It is an error where every rule that may answer the tap does that action, a warning where some do.
    """
    if not any(_taken(subject, reaction) for reaction in subject.reactions()):
        return
    said: defaultdict[str, set[str]] = defaultdict(set)
    for leaf, message, _ in messages_by_leaf(subject):
        said[message].add(leaf)
    for offer in offers(subject.spec, set()):
        leaves = (said.get(offer.message) or subject.ways.reached) & subject.ways.reached
        for kind, severity in _takers(subject, offer, leaves):
            for issue in _none_of(subject, offer, kind):
                yield replace(issue, severity=severity)


def _takers(subject: Subject, offer: PlacedOffer, leaves: Set[str]) -> Iterator[tuple[Words, Severity]]:
    """Yield what a tap on `offer` must name, where it is offered in `leaves`, and how sure that is."""
    found: list[Words | None] = []
    for leaf in sorted(leaves):
        rules = _fresh(subject.ways.answers(leaf).get(offer.trigger, ()))
        kinds = [_taken_by(subject, rule, leaf) for rule in rules]
        if rules and rules[-1].guard is not None:
            kinds.append(None)  # no rule may answer it, and `otherwise` does
        is_judged = any(kinds) and any(_judges(subject, rule, offer.value) for rule in rules)
        found += [None] if is_judged else kinds
    if kind := next(filter(None, found), None):
        yield kind, Severity.ERROR if all(one == kind for one in found) else Severity.WARNING


def _fresh(rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
    """Return those of the alternatives that may answer a tap on a message of this visit."""
    for count, rule in enumerate(rules, 1):
        if rule.guard is None:
            return rules[:count]
    return rules


def _taken_by(subject: Subject, rule: Rule, leaf: str) -> Words | None:
    """Return what the value of the tap must name if `rule` answers it in `leaf`; None if nothing."""
    ways, states = subject.ways, subject.flow.states
    left = (states[path].exit for path in ways.left(rule, leaf))
    entered = (states[path].enter for path in ways.entered(rule, leaf))
    return next(filter(None, (_taken(subject, one) for one in (rule.reaction, *left, *entered))), None)


def _taken(subject: Subject, reaction: Reaction) -> Words | None:
    """Return what the value of a tap must name for the actions of `reaction`; None if they take none."""
    for call in reaction.do:
        for name, value in call.args.items():
            kind = subject.types.arguments.get((call.name, name))
            if kind and isinstance(value, Template) and is_tapped(value):
                return kind
    return None


def _judges(subject: Subject, rule: Rule, value: str) -> bool:
    """Whether the guard of `rule` may tell `value` from others: it compares the tap's with it.

    So may one that compares it with what is not written in the guard, as in `event.value in names`.
    """
    tree = subject.tree(rule.guard)
    within = [] if tree is None else [*tree.find_all(nodes.Compare)]
    return any(_compares(one, value) for one in (tree, *within) if isinstance(one, nodes.Compare))


def _compares(node: nodes.Compare, value: str) -> bool:
    sides = [node.expr, *(operand.expr for operand in node.ops)]
    others = [one for one in sides if not _is_value(one)]
    is_as_given = all(not isinstance(one, nodes.Filter) for one in sides if one not in others)
    return len(others) < len(sides) and (not is_as_given or any(_may_be(one, value) for one in others))


def _is_value(node: nodes.Node | None) -> bool:
    """Whether `node` is the value of the tap, perhaps through filters."""
    while isinstance(node, nodes.Filter):
        node = node.node
    match node:
        case nodes.Getitem(node=nodes.Name(name=name), arg=nodes.Const(value=field)):
            return bool(name == EVENT and field == _VALUE)
        case _:
            return False


def _may_be(node: nodes.Node, value: str) -> bool:
    """Whether `node` is, or holds, `value`, or what it holds is not written out."""
    match node:
        case nodes.Const(value=str(written)):
            return written == value
        case nodes.List(items=items) | nodes.Tuple(items=items):
            return any(_may_be(item, value) for item in items)
        case _:
            return True


def _none_of(subject: Subject, offer: PlacedOffer, kind: Words) -> Iterator[Issue]:
    """Yield that what `offer` carries is none of `kind`."""
    place = (*offer.place[:-1], "with")
    if offer.value and "{" not in offer.value:
        yield from no_such(subject, place, f"a tap on '{offer.trigger}'", kind, offer.value)
        return
    for one in subject.flow.written:
        if one.place == (*place, ""):
            yield from other_field(subject, place, one.source, kind, local_types(subject, one.names))
