"""Compile a spec into a Flow: resolve names, compile templates, number rules, build the machine.

What can't be compiled becomes an issue. The rest is compiled all the same, so that one run reports all
issues.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError

from flows.document import durations
from flows.document.errors import Issue, close, nearest
from flows.document.places import Document, Path
from flows.document.shape import text_in
from flows.engine.model import (
    LANGUAGE,
    MIGRATE,
    NOTHING,
    OTHERWISE,
    SET,
    ActionCall,
    Flow,
    Migration,
    Reaction,
    Rule,
    State,
    Timer,
    Truth,
    timer_trigger,
)
from flows.engine.variables import default_of, given, taken
from flows.engine.vocabulary import Action, Vocabulary
from flows.language import state_names, typed_words
from flows.language.argument_words import argument_meant, refused
from flows.language.machine import machine_of
from flows.language.schema import FlowSpec, HandlerSpec, ReactionSpec, StateSpec
from flows.language.subflows import RETURN
from flows.language.texts import Texts
from flows.language.walk import chain, offers, state_paths, state_place, told_only
from flows.messages.limits import ChannelLimits
from flows.messages.writer import Part
from flows.templates.expressions import NEVER, Template


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled flow, and the issues found meanwhile."""

    flow: Flow
    issues: list[Issue]
    """If one of them is an error, the flow must not be run."""
    parts: Mapping[str, Sequence[Part]]
    """Message name -> every text in it, as written."""
    refused_words: frozenset[str]
    """Every word of the templates and guards that do not compile: names that they may read."""
    astray: Set[Path]
    """Places of names of states, messages and actions that there are not."""


def compile_flow(
    document: Document, spec: FlowSpec, vocabulary: Vocabulary, limits: ChannelLimits
) -> Compiled:
    """Compile the whole flow, even if parts of it are wrong."""
    compiler = _Compiler(document, spec, vocabulary, limits)
    return Compiled(
        compiler.flow(),
        compiler.issues,
        {name: written.parts for name, written in compiler.messages.items()},
        compiler.texts.refused_words,
        compiler.astray,
    )


