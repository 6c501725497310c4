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
from flows.engine.model import ANSWERED, INVALID, OTHERWISE, RECEIVED, STALE, TEXT, Flow, timer_trigger
from flows.engine.running_step import RunningStep
from flows.engine.traced import place_of
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
        """Whether a rule answered the event and did not ignore it on purpose, or a page was shown."""
        return any("page" in e or ("taken" in e and "ignored" not in e) for e in self.trace)


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
    running = RunningStep(flow, before, now, number, host)
    try:
        _handle_all(running, event)
    except ValueRefused as refused:
        if not isinstance(event, Tapped) or any(event.reply_id == reply for _, reply in before.choices):
            raise
        # The last message did not offer this value, so the tap may be forged: refuse it instead of failing.
        running = RunningStep(flow, before, now, number, host)
        _refuse_tap(running, event, f"its value fits nothing here: {refused}")
        _handle_raised(running)
    return Step(running.conversation(), tuple(running.effects), running.host, tuple(running.trace))


def announce(flow: Flow, conversation: Conversation, name: str, now: int, host: Any = None) -> Step:
    """Send the message `name` to the customer, wherever they stand. Arguments as in `step`.

    An offer that the customer is not to get is left out, and the trace says why.
    Raises StepFailed if it can't be rendered there.
    """
    running = RunningStep(flow, _place(flow, conversation), now, 0, host)
    running.announce(name)
    return Step(running.conversation(), tuple(running.effects), running.host, tuple(running.trace))


def _handle_all(running: RunningStep, event: Event) -> None:
    _handle(running, event, raised=False)
    _handle_raised(running)


def _handle_raised(running: RunningStep) -> None:
    """Handle the events that actions raised, and those raised by these. Raises StepFailed past MAX_RAISED."""
    queue = deque(running.take_raised())
    handled = 1
    while queue:
        current = queue.popleft()
        handled += 1
        if handled > MAX_RAISED:
            raise StepFailed(f"events raised each other over {MAX_RAISED} times, lastly {current}")
        _handle(running, current, raised=True)
        queue.extend(running.take_raised())


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


def _handle(running: RunningStep, event: Event, raised: bool) -> None:
    match event:
        case TextReceived():
            _text(running, event)
        case Tapped():
            _tap(running, event)
        case Received():
            fields = {"text": "", "value": "", **event.fields, "kind": event.kind}
            if event.kind not in RECEIVED or not _answer(running, event.kind, fields):
                _answer(running, OTHERWISE, fields)
        case TimerDue():
            _timer(running, event)
        case Happened():
            if not _answer(running, event.name, dict(event.fields)):
                running.record(event=event.name, unanswered=True, raised=raised)


def _text(running: RunningStep, event: TextReceived) -> None:
    """Handle a text: a typed choice, a word, an answer to the state's question, or any other text."""
    word = normalise(event.text)
    state = running.state
    if reply := _choice(running, event.text, word):
        _tap(running, Tapped(reply, event.text))
        return
    fields: dict[str, Any] = {"text": event.text, "value": event.text}
    trigger = state.words.get(word)
    value = parse(running.flow.variables[state.ask], event.text) if state.ask else None
    # An answer to the question wins over a word, unless the word is the state's own or interrupts.
    if trigger and (value is None or word in state.interrupting) and _answer(running, trigger, fields):
        return
    if state.ask and value is not None:
        running.set_variable(state.ask, value)
        fields = {**fields, "value": value}
    if state.ask and _answer(running, INVALID if value is None else ANSWERED, fields):
        return
    if not _answer(running, TEXT, fields):
        _answer(running, OTHERWISE, fields)


def _choice(running: RunningStep, text: str, word: str) -> str | None:
    """Id of the reply that was typed instead of tapped: its title, its number in the list, or an answer.

    None if there is none, or if several have that title: a guess could order the wrong product. Numbers and
    answer words say little, so they count only while nothing else was sent after the choices.
    """
    choices = running.choices
    matching = {reply for title, reply in choices if word and normalise(title) == word}
    if not matching and not running.sent_since and (trigger := running.state.answers.get(word)):
        matching = {reply for _, reply in choices if _fires(reply, trigger)}
    if matching or running.sent_since:
        return matching.pop() if len(matching) == 1 else None
    number = _NUMBER.fullmatch(with_ascii_digits(visible(text)).strip())
    if running.state.ask is not None or not number:
        return None
    place = int(number[1])
    return choices[place - 1][1] if 0 < place <= len(choices) else None


def _fires(reply: str, trigger: str) -> bool:
    one = replies.decode(reply)
    return isinstance(one, replies.ReplyId) and one.trigger == trigger


