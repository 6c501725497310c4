"""Working state of one step. Like `Decision`, it is mutable and never leaves the step."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from flows.document.errors import StepFailed, ValueRefused
from flows.engine.conversation import Conversation
from flows.engine.effects import Effect, Say, StartTimer, Tell
from flows.engine.events import Happened, TimerDue
from flows.engine.model import LANGUAGE, SET, ActionCall, Flow, Reaction, Rule, State
from flows.engine.variables import parse
from flows.engine.vocabulary import Result, Scene
from flows.messages import replies
from flows.messages.kinds import Message
from flows.templates.expressions import Template


class RunningStep:
    """Applies rules to one conversation, and collects its effects and its trace."""

    def __init__(self, flow: Flow, conversation: Conversation, now: int, number: int, host: Any) -> None:
        self.flow = flow
        self.state: State = flow.states[conversation.state]
        self.visits = conversation.visits
        self.choices = conversation.choices
        self.sent_since = conversation.sent_since
        self.paged = conversation.paged
        self.effects: list[Effect] = []
        self.trace: list[dict[str, Any]] = []
        self._before = conversation
        self._visit_count = conversation.visit_count
        self._language = conversation.language
        self._variables = conversation.variables
        self.host = host
        self.now, self._number = now, number
        self._raised: list[Happened] = []
        self._offered = False
        self._event: Mapping[str, Any] = {}
        self._context: dict[str, Any] | None = None

    def is_fresh(self, reply: replies.ReplyId) -> bool:
        """Whether `reply` was offered in the present visit of this conversation."""
        return (reply.conversation, reply.visit) == (self._before.id, self.visits[-1])

    def as_called_now(self, event: TimerDue) -> TimerDue:
        """Return `event` with the names that its state and timer have since the flow was changed."""
        for one in self._before.carried:
            if (one.state, one.timer, one.visit) == (event.state, event.timer, event.visit):
                return replace(event, state=one.state_now, timer=one.timer_now)
        return event

    # What templates and guards see

    @property
    def event(self) -> Mapping[str, Any]:
        """The fields of the event being handled."""
        return self._event

    @event.setter
    def event(self, fields: Mapping[str, Any]) -> None:
        self._event = fields
        self._context = None

    def context(self) -> Mapping[str, Any]:
        """Names and values that templates see at this point of the step."""
        if self._context is None:
            self._context = self._context_in(self._language)
        return self._context

    def _context_in(self, language: str) -> dict[str, Any]:
        vocabulary = self.flow.vocabulary
        statics = vocabulary.refreshed(self.flow.statics[language], self.host)
        return {
            **self.flow.defaults,
            **self._variables,
            **statics,
            **vocabulary.views(self.host, statics),
            "customer": {"name": "", **self._before.customer, **vocabulary.customer(self.host)},
            "event": self._event,
            "language": language,
            "state": self.state.path,
        }

    def set_variable(self, name: str, value: str | int) -> None:
        """Set a variable of the flow."""
        self._variables = {**self._variables, name: value}
        self._context = None

    def record(self, **entry: Any) -> None:
        """Add an entry to the trace."""
        self.trace.append({"state": self.state.path, **entry})

    def take_raised(self) -> list[Happened]:
        """Return the events that actions raised, and forget them."""
        raised, self._raised = self._raised, []
        return raised

    # What a rule does

    def follow(self, rule: Rule, leaf: str | None, entry: dict[str, Any]) -> None:
        """Apply `rule`, which moves to `leaf` or stays (None). `entry` is its trace entry."""
        try:
            self._follow(rule, leaf, entry)
        except StepFailed as failed:
            failed.where += (self.flow.where_rule(rule),)
            raise

    def _follow(self, rule: Rule, leaf: str | None, entry: dict[str, Any]) -> None:
        if not self._do(rule.reaction, entry):
            return
        entered = self._move(leaf, rule.depth, entry) if leaf else ()
        self._say(rule.reaction, entry)
        self._tell(rule.reaction, entry)
        for state, visit in entered:
            self._start_timers(state, visit)
            self._react(state.enter, entry)

    def show_page(self, asked: replies.PageId) -> None:
        """Send a page of a list as it is now. Its rows belong to the visit in which the list was sent.

        Raises ValueRefused if the list can't be rendered in the present state, or is an offer that the
        customer does not want any more.
        """
        if because := self._keeps(asked.message):
            raise ValueRefused(f"'{asked.message}' is an offer: {because}")
        try:
            self._send(asked.message, replies.place(asked.conversation, asked.visit), asked.page)
        except StepFailed as failed:
            raise ValueRefused(f"'{asked.message}' can't be shown in this state: {failed}") from failed
        self.record(event="page", page=asked.page, said=[asked.message])

    def announce(self, name: str) -> None:
        """Send the message `name`, which no rule says."""
        entry: dict[str, Any] = {}
        self._say(Reaction(say=(name,)), entry)
        self.record(event="announced", **entry)

    def act(self, rule: Rule, entry: dict[str, Any]) -> None:
        """Run the actions of `rule`. Send no message and stay in the state."""
        try:
            self._do(rule.reaction, entry)
        except StepFailed as failed:
            failed.where += (self.flow.where_rule(rule),)
            raise

    def _move(self, leaf: str, depth: int, entry: dict[str, Any]) -> tuple[tuple[State, int], ...]:
        """Exit states and enter `leaf`. Return the entered states with their visits, outermost first.

        Only the outer `depth` of the states around `leaf` may keep their visit.
        """
        target = self.flow.states[leaf]
        kept = min(depth, _shared(self.state.chain, target.chain))
        for left in reversed(self.state.chain[kept:]):
            self._react(self.flow.states[left].exit, entry)
        entered = target.chain[kept:]
        self._visit_count += 1
        self.visits = (*self.visits[:kept], *(self._visit_count for _ in entered))
        self.state = target
        self.choices, self.sent_since = (), False
        self._context = None
        entry["entered"] = list(entered)
        return tuple((self.flow.states[inner], self._visit_count) for inner in entered)

    def _start_timers(self, state: State, visit: int) -> None:
        self.effects.extend(
            StartTimer(state.path, timer.name, visit, self.now + timer.after) for timer in state.timers
        )

    def _react(self, reaction: Reaction, entry: dict[str, Any]) -> None:
        if self._do(reaction, entry):
            self._say(reaction, entry)
            self._tell(reaction, entry)

    def _say(self, reaction: Reaction, entry: dict[str, Any]) -> None:
        for name in reaction.say:
            if because := self._keeps(name):
                entry.setdefault("unsaid", []).append(name)
                entry["because"] = because
                continue
            self._send(name, replies.place(self._before.id, self.visits[-1]))
            entry.setdefault("said", []).append(name)
            if name in self.flow.paged and name not in self.paged:
                self.paged = (*self.paged, name)

    def _keeps(self, name: str) -> str | None:
        """Return why the message `name` is not for the customer now; None if it is."""
        return self.flow.vocabulary.keeps_offers(self.host) if name in self.flow.promotions else None

    def _send(self, name: str, place: str, page: int = 1) -> None:
        message = self._rendered_message(name, self._language, self.context(), place, page)
        self.effects.append(Say(name, message, offer=name in self.flow.promotions))
        if offered := message.replies:
            self.choices = tuple((reply.title, reply.id) for reply in offered)
            self._offered = True
        self.sent_since = bool(self.choices) and not self._offered

    def _rendered_message(
        self, name: str, language: str, context: Mapping[str, Any], place: str, page: int = 1
    ) -> Message:
        try:
            return self.flow.messages[name][language](context, place, page)
        except StepFailed as failed:
            failed.where += (self.flow.where_message(name),)
            raise

    def _tell(self, reaction: Reaction, entry: dict[str, Any]) -> None:
        """Tell the staff, in the flow's first language. Their taps come back with the host's own ids."""
        if not reaction.tell:
            return
        language, vocabulary = self.flow.languages[0], self.flow.vocabulary
        context, place = self._context_in(language), vocabulary.staff_place(self.host, self._before.id)
        for name in reaction.tell:
            self.effects.append(Tell(name, self._rendered_message(name, language, context, place)))
            entry.setdefault("told", []).append(name)

    def _do(self, reaction: Reaction, entry: dict[str, Any]) -> bool:
        """Run the actions. Return False if one raised an event instead of the rest of the rule."""
        for call in reaction.do:
            entry.setdefault("did", []).append(call.name)
            if call.name == SET:
                self._set(call)
            elif call.name == LANGUAGE:
                self._language = str(call.args["to"])
            elif instead := self._run(call, reaction).instead:
                entry["instead"] = instead.name
                self._raised.append(instead)
                self._context = None
                return False
            self._context = None
        return True

    def _set(self, call: ActionCall) -> None:
        for name, value in self._rendered(call).items():
            if call.args[name] == "":  # written out so: what a template leaves empty is refused
                self.set_variable(name, "")
            else:
                self._give(SET, name, value)

    def _give(self, action: str, name: str, value: object) -> None:
        parsed = parse(self.flow.variables[name], str(value))
        if parsed is None:
            raise ValueRefused(f"'{action}' can't give the variable '{name}' a value of that shape")
        self.set_variable(name, parsed)

    def _run(self, call: ActionCall, reaction: Reaction) -> Result:
        assert call.action is not None
        try:
            args = call.constant or call.action.args.model_validate(self._rendered(call))
        except ValidationError as error:
            problem = error.errors()[0]
            raise ValueRefused(
                f"'{call.name}' can't take its {problem['loc'][0]}: {problem['msg']}"
            ) from None
        result = call.action.run(self._scene(reaction), args)
        self.host = result.host
        self._raised.extend(result.raised)
        for name, value in result.variables.items():
            self._give(call.name, name, value)
        return result

    def _scene(self, reaction: Reaction) -> Scene:
        return Scene(
            conversation=self._before.id,
            language=self._language,
            sections=self.flow.sections,
            event=self._event,
            now=self.now,
            number=self._number,
            variables=self._variables,
            host=self.host,
            tells_by_template=not self.flow.templated.isdisjoint(reaction.tell),
        )

    def _rendered(self, call: ActionCall) -> dict[str, Any]:
        context = self.context()
        return {
            key: value.render(context) if isinstance(value, Template) else value
            for key, value in call.args.items()
        }

    def conversation(self) -> Conversation:
        """Return the conversation as it is now."""
        return Conversation(
            id=self._before.id,
            state=self.state.path,
            visits=self.visits,
            visit_count=self._visit_count,
            language=self._language,
            customer=self._before.customer,
            variables=self._variables,
            data=self._before.data,
            choices=self.choices,
            sent_since=self.sent_since,
            paged=self.paged,
            talk=self._before.talk,
            carried=tuple(one for one in self._before.carried if one.visit in self.visits),
        )


def _shared(current: tuple[str, ...], target: tuple[str, ...]) -> int:
    """Number of outer states that two chains have in common."""
    shared = 0
    for here, there in zip(current, target, strict=False):
        if here != there:
            break
        shared += 1
    return shared