@dataclass
class _Compiler:
    document: Document
    spec: FlowSpec
    vocabulary: Vocabulary
    limits: ChannelLimits
    issues: list[Issue] = field(default_factory=list)
    rules: list[Rule] = field(default_factory=list)
    astray: set[Path] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.texts = Texts(self.document, self.spec, self.vocabulary, self.limits, self.issues)
        self.messages = self.texts.messages()
        self.paths = dict(state_paths(self.spec.states))

    def flow(self) -> Flow:
        states = {path: self._state(path, spec) for path, spec in self.paths.items()}
        anywhere = self._handlers("", ("anywhere",), self.spec.anywhere)
        anywhere += self._otherwise("", (), self.spec.otherwise)
        words = typed_words.by_word(self.spec.anywhere, ("anywhere",), "words", self._report)
        answers = typed_words.by_word(self.spec.anywhere, ("anywhere",), "answers", self._report)
        interrupting = typed_words.interrupting(self.spec.anywhere)
        states = {
            path: self._inherit(state, states, anywhere, words, answers, interrupting)
            for path, state in states.items()
        }
        start = self._resolve(self.spec.start, "", ("start",))
        return Flow(
            name=self.spec.flow,
            file=self.document.file,
            languages=tuple(self.spec.languages),
            start=states[start].leaf if start else "",
            states=MappingProxyType(states),
            rules=tuple(self.rules),
            machine=machine_of(states, self.rules),
            messages=MappingProxyType({name: message.speeches for name, message in self.messages.items()}),
            variables=MappingProxyType(self.spec.variables),
            offered=frozenset(offer.trigger for offer in offers(self.spec, self._told_only(states))),
            paged=frozenset(name for name, message in self.spec.messages.items() if message.has_pages),
            promotions=frozenset(name for name, message in self.spec.messages.items() if message.offer),
            templated=frozenset(name for name, message in self.spec.messages.items() if message.template),
            vocabulary=self.vocabulary,
            limits=self.limits,
            sections=MappingProxyType({name: getattr(self.spec, name) for name in self.vocabulary.sections}),
            statics=MappingProxyType(self.texts.statics),
            apologies={
                language: text_in(self.spec.apology, language, self.spec.languages[0])
                for language in self.spec.languages
            },
            defaults=MappingProxyType(
                {name: default_of(variable) for name, variable in self.spec.variables.items()}
            ),
            truths=tuple(self._truths()),
            migrations=tuple(self._migrations()),
            written=self.texts.written,
            message_places=MappingProxyType(
                {
                    name: "{0.file}:{0.line}".format(self.document.place(("messages", name)))
                    for name in self.messages
                }
            ),
        )

    def _told_only(self, states: Mapping[str, State]) -> set[str]:
        around = [reaction for state in states.values() for reaction in (state.enter, state.exit)]
        return told_only([*around, *(rule.reaction for rule in self.rules)])

    def _truths(self) -> Iterator[Truth]:
        never = [(("never", n), False, one.say, "if", one.if_) for n, one in enumerate(self.spec.never)]
        always = [
            (("always", n), True, one.say, "holds", one.holds) for n, one in enumerate(self.spec.always)
        ]
        for where, holds, say, key, source in (*never, *always):
            self._messages(say, (*where, "say"))
            guard = self.texts.expression(source, (*where, key))
            if guard:
                yield Truth(holds, tuple(say), guard, *self._written_at((*where, key)))

    def _migrations(self) -> Iterator[Migration]:
        for index, spec in enumerate(self.spec.migrate):
            where = ("migrate", index)
            to, call = spec.to or self.spec.start, self._set(spec.set, (*where, "set")) if spec.set else None
            guard = (self.texts.expression(spec.if_, (*where, "if")) or NEVER) if spec.if_ else None
            reaction, target = Reaction((call,) if call else ()), self._resolve(to, "", (*where, "to"))
            at = (where, *self._written_at(where))
            yield Migration(tuple(spec.from_), Rule("", MIGRATE, guard, reaction, target, False, None, *at))

    # States

    def _state(self, path: str, spec: StateSpec) -> State:
        where = state_place(path)
        rules = self._handlers(path, (*where, "on"), spec.on) + self._after(path, where, spec)
        rules += self._otherwise(path, where, spec.otherwise)
        ask = self._variable(spec.ask, (*where, "ask")) if spec.ask else None
        return State(
            path=path,
            chain=chain(path),
            leaf=self._leaf(path, spec),
            enter=self._reaction(spec.enter, (*where, "enter")),
            exit=self._reaction(spec.exit, (*where, "exit")),
            timers=tuple(self._timers(path, spec)),
            ask=ask,
            words=typed_words.by_word(spec.on, (*where, "on"), "words", self._report),
            answers=typed_words.by_word(spec.on, (*where, "on"), "answers", self._report),
            interrupting=typed_words.interrupting(spec.on),
            triggers=frozenset(rule.trigger for rule in rules),
            line=self.document.line(where),
        )

    def _inherit(
        self,
        state: State,
        states: Mapping[str, State],
        anywhere: list[Rule],
        words: Mapping[str, str],
        answers: Mapping[str, str],
        interrupting: frozenset[str],
    ) -> State:
        """Return `state` with the words and triggers of the states around it and of `anywhere` added."""
        around = [states[path] for path in state.chain]
        merged, answering = dict(words), dict(answers)
        for outer in around:
            merged.update(outer.words)
            answering.update(outer.answers)
            interrupting = (interrupting - outer.words.keys()) | outer.interrupting
        triggers = frozenset(rule.trigger for rule in anywhere).union(*(s.triggers for s in around))
        return replace(
            state,
            words=MappingProxyType(merged),
            answers=MappingProxyType(answering),
            # The words of the state itself win over an answer to its question.
            interrupting=interrupting | state.words.keys(),
            triggers=triggers,
        )

    def _leaf(self, path: str, spec: StateSpec) -> str:
        """Path of the state where a conversation rests after entering `path`."""
        where = state_place(path)
        while spec.states:
            first = spec.start or ""
            if first not in spec.states:
                mend = f"add 'start: {next(iter(spec.states))}' (or another of its states)"
                if not self.document.may_hold(first, "states"):
                    self._report((*where, "start"), f"the group '{path}' doesn't say where to start", mend)
                first = next(iter(spec.states))
            path, spec = f"{path}.{first}", spec.states[first]
        return path

    def _timers(self, path: str, spec: StateSpec) -> Iterator[Timer]:
        for name in spec.after:
            try:
                yield Timer(name, durations.parse(name), timer_trigger(path, name))
            except ValueError as error:
                self._report((*state_place(path), "after", name), str(error))

    # Rules

    def _handlers(self, owner: str, where: Path, handlers: Mapping[str, list[HandlerSpec]]) -> list[Rule]:
        return [
            self._rule(owner, trigger, spec, (*where, trigger, index))
            for trigger, specs in handlers.items()
            for index, spec in enumerate(specs)
        ]

    def _after(self, owner: str, where: Path, spec: StateSpec) -> list[Rule]:
        return [
            self._rule(owner, timer_trigger(owner, name), handler, (*where, "after", name, index))
            for name, handlers in spec.after.items()
            for index, handler in enumerate(handlers)
        ]

    def _otherwise(self, owner: str, where: Path, handlers: list[HandlerSpec] | None) -> list[Rule]:
        return [
            self._rule(owner, OTHERWISE, spec, (*where, "otherwise", index))
            for index, spec in enumerate(handlers or ())
        ]

    def _written_at(self, where: Path) -> tuple[int, str]:
        """Return the line of a place, and its file if that is an included one."""
        place = self.document.place(where)
        return place.line, place.file if place.file != self.document.file else ""

    def _rule(self, owner: str, trigger: str, spec: HandlerSpec, where: Path) -> Rule:
        line, file = self._written_at(where)
        rule = Rule(
            owner=owner,
            trigger=trigger,
            guard=(self.texts.expression(spec.if_, (*where, "if")) or NEVER) if spec.if_ else None,
            reaction=self._reaction(spec, where),
            target=self._resolve(spec.to, owner, (*where, "to")) if spec.to else None,
            stale=spec.stale or not owner,
            ignored=spec.ignore,
            place=where,
            line=line,
            file=file,
        )
        self.rules.append(rule)
        return rule

    def _resolve(self, name: str, owner: str, where: Path) -> str | None:
        """Path of the state that `name` means in `owner`; of one that is misspelt, what it may mean."""
        path = state_names.resolved(name, owner, self.paths)
        if path is not None:
            return path
        self.astray.add(where)
        if self.document.may_hold(name, "states"):
            return None
        near = state_names.meant(name, owner, self.paths)
        message, mend = f"there is no state '{name}'", f"did you mean '{near[1]}'?" if near else ""
        if name == RETURN:
            message, mend = "'return' leads back from a subflow, and this is none", "write where it leads"
        elif name in self.spec.subflows:
            called = f"a subflow is called: write 'call: {name}'"
            mend = state_names.copies_of(name, self.paths) if where[0] == "migrate" else called
        self._report(where, message, mend or state_names.listed(self.paths))
        return near[0] if near else None

    def _reaction(self, spec: ReactionSpec | None, where: Path) -> Reaction:
        if spec is None:
            return NOTHING
        say = self._messages(spec.say, (*where, "say"))
        tell = self._messages(spec.tell, (*where, "tell"))
        calls = [
            self._call(name, args, (*where, "do", index, name))
            for index, entry in enumerate(spec.do)
            for name, args in (entry if isinstance(entry, dict) else {entry: None}).items()
        ]
        return Reaction(tuple(call for call in calls if call), say, tell)

    def _messages(self, names: Sequence[str], where: Path) -> tuple[str, ...]:
        """Return the messages that there are of `names`, with those that a misspelt name may mean."""
        found: list[str] = []
        for index, name in enumerate(names):
            if name in self.spec.messages:
                found.append(name)
                continue
            self.astray.add((*where, index))
            if not self.document.may_hold(name, "messages"):
                mend = close(name, self.spec.messages) or f"write it under 'messages': {name}: …"
                self._report((*where, index), f"there is no message '{name}'", mend)
                found += filter(None, [nearest(name, self.spec.messages)])
        return tuple(found)

    def _call(self, name: str, given: Any, where: Path) -> ActionCall | None:
        if name == SET:
            return self._set(given, where)
        if name == LANGUAGE:
            return self._language(given, where)
        known = (*self.vocabulary.actions, SET, LANGUAGE)
        if name not in known:
            near = nearest(name, known)
            mend = close(name, known) or f"there are {', '.join(known)}"
            self._report(where, f"there is no action '{name}'", mend)
            self.astray.add(where)
            return self._call(near, given, where) if near else None
        return self._host_call(name, self.vocabulary.actions[name], given, where)

    def _host_call(self, name: str, action: Action, given: Any, where: Path) -> ActionCall | None:
        fields = action.args.model_fields
        if given is None:
            given = {}
        elif not isinstance(given, Mapping):
            given = {next(iter(fields), "value"): given}
        for key in given:
            if key not in fields:
                self._report((*where, key), f"'{name}' takes no '{key}'", argument_meant(key, given, fields))
        for key, info in fields.items():
            if info.is_required() and key not in given:
                self._report(where, f"'{name}' needs '{key}'", f"write {{{name}: {{{key}: …}}}}")
        self._know_what_is_set(name, action, where)
        args = {key: self.texts.value(value, (*where, key)) for key, value in given.items() if key in fields}
        if any(isinstance(value, Template) for value in args.values()):
            return ActionCall(name, where, action, args, None)
        try:
            return ActionCall(name, where, action, args, action.args.model_validate(args))
        except ValidationError as error:
            for details in error.errors():
                if details["type"] != "missing":
                    self._report((*where, *details["loc"]), *refused(name, details, action.args))
            return None

    def _know_what_is_set(self, name: str, action: Action, where: Path) -> None:
        for variable, kind in action.sets.items():
            declared = self.spec.variables.get(variable)
            fits = declared is not None and declared.type == kind
            if not fits and not self.document.may_hold(variable, "variables"):
                message = f"'{name}' sets the variable '{variable}', of type {kind}"
                self._report(where, message, f"write '{variable}: {{type: {kind}}}' under 'variables'")

    def _set(self, values: Any, where: Path) -> ActionCall | None:
        if not isinstance(values, Mapping):
            self._report(where, "'set' needs variables and values", "write {set: {variable: value}}")
            return None
        args = {
            self._variable(key, (*where, key)): self.texts.value(value, (*where, key))
            for key, value in values.items()
        }
        for name, value in args.items():
            variable = self.spec.variables.get(name)
            if variable and not isinstance(value, Template) and given(variable, value) is None:
                message = f"{value!r} is no value for the variable '{name}'"
                self._report((*where, name), message, f"it takes {taken(variable)}")
        return ActionCall(SET, where, None, args, None)

    def _variable(self, name: str, where: Path) -> str:
        """Return `name`, or the variable that it may mean if it is misspelt."""
        if name not in self.spec.variables and not self.document.may_hold(name, "variables"):
            mend = close(name, self.spec.variables) or f"add '{name}: {{}}' under 'variables'"
            if name in self.texts.taken:
                mend = f"that name is taken: add 'my_{name}: {{}}' under 'variables', and write that here"
            self._report(where, f"there is no variable '{name}'", mend)
            return nearest(name, self.spec.variables) or name
        return name

    def _language(self, given: Any, where: Path) -> ActionCall | None:
        if given not in self.spec.languages and not self.document.may_hold(str(given), "languages"):
            mend = f"the flow's languages are {', '.join(self.spec.languages)}"
            self._report(where, f"'{given}' is not a language of this flow", mend)
            return None
        return ActionCall(LANGUAGE, where, None, {"to": given}, None)

    def _report(self, where: Path, message: str, mend: str = "") -> None:
        self.issues.append(self.document.issue(where, message, mend))