def _tap(running: RunningStep, event: Tapped) -> None:
    """Handle a tap: show its page, or fire its trigger, else `stale` if it is stale, else `otherwise`."""
    reply = replies.decode(event.reply_id)
    if reply is None:
        _foreign_tap(running, event)
        return
    if not running.flow.offers(reply):
        _refuse_tap(running, event, "not a reply that this flow offers")
        return
    if isinstance(reply, replies.PageId):
        _page(running, event, reply)
        return
    fields = {**_tap_fields(event), "value": reply.value}
    stale = not running.is_fresh(reply)
    if _answer(running, reply.trigger, fields, stale):
        return
    if stale and _answer(running, STALE, fields):
        return
    _answer(running, OTHERWISE, fields)


def _page(running: RunningStep, event: Tapped, asked: replies.PageId) -> None:
    """Show a page of a list that was sent to the customer. No rule is taken, and nothing else changes."""
    if asked.message in running.paged:
        running.show_page(asked)
    else:
        _refuse_tap(running, event, f"a page of '{asked.message}', which was not sent to this customer")


def _foreign_tap(running: RunningStep, event: Tapped) -> None:
    """Handle a reply that we can't have made (a template's, another system's) as if its title was typed."""
    if visible(event.title).strip():
        running.record(event="tap", foreign="read as its text")
        _text(running, TextReceived(event.title))
    else:
        _refuse_tap(running, event, "not a reply that this flow offers")


def _refuse_tap(running: RunningStep, event: Tapped, reason: str) -> None:
    """Fire `stale`, or else `otherwise`, instead of the trigger of the tap."""
    running.record(event="tap", refused=reason)
    if not _answer(running, STALE, _tap_fields(event)):
        _answer(running, OTHERWISE, _tap_fields(event))


def _tap_fields(event: Tapped) -> dict[str, Any]:
    return {"title": event.title, "value": "", "text": event.title}


def _timer(running: RunningStep, event: TimerDue) -> None:
    """Handle a timer, unless its visit has ended. If it is overtaken, a rule that stays sends no message."""
    event = running.as_called_now(event)
    chain = running.state.chain
    trigger = timer_trigger(event.state, event.timer)
    current = event.state in chain and running.visits[chain.index(event.state)] == event.visit
    if not current:
        running.record(event=trigger, ignored="the visit that started it has ended")
        return
    decision, entry = _decide(running, trigger, {"timer": event.timer})
    rule = decision.taken
    if rule is None:
        running.record(event=trigger, unanswered=True)
    elif decision.entered is None and (later := _overtaken_by(running, event)):
        entry["unsaid"] = [*rule.reaction.say, *rule.reaction.tell]
        entry["because"] = f"it comes late: '{later}' of the same state has run out as well"
        running.act(rule, entry)
    else:
        running.follow(rule, decision.entered, entry)


def _overtaken_by(running: RunningStep, event: TimerDue) -> str | None:
    """Name of a later timer of the same state that has run out too: the shop was down. None if none has."""
    timers = running.flow.states[event.state].timers
    own = next((timer for timer in timers if timer.name == event.timer), None)
    if own is None:
        return None
    passed = running.now - (event.due - own.after)
    return next((timer.name for timer in timers if own.after < timer.after <= passed), None)


def _answer(running: RunningStep, trigger: str, fields: Mapping[str, Any], stale: bool = False) -> bool:
    """Fire `trigger` and follow the rule that answers it. Return False if none does."""
    decision, entry = _decide(running, trigger, fields, stale)
    if decision.taken is None:
        return False
    running.follow(decision.taken, decision.entered, entry)
    return True


def _decide(
    running: RunningStep, trigger: str, fields: Mapping[str, Any], stale: bool = False
) -> tuple[Decision, dict[str, Any]]:
    """Decide which rule answers `trigger`. Return the decision and its trace entry.

    The entry is put into the trace only if a rule was taken or passed over, or if it is a refusal: whoever
    asked over the API is told of it even if the flow does not answer.
    """
    running.event = fields
    decision = Decision(running.state.path, stale, running.context)
    try:
        decide(running.flow.machine, trigger, decision)
    except StepFailed as failed:
        if decision.looked_at is not None:
            failed.where += (running.flow.where_rule(decision.looked_at),)
        raise
    rule = decision.taken
    entry: dict[str, Any] = {"event": trigger, "state": running.state.path}
    if reason := fields.get("reason"):
        entry["reason"] = reason
        if field := fields.get("field"):
            entry["field"] = field
        if wait := fields.get("wait"):
            entry["wait"] = wait
    if decision.considered:
        entry["passed"] = [{"rule": r.name, **place_of(r), "because": why} for r, why in decision.considered]
    if rule is None and not decision.considered and "reason" not in entry:
        return decision, entry
    running.trace.append(entry)
    if rule is not None:
        entry["taken"] = {"rule": rule.name, **place_of(rule)}
        if rule.ignored is not None:
            entry["ignored"] = rule.ignored
    return decision, entry
