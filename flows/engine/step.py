"""The engine: handle one event of one conversation. Pure.

    step(flow, conversation, event, now, number) -> Step

No I/O, no clock, no randomness, no logging: the same arguments always give the same Step.
The order inside a step: run the rule's actions, exit states, enter the new ones, send the rule's messages.
Then for each entered state, outermost first: start its timers, run its actions, send its messages. Events
that actions raise are handled afterwards, in the same step. One raised as `instead` ends the rule at once.
"""

import re
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from flows.document.errors import StepFailed, ValueRefused
from flows.document.words import normalise, visible, with_ascii_digits
from flows.engine.conversation import Conversation
from flows.engine.decide import Decision, decide
from flows.engine.effects import Effect
from flows.engine.events import Event, Happened, Received, Tapped, TextReceived, TimerDue
from flows.engine.model import ANSWERED, INVALID, OTHERWISE, RECEIVED, STALE, TEXT, Flow, Rule, timer_trigger
from flows.engine.performance import Performance
from flows.engine.variables import parse
from flows.messages import replies

MAX_RAISED: Final = 16
"""Events that one step may handle, the first included. More means that they raise each other endlessly."""
_NUMBER: Final = re.compile(r"([0-9]{1,3})[.)]?", re.ASCII)
"""A choice by its number in the list: `2`, `2.` or `2)`."""


@dataclass(frozen=True, slots=True)
class Step:
    """The result of one event."""

    conversation: Conversation
    effects: tuple[Effect, ...]
    """In the order to perform them."""
    host: Any
    """The host's value as the flow's actions left it."""
    trace: tuple[Mapping[str, Any], ...]
    """The decision record, JSON-ready: rules passed over and taken, states, actions, messages, reasons."""

    @property
    def applied(self) -> bool:
        """Whether a rule answered the event and did not ignore it on purpose."""
        return any("taken" in entry and "ignored" not in entry for entry in self.trace)


def step(
    flow: Flow,
    conversation: Conversation,
    event: Event,
    now: int,
    number: int = 0,
    host: Any = None,
) -> Step:
    """Handle `event` for `conversation` at `now` (milliseconds since 1970, UTC).

    `number` identifies the event in the installation; actions derive order numbers from it. `host` is the
    host's own value: actions see it and return the next one, templates see its views.
    A new conversation, or one whose state was edited out of the flow, is put into the flow's first state
    without running what that state does on entry.
    Raises StepFailed if the flow can't handle the event; the conversation is then unchanged.
    """
    before = _place(flow, conversation)
    performance = Performance(flow, before, now, number, host)
    try:
        _handle_all(performance, event)
    except ValueRefused as refused:
        if not isinstance(event, Tapped) or any(event.reply_id == reply for _, reply in before.choices):
            raise
        # The last message did not offer this value, so the tap may be forged: refuse it instead of failing.
        performance = Performance(flow, before, now, number, host)
        _refuse_tap(performance, event, f"its value fits nothing here: {refused}")
        _handle_raised(performance)
    return Step(
        performance.conversation(), tuple(performance.effects), performance.host, tuple(performance.trace)
    )


def _handle_all(performance: Performance, event: Event) -> None:
    _handle(performance, event, raised=False)
    _handle_raised(performance)


def _handle_raised(performance: Performance) -> None:
    """Handle the events that actions raised, and those raised by these. Raises StepFailed past MAX_RAISED."""
    queue = deque(performance.take_raised())
    handled = 1
    while queue:
        current = queue.popleft()
        handled += 1
        if handled > MAX_RAISED:
            raise StepFailed(f"events raised each other over {MAX_RAISED} times, lastly {current}")
        _handle(performance, current, raised=True)
        queue.extend(performance.take_raised())


def _place(flow: Flow, conversation: Conversation) -> Conversation:
    """Return `conversation` in a state and a language that this flow has.

    A new one, or one whose state was edited out of the flow, is put into the first state.
    """
    language = conversation.language if conversation.language in flow.languages else flow.languages[0]
    state = flow.states.get(conversation.state)
    if state is not None and state.leaf == state.path and len(state.chain) == len(conversation.visits):
        return conversation if conversation.language == language else replace(conversation, language=language)
    visit = conversation.visit_count + 1
    return replace(
        conversation,
        state=flow.start,
        visits=(visit,) * len(flow.states[flow.start].chain),
        visit_count=visit,
        language=language,
        choices=(),
    )


def _handle(performance: Performance, event: Event, raised: bool) -> None:
    match event:
        case TextReceived():
            _text(performance, event)
        case Tapped():
            _tap(performance, event)
        case Received():
            fields = {"text": "", "value": "", **event.fields, "kind": event.kind}
            if event.kind not in RECEIVED or not _answer(performance, event.kind, fields):
                _answer(performance, OTHERWISE, fields)
        case TimerDue():
            _timer(performance, event)
        case Happened():
            if not _answer(performance, event.name, dict(event.fields)):
                performance.record(event=event.name, unanswered=True, raised=raised)


