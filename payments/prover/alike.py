"""What the rules of a flow cannot tell apart: two places that differ in nothing else are one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from flows.engine.model import ANSWERED, SET, Flow, Reaction, Rule
from flows.messages import replies
from flows.templates.expressions import Template


@dataclass(frozen=True, slots=True)
class Alike:
    """What a flow reads in each of its leaves."""

    read: Mapping[str, frozenset[str]]
    """Leaf -> the variables whose present value some rule may still read."""
    paged: Mapping[str, frozenset[str]]
    """List with pages -> the variables that its further pages read."""
    words: Mapping[str, frozenset[str]]
    """Leaf -> the triggers that a word fires there just as a button does, be it fresh or old."""
    two_faced: frozenset[str]
    """Leaves with a word that answers the choices, and fires another rule once other news came after them."""

    def live(self, leaf: str, paged: Iterable[str]) -> frozenset[str]:
        """Return the variables that matter in a leaf while these lists can be paged on."""
        return self.read.get(leaf, frozenset()).union(*(self.paged[message] for message in paged))

    def is_word(self, leaf: str, reply: str) -> bool:
        """Return whether a tap on this reply does what a word does."""
        one = replies.decode(reply)
        fires = isinstance(one, replies.ReplyId) and not one.value
        return fires and one.trigger in self.words.get(leaf, ())  # type: ignore[union-attr]


def alike(flow: Flow) -> Alike:
    """Return what the rules of `flow` tell apart."""
    leaves = [state.path for state in flow.states.values() if state.leaf == state.path]
    reads = _message_reads(flow)
    paged = {message: reads[message] & flow.variables.keys() for message in flow.paged}
    words = {leaf: frozenset(_words(flow, leaf)) for leaf in leaves}
    two_faced = {leaf for leaf in leaves if flow.states[leaf].answers.keys() & flow.states[leaf].words.keys()}
    return Alike(_live(flow, leaves, reads), paged, words, frozenset(two_faced))


def rules_in(flow: Flow, leaf: str) -> list[Rule]:
    """Return the rules that may be taken in a leaf."""
    owners = {"", *flow.states[leaf].chain}
    return [rule for rule in flow.rules if rule.owner in owners]


def _words(flow: Flow, leaf: str) -> set[str]:
    typed = set(flow.states[leaf].words.values())
    return typed - {rule.trigger for rule in rules_in(flow, leaf) if not rule.stale}


def _live(flow: Flow, leaves: list[str], reads: Mapping[str, frozenset[str]]) -> dict[str, frozenset[str]]:
    """Return the variables that are read in each leaf, or behind it before they are set again."""
    live = {leaf: _own_reads(flow, leaf, reads) for leaf in leaves}
    changed = True
    while changed:
        changed = False
        for leaf in leaves:
            behind = set(live[leaf])
            for rule in rules_in(flow, leaf):
                if rule.target:
                    behind |= live[flow.states[rule.target].leaf] - _sets(flow, leaf, rule)
            changed = changed or behind != live[leaf]
            live[leaf] = behind
    return {leaf: frozenset(names) for leaf, names in live.items()}


def _own_reads(flow: Flow, leaf: str, reads: Mapping[str, frozenset[str]]) -> set[str]:
    chain = [flow.states[path] for path in flow.states[leaf].chain]
    found: set[str] = set()
    for state in chain:
        found |= _reaction_reads(state.enter, reads) | _reaction_reads(state.exit, reads)
    for rule in rules_in(flow, leaf):
        guard = {read[0] for read in rule.guard.reads} if rule.guard else set()
        found |= (guard | _reaction_reads(rule.reaction, reads)) - _sets(flow, leaf, rule)
    truths = {read[0] for truth in flow.truths for read in truth.guard.reads}
    return (found | truths) & flow.variables.keys()


def _sets(flow: Flow, leaf: str, rule: Rule) -> set[str]:
    """Return the variables that have a new value when `rule` is done with its actions."""
    found = {name for call in rule.reaction.do if call.name == SET for name in call.args}
    asked = flow.states[leaf].ask
    return found | {asked} if asked and rule.trigger == ANSWERED else found


def _reaction_reads(reaction: Reaction, reads: Mapping[str, frozenset[str]]) -> set[str]:
    found = {name for message in (*reaction.say, *reaction.tell) for name in reads[message]}
    for call in reaction.do:
        for value in call.args.values():
            found |= {read[0] for read in value.reads} if isinstance(value, Template) else set()
    return found


def _message_reads(flow: Flow) -> dict[str, frozenset[str]]:
    """Return the names that each message reads."""
    found: dict[str, set[str]] = {name: set() for name in flow.messages}
    for written in flow.written:
        if len(written.place) > 1 and written.place[0] == "messages" and written.place[1] in found:
            found[str(written.place[1])] |= {read[0] for read in written.reads}
    return {name: frozenset(names) for name, names in found.items()}
