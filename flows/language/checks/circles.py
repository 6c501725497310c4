"""Check that nothing goes round by itself: timers and events that lead to each other without the customer."""

from collections.abc import Iterator
from typing import NamedTuple

from flows.document.errors import Issue
from flows.engine.model import ActionCall, Reaction, Rule
from flows.language.checks.subject import Subject


class _Moment(NamedTuple):
    """Something that comes without the customer, in one leaf."""

    leaf: str
    trigger: str


class _Turn(NamedTuple):
    """A rule that a moment causes, and the moment that follows from it by itself."""

    rule: Rule
    leaf: str
    next: _Moment
    sure: bool
    """Whether nothing but time is needed: no guard, and no action that may or may not raise an event."""


def nothing_goes_round(subject: Subject) -> Iterator[Issue]:
    """Yield each circle of timers and events, at the rule that closes it."""
    turns: dict[_Moment, tuple[_Turn, ...]] = {}
    queue = [
        _Moment(leaf, timer) for leaf in sorted(subject.ways.reached) for timer in _timers(subject, leaf)
    ]
    queue += _first_events(subject)
    while queue:
        moment = queue.pop()
        if moment not in turns:
            turns[moment] = tuple(_turns(subject, moment))
            queue += (turn.next for turn in turns[moment])
    told: set[tuple[str | int, ...]] = set()
    for circle in _circles(turns):
        closing = max(circle, key=lambda turn: turn.rule.line).rule
        if closing.place not in told:
            told.add(closing.place)
            yield _issue(subject, circle, closing)


def _timers(subject: Subject, leaf: str) -> Iterator[str]:
    for path in subject.flow.states[leaf].chain:
        yield from (timer.trigger for timer in subject.flow.states[path].timers)


def _first_events(subject: Subject) -> Iterator[_Moment]:
    """Yield the events that come of what customers cause."""
    ways = subject.ways
    for rule in subject.flow.rules:
        if rule.reaction.do or rule.target:
            for leaf in ways.leaves_of.get(rule.place, ()):
                yield from (turn.next for turn in _following(subject, rule, leaf))


def _turns(subject: Subject, moment: _Moment) -> Iterator[_Turn]:
    alternatives = subject.ways.answers(moment.leaf).get(moment.trigger, ())
    for rule in alternatives:
        yield from _following(subject, rule, moment.leaf, sure=rule is alternatives[0] and rule.guard is None)


def _following(subject: Subject, rule: Rule, leaf: str, sure: bool = False) -> Iterator[_Turn]:
    """Yield what follows from `rule` by itself, if it is taken in `leaf`."""
    states, then = subject.flow.states, subject.ways.after(rule, leaf)
    entered = subject.ways.entered(rule, leaf)
    for path in entered:
        for timer in states[path].timers:
            yield _Turn(rule, leaf, _Moment(then, timer.trigger), sure)
    for call in rule.reaction.do:
        yield from (_Turn(rule, leaf, _Moment(leaf, event), False) for event in _instead(call))
        yield from (_Turn(rule, leaf, _Moment(then, event), False) for event in _later(call))
    for path in entered:
        for call in states[path].enter.do:
            events = (*_instead(call), *_later(call))
            yield from (_Turn(rule, leaf, _Moment(then, event), False) for event in events)


def _instead(call: ActionCall) -> tuple[str, ...]:
    return call.action.raises if call.action else ()


def _later(call: ActionCall) -> tuple[str, ...]:
    return (*call.action.follows, *call.action.brings) if call.action else ()


def _circles(turns: dict[_Moment, tuple[_Turn, ...]]) -> Iterator[list[_Turn]]:
    """Yield circles, each moment at most on one of them: a walk that comes back to where it is."""
    done: set[_Moment] = set()
    for start in turns:
        way: list[_Turn] = []
        on_way: list[_Moment] = [start]
        choices = [iter(turns[start])] if start not in done else []
        while choices:
            turn = next(choices[-1], None)
            if turn is None:
                choices.pop()
                done.add(on_way.pop())
                del way[-1:]
            elif turn.next in on_way:
                yield [*way[on_way.index(turn.next) :], turn]
            elif turn.next not in done:
                way.append(turn)
                on_way.append(turn.next)
                choices.append(iter(turns[turn.next]))


def _issue(subject: Subject, circle: list[_Turn], closing: Rule) -> Issue:
    leaves = list(dict.fromkeys(turn.leaf for turn in circle))
    shown = " → ".join([*leaves, leaves[0]])
    said = sum(len(_said(subject, turn)) for turn in circle)
    messages = f", {said} message{'' if said == 1 else 's'} each time" if said else ""
    message = f"this repeats without the customer: {shown}{messages}"
    mend = "leave 'to' out, or lead to a state in which it does not begin anew"
    if all(turn.sure for turn in circle):
        return subject.issue(closing.place, message, mend)
    return subject.warning(closing.place, message, mend)


def _said(subject: Subject, turn: _Turn) -> list[str]:
    entered = subject.ways.entered(turn.rule, turn.leaf)
    reactions: list[Reaction] = [turn.rule.reaction, *(subject.flow.states[path].enter for path in entered)]
    return [name for reaction in reactions for name in reaction.say]