def _text(performance: Performance, event: TextReceived) -> None:
    """Handle a text: a typed choice, a word, an answer to the state's question, or any other text."""
    word = normalise(event.text)
    state = performance.state
    if reply := _choice(performance, event.text, word):
        _tap(performance, Tapped(reply, event.text))
        return
    fields: dict[str, Any] = {"text": event.text, "value": event.text}
    trigger = state.words.get(word)
    value = parse(performance.flow.variables[state.ask], event.text) if state.ask else None
    # An answer to the question wins over a word, unless the word is the state's own or interrupts.
    if trigger and (value is None or word in state.interrupting) and _answer(performance, trigger, fields):
        return
    if state.ask and value is not None:
        performance.set_variable(state.ask, value)
        fields = {**fields, "value": value}
    if state.ask and _answer(performance, INVALID if value is None else ANSWERED, fields):
        return
    if not _answer(performance, TEXT, fields):
        _answer(performance, OTHERWISE, fields)


def _choice(performance: Performance, text: str, word: str) -> str | None:
    """Id of the reply whose title, or number in the list, was typed instead of tapped.

    None if there is none, or if several have that title: a guess could order the wrong product.
    """
    choices = performance.choices
    matching = {reply for title, reply in choices if word and normalise(title) == word}
    if matching:
        return matching.pop() if len(matching) == 1 else None
    number = _NUMBER.fullmatch(with_ascii_digits(visible(text)).strip())
    if performance.state.ask is not None or not number:
        return None
    place = int(number[1])
    return choices[place - 1][1] if 0 < place <= len(choices) else None


def _tap(performance: Performance, event: Tapped) -> None:
    """Handle a tap: fire its trigger, else `stale` if it is stale, else `otherwise`."""
    reply = replies.decode(event.reply_id)
    if reply is None:
        _foreign_tap(performance, event)
        return
    if reply.trigger not in performance.flow.offered:
        _refuse_tap(performance, event, "not a reply that this flow offers")
        return
    fields = {**_tap_fields(event), "value": reply.value}
    stale = not performance.is_fresh(reply)
    if _answer(performance, reply.trigger, fields, stale):
        return
    if stale and _answer(performance, STALE, fields):
        return
    _answer(performance, OTHERWISE, fields)


def _foreign_tap(performance: Performance, event: Tapped) -> None:
    """Handle a reply that we can't have made (a template's, another system's) as if its title was typed."""
    if visible(event.title).strip():
        performance.record(event="tap", foreign="read as its text")
        _text(performance, TextReceived(event.title))
    else:
        _refuse_tap(performance, event, "not a reply that this flow offers")


def _refuse_tap(performance: Performance, event: Tapped, reason: str) -> None:
    """Fire `stale`, or else `otherwise`, instead of the trigger of the tap."""
    performance.record(event="tap", refused=reason)
    if not _answer(performance, STALE, _tap_fields(event)):
        _answer(performance, OTHERWISE, _tap_fields(event))


def _tap_fields(event: Tapped) -> dict[str, Any]:
    return {"title": event.title, "value": "", "text": event.title}


def _timer(performance: Performance, event: TimerDue) -> None:
    """Handle a timer, unless its visit has ended. If it is overtaken, a rule that stays sends no message."""
    chain = performance.state.chain
    trigger = timer_trigger(event.state, event.timer)
    current = event.state in chain and performance.visits[chain.index(event.state)] == event.visit
    if not current:
        performance.record(event=trigger, ignored="the visit that started it has ended")
        return
    decision, entry = _decide(performance, trigger, {"timer": event.timer})
    rule = decision.taken
    if rule is None:
        performance.record(event=trigger, unanswered=True)
    elif decision.entered is None and (later := _overtaken_by(performance, event)):
        entry["unsaid"] = list(rule.reaction.say)
        entry["because"] = f"it comes late: '{later}' of the same state has run out as well"
        performance.act(rule, entry)
    else:
        performance.follow(rule, decision.entered, entry)


def _overtaken_by(performance: Performance, event: TimerDue) -> str | None:
    """Name of a later timer of the same state that has run out too: the shop was down. None if none has."""
    timers = performance.flow.states[event.state].timers
    own = next((timer for timer in timers if timer.name == event.timer), None)
    if own is None:
        return None
    passed = performance.now - (event.due - own.after)
    return next((timer.name for timer in timers if own.after < timer.after <= passed), None)


def _answer(performance: Performance, trigger: str, fields: Mapping[str, Any], stale: bool = False) -> bool:
    """Fire `trigger` and follow the rule that answers it. Return False if none does."""
    decision, entry = _decide(performance, trigger, fields, stale)
    if decision.taken is None:
        return False
    performance.follow(decision.taken, decision.entered, entry)
    return True


def _decide(
    performance: Performance, trigger: str, fields: Mapping[str, Any], stale: bool = False
) -> tuple[Decision, dict[str, Any]]:
    """Decide which rule answers `trigger`. Return the decision and its trace entry.

    The entry is put into the trace only if a rule was taken or passed over.
    """
    performance.event = fields
    decision = Decision(performance.state.path, stale, performance.context)
    decide(performance.flow.machine, trigger, decision)
    rule = decision.taken
    entry: dict[str, Any] = {"event": trigger, "state": performance.state.path}
    if reason := fields.get("reason"):
        entry["reason"] = reason
    if decision.considered:
        entry["passed"] = [
            {"rule": _rule_name(r), "line": r.line, "because": why} for r, why in decision.considered
        ]
    if rule is None and not decision.considered:
        return decision, entry
    performance.trace.append(entry)
    if rule is not None:
        entry["taken"] = {"rule": _rule_name(rule), "line": rule.line}
        if rule.ignored is not None:
            entry["ignored"] = rule.ignored
    return decision, entry


def _rule_name(rule: Rule) -> str:
    return f"{rule.owner or 'anywhere'}: {rule.trigger}"
