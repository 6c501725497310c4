"""What the checks look at: the file, its spec, the compiled flow, and what follows from them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import cached_property

from jinja2 import nodes

from flows.document.errors import Issue, Severity, nearest
from flows.document.places import Document, Path
from flows.engine.model import OTHERWISE, Flow, Reaction
from flows.language.checks.own_events import own_event
from flows.language.checks.set_words import variables_of_words
from flows.language.checks.ways import Ways
from flows.language.schema import FlowSpec, StateSpec
from flows.messages.writer import Part
from flows.templates.expressions import NEVER, Expression, TemplateLanguage, language_of
from flows.templates.inference import EVENT, EventType
from flows.templates.lookups import Lookup
from flows.templates.types import NUMBER, TEXT, Record, Type, Types, Words, type_of, words


@dataclass(frozen=True)
class Subject:
    """One flow that is being checked."""

    document: Document
    spec: FlowSpec
    flow: Flow
    parts: Mapping[str, Sequence[Part]]
    """Message name -> every text in it, as written."""
    refused_words: frozenset[str]
    """Every word of the templates and guards that do not compile: names that they may read."""
    astray: Set[Path]
    """Places of names of states, messages and actions that there are not."""

    def issue(self, path: Path, message: str, mend: str = "") -> Issue:
        """Return an error at `path`."""
        return self.document.issue(path, message, mend)

    def warning(self, path: Path, message: str, mend: str = "") -> Issue:
        """Return a warning at `path`."""
        return self.document.issue(path, message, mend, Severity.WARNING)

    @cached_property
    def ways(self) -> Ways:
        """What can happen in which state."""
        return Ways(self.flow)

    @cached_property
    def _language(self) -> TemplateLanguage:
        """The language of the flow's templates."""
        return language_of(self.flow.vocabulary.filters)

    @cached_property
    def types(self) -> Types:
        """The types of all names that templates may read, and of the host's events."""
        flow = self.flow
        statics = flow.statics[flow.languages[0]]
        host = flow.vocabulary.types(statics)
        variables = {
            name: NUMBER if variable.type == "integer" else TEXT for name, variable in flow.variables.items()
        }
        own: dict[str, Type] = {
            "language": words(flow.languages, "language of this flow"),
            "state": words(self.ways.leaves, "state to rest in"),
        }
        seen = {**statics, **flow.vocabulary.sample(statics)}
        sampled = {name: type_of(value, {}, statics.get(name)) for name, value in seen.items()}
        of_words = variables_of_words(flow)
        names = {**sampled, **variables, **of_words, **host.names, **own}
        return Types(
            {**names, **_with_kept(flow, names, of_words)},
            host.events,
            host.outcomes,
            host.arguments,
            host.money_filters,
        )

    @cached_property
    def fired(self) -> frozenset[str]:
        """Every trigger that something fires: a reply, a word, an event."""
        flow = self.flow
        words_fire = {trigger for state in flow.states.values() for trigger in state.words.values()}
        return frozenset(flow.offered | words_fire | (flow.reserved - {OTHERWISE}))

    @cached_property
    def meant(self) -> frozenset[str]:
        """The triggers that rules may mean which nothing fires: those are misspelt."""
        odd = {rule.trigger for rule in self.flow.rules if rule.trigger in self.on} - self.fired
        answered = {rule.trigger for rule in self.flow.rules}
        return frozenset(filter(None, (nearest(trigger, self.fired - answered) for trigger in odd)))

    @cached_property
    def on(self) -> frozenset[str]:
        """The triggers of all rules under `on` and `anywhere`."""
        return frozenset(self.spec.anywhere).union(*(state.on for _, state in self.states()))

    def leads_astray(self, place: Path) -> bool:
        """Whether something at or below `place` names what there is not."""
        return any(one[: len(place)] == place for one in self.astray)

    @cached_property
    def always_answered(self) -> frozenset[tuple[str, str]]:
        """(owner, trigger) of each rule without a guard."""
        return frozenset((rule.owner, rule.trigger) for rule in self.flow.rules if rule.guard is None)

    def kind_of(self, field: Lookup) -> Type | None:
        """Return the type of a field by its path, if it is known."""
        kind: Type | None = self.types.names.get(field[0])
        for step in field[1:]:
            kind = kind.fields.get(step) if isinstance(kind, Record) else None
        return kind

    def kinds_on(self, trigger: str, action: str = "") -> Callable[[Lookup], Type | None]:
        """Return `kind_of`, where the event `trigger` is being handled, perhaps as `action` raised it."""
        record = self.types.outcomes.get((action, trigger)) or self.record(trigger) or Record()

        def kind(field: Lookup) -> Type | None:
            return (
                record.fields.get(field[1]) if field[0] == EVENT and len(field) == 2 else self.kind_of(field)
            )

        return kind

    def record(self, trigger: str) -> Record | None:
        """Return the fields of `event` on `trigger`; None if they are not known."""
        known = self.types.events.get(trigger)
        return known or own_event(trigger, trigger in self.flow.offered, trigger in self.ways.typed)

    def event_on(self, triggers: Iterable[str], message: str = "") -> EventType:
        """Return the fields of `event` on any of `triggers`; nothing is known if one of them is not.

        `message` is the one that is said then, if the fields are for a message.
        """
        records: dict[str, Record] = {}
        for trigger in triggers:
            record = self.record(trigger)
            if record is None:
                return EventType({})
            records[trigger] = record
        return EventType(records, frozenset(t for t in records if (message, t) in self.ways.said_always))

    def tree(self, guard: Expression | None) -> nodes.Node | None:
        """Return the parse tree of a guard; None if there is none."""
        if guard is None:
            return None
        return nodes.Const(False) if guard is NEVER else self.value(guard.source)

    def value(self, source: str) -> nodes.Node:
        """Return the parse tree of a bare expression."""
        return self._language.value(source)

    def template(self, source: str) -> nodes.Template:
        """Return the parse tree of a template."""
        return self._language.tree(source)

    def alone_in(self, source: str) -> nodes.Node | None:
        """Return what a template fills in if it is `{{ … }}` and nothing around it, else None."""
        body = self.template(source).body
        parts = body[0].nodes if len(body) == 1 and isinstance(body[0], nodes.Output) else []
        return parts[0] if len(parts) == 1 and not isinstance(parts[0], nodes.TemplateData) else None

    def reactions(self) -> Iterator[Reaction]:
        """Yield what each state and each rule does."""
        for state in self.flow.states.values():
            yield from (state.enter, state.exit)
        yield from (rule.reaction for rule in self.flow.rules)

    def states(self) -> Iterator[tuple[str, StateSpec]]:
        """Yield (dotted path, spec) of every state."""
        for path in self.flow.states:
            names = path.split(".")
            state = self.spec.states[names[0]]
            for name in names[1:]:
                state = state.states[name]
            yield path, state


def _with_kept(flow: Flow, names: Mapping[str, Type], of_words: Mapping[str, Words]) -> dict[str, Type]:
    """Return the views that keep variables which hold one of few words: those, or nothing."""
    kept = of_words.keys() & set(flow.vocabulary.kept(flow.sections))
    fields = {name: words({"", *of_words[name].words}, of_words[name].what) for name in kept}
    views = {view: names[view] for view in flow.vocabulary.keeping if fields}
    return {
        view: Record({**kind.fields, **fields}) for view, kind in views.items() if isinstance(kind, Record)
    }
