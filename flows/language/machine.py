"""Build the machine that decides from the rules of a compiled flow."""

from collections.abc import Iterable, Mapping

from transitions import Machine

from flows.engine import decide
from flows.engine.model import Rule, State


def machine_of(states: Mapping[str, State], rules: Iterable[Rule]) -> Machine:
    """Return the machine of each leaf's rules, those of inner states first."""
    by_owner: dict[str, list[Rule]] = {}
    for rule in rules:
        by_owner.setdefault(rule.owner, []).append(rule)
    leaves = {
        leaf: [
            (rule, states[rule.target].leaf if rule.target else None)
            for owner in (*reversed(states[leaf].chain), "")
            for rule in by_owner.get(owner, ())
        ]
        for leaf in states
        if states[leaf].leaf == leaf
    }
    return decide.build(leaves)
