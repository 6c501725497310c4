"""Check that what messages offer is answered: buttons, rows and forms, wherever they are said."""

from collections.abc import Iterator

from flows.document.errors import Issue, close
from flows.document.places import Path
from flows.engine.model import Rule
from flows.language.checks.subject import Subject
from flows.language.walk import PlacedOffer, offers, state_place, told_only


def offers_are_answered(subject: Subject) -> Iterator[Issue]:
    """Yield the buttons and rows that nothing answers, or that no tap may fire."""
    flow = subject.flow
    reserved = flow.reserved
    answered = {rule.trigger for rule in flow.rules}
    idle = answered - flow.offered - subject.ways.typed - reserved
    for offer in offers(subject.spec, told_only(subject.reactions())):
        if offer.trigger in reserved:
            message = (
                f"a button can't fire '{offer.trigger}': customers could claim what only the outside may say"
            )
            yield subject.issue(offer.place, message, "use another name")
        elif offer.trigger not in answered:
            mend = close(offer.trigger, idle) or _rule_for(subject, offer)
            yield subject.issue(offer.place, f"no rule answers a tap on '{offer.trigger}'", mend)


def _rule_for(subject: Subject, offer: PlacedOffer) -> str:
    """Say where to write the rule for what a message offers."""
    said_in = sorted({leaf for leaf, message, _ in messages_by_leaf(subject) if message == offer.message})
    where = (
        f"'on' of '{said_in[0]}'" if len(said_in) == 1 else "'anywhere', or 'on' of each state that says it"
    )
    return f"add '{offer.trigger}: …' under {where}"


def offers_are_answered_where_said(subject: Subject) -> Iterator[Issue]:
    """Yield the states in which a button or row of a message that is said there is not answered."""
    flow = subject.flow
    by_message: dict[str, set[str]] = {}
    for offer in offers(subject.spec, set()):
        by_message.setdefault(offer.message, set()).add(offer.trigger)
    answered = {rule.trigger for rule in flow.rules}
    for leaf, message, place in set(messages_by_leaf(subject)):
        for trigger in sorted(by_message.get(message, set()) - flow.states[leaf].triggers):
            if trigger in answered:
                said = f"'{message}' offers '{trigger}', but '{leaf}' doesn't answer it"
                yield subject.issue(place, said, f"add 'on: {{{trigger}: …}}' to '{leaf}'")


def forms_are_answered_where_said(subject: Subject) -> Iterator[Issue]:
    """Yield the states in which a form that is shown there is not answered."""
    flow, spec = subject.flow, subject.spec
    for leaf, message, place in set(messages_by_leaf(subject)):
        for trigger in sorted(spec.messages[message].FIRES - flow.states[leaf].triggers - subject.meant):
            shown = f"'{message}' shows a form, but '{leaf}' doesn't answer '{trigger}'"
            yield subject.issue(place, shown, f"add 'on: {{{trigger}: …}}' to '{leaf}'")


def messages_by_leaf(subject: Subject) -> Iterator[tuple[str, str, Path]]:
    """(leaf, message, place) for every message that a customer may have before them in that leaf."""
    flow, leaves = subject.flow, subject.ways.leaves
    for state in flow.states.values():
        for message in state.enter.say:
            place = state_place(state.path)
            yield from ((leaf, message, place) for leaf in leaves if state.path in flow.states[leaf].chain)
    for rule in flow.rules:
        for message in rule.reaction.say:
            yield from ((leaf, message, rule.place) for leaf in _leaves_after(subject, rule))


def _leaves_after(subject: Subject, rule: Rule) -> list[str]:
    """The leaves in which a conversation may rest after `rule`."""
    flow = subject.flow
    if rule.target:
        return [flow.states[rule.target].leaf]
    return [leaf for leaf in subject.ways.leaves if not rule.owner or rule.owner in flow.states[leaf].chain]
