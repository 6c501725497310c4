"""Check the meaning of a flow: every event is answered, and the channel takes every message.

Each check is a generator of issues over the spec and the compiled flow. `_CHECKS` lists the checks of the
rules; those of the messages are in `flows.language.check_messages`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from flows.document.errors import Issue, Severity, close
from flows.document.reader import Document, Path
from flows.engine.model import BUILT_IN, OTHERWISE, RECEIVED, Flow, Reaction, Rule
from flows.language.check_messages import check_messages
from flows.language.compile import Compiled
from flows.language.schema import FlowSpec, HandlerSpec, StateSpec
from flows.language.texts import ROOTS
from flows.language.trials import messages_can_be_sent
from flows.language.walk import offers, state_place, told_only


def check(document: Document, spec: FlowSpec, compiled: Compiled) -> list[Issue]:
    """Return every issue of meaning, unordered."""
    flow = compiled.flow
    issues = [issue for examine in _CHECKS for issue in examine(document, spec, flow)]
    issues += check_messages(document, spec, compiled)
    if any(issue.severity is Severity.ERROR for issue in (*compiled.issues, *issues)):
        return issues
    # Whole messages are tried only now, because they would repeat errors already reported in their parts.
    return [*issues, *messages_can_be_sent(document, flow)]


def _triggers_can_fire(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    word_triggers = {trigger for state in flow.states.values() for trigger in state.words.values()}
    known = flow.offered | word_triggers | BUILT_IN.keys() | RECEIVED | _host_events(flow)
    for where, handlers in _handlers(flow, spec):
        for trigger in handlers:
            if trigger not in known:
                mend = close(trigger, known) or "offer it on a button or row, or give it 'words'"
                yield document.issue((*where, trigger), f"nothing ever fires '{trigger}'", mend)


def _words_fire_nothing_reserved(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    reserved = _reserved(flow)
    for where, handlers in _handlers(flow, spec):
        for trigger in handlers.keys() & reserved:
            for index, handler in enumerate(handlers[trigger]):
                if handler.words:
                    message = f"no word can fire '{trigger}': customers could claim what didn't happen"
                    yield document.issue((*where, trigger, index, "words"), message, "use another name")


def _handlers(flow: Flow, spec: FlowSpec) -> Iterator[tuple[Path, Mapping[str, list[HandlerSpec]]]]:
    """Every `on:`, and `anywhere`, with its place in the file."""
    yield ("anywhere",), spec.anywhere
    yield from (((*state_place(path), "on"), state.on) for path, state in _states(flow, spec))


def _host_events(flow: Flow) -> set[str]:
    """Events that only the host or its actions may fire."""
    raised = {event for action in flow.vocabulary.actions.values() for event in action.raises}
    return raised | flow.vocabulary.events.keys()


def _reserved(flow: Flow) -> set[str]:
    """Triggers that neither taps nor words may fire."""
    return _host_events(flow) | BUILT_IN.keys() | {OTHERWISE} | RECEIVED


def _offers_are_answered(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    reserved = _reserved(flow)
    answered = {rule.trigger for rule in flow.rules}
    for offer in offers(spec, told_only(_reactions(flow))):
        if offer.trigger in reserved:
            message = (
                f"a button can't fire '{offer.trigger}': customers could claim what only the outside may say"
            )
            yield document.issue(offer.place, message, "use another name")
        elif offer.trigger not in answered:
            mend = (
                close(offer.trigger, answered)
                or f"add 'on: {{{offer.trigger}: …}}' where the message is said"
            )
            yield document.issue(offer.place, f"nothing answers a tap on '{offer.trigger}'", mend)


def _offers_are_answered_where_said(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    by_message: dict[str, set[str]] = {}
    for offer in offers(spec, set()):
        by_message.setdefault(offer.message, set()).add(offer.trigger)
    answered = {rule.trigger for rule in flow.rules}
    for leaf, message, line in set(_messages_by_leaf(flow)):
        for trigger in sorted(by_message.get(message, set()) - flow.states[leaf].triggers):
            if trigger in answered:
                yield Issue(
                    flow.file, line, 1, f"'{message}' offers '{trigger}', but '{leaf}' doesn't answer it",
                    f"add 'on: {{{trigger}: …}}' to '{leaf}'",
                )  # fmt: skip


def _forms_are_answered_where_said(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    for leaf, message, line in set(_messages_by_leaf(flow)):
        for trigger in sorted(spec.messages[message].FIRES - flow.states[leaf].triggers):
            yield Issue(
                flow.file, line, 1, f"'{message}' shows a form, but '{leaf}' doesn't answer '{trigger}'",
                f"add 'on: {{{trigger}: …}}' to '{leaf}'",
            )  # fmt: skip


def _messages_by_leaf(flow: Flow) -> Iterator[tuple[str, str, int]]:
    """(leaf, message, line) for every message that a customer may have before them in that leaf."""
    leaves = [state.path for state in flow.states.values() if state.leaf == state.path]
    for state in flow.states.values():
        for message in state.enter.say:
            yield from (
                (leaf, message, state.line) for leaf in leaves if state.path in flow.states[leaf].chain
            )
    for rule in flow.rules:
        for message in rule.reaction.say:
            yield from ((leaf, message, rule.line) for leaf in _leaves_after(flow, rule, leaves))


def _leaves_after(flow: Flow, rule: Rule, leaves: list[str]) -> list[str]:
    """Those of `leaves` in which a conversation may rest after `rule`."""
    if rule.target:
        return [flow.states[rule.target].leaf]
    return [leaf for leaf in leaves if not rule.owner or rule.owner in flow.states[leaf].chain]


def _every_state_answers(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    for path, state in _states(flow, spec):
        leaf = flow.states[path]
        if state.states:
            continue
        if not any(_unguarded(flow, owner, OTHERWISE) for owner in (*leaf.chain, "")):
            mend = "add 'otherwise: {say: …}' here or for the whole flow; its last alternative without 'if'"
            yield document.issue(state_place(path), f"'{path}' can leave a customer without an answer", mend)
        if leaf.ask and "answered" not in leaf.triggers:
            mend = "add 'on: {answered: …}'"
            yield document.issue(
                (*state_place(path), "ask"), f"'{path}' asks but doesn't take the answer", mend
            )


def _keys_fit_groups_and_states(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    for path, state in _states(flow, spec):
        where = state_place(path)
        if state.states and state.ask:
            message = f"'{path}' holds states, so no customer rests in it to be asked"
            yield document.issue((*where, "ask"), message, "move 'ask' to the one of its states that asks")
        if state.start and not state.states:
            message = f"'{path}' says where to start, but holds no states"
            yield document.issue((*where, "start"), message, "remove 'start', or give it 'states'")


def _required_events_are_answered(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    leaves = [path for path, state in _states(flow, spec) if not state.states]
    for event in sorted(flow.vocabulary.required):
        unanswered = [
            leaf
            for leaf in leaves
            if not any(_unguarded(flow, owner, event) for owner in (*flow.states[leaf].chain, ""))
        ]
        if unanswered:
            mend = f"add '{event}' under 'anywhere', its last alternative without 'if'"
            message = f"'{event}' is not always answered in: {', '.join(unanswered)}"
            yield document.issue(("anywhere",), message, mend)


def _unguarded(flow: Flow, owner: str, trigger: str) -> bool:
    """Whether `owner` has a rule without a guard for `trigger`."""
    return any(r.owner == owner and r.trigger == trigger and r.guard is None for r in flow.rules)


def _states_are_reachable(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    if not flow.start:
        return
    reached: set[str] = set()
    queue = [flow.start]
    while queue:
        leaf = queue.pop()
        if leaf in reached:
            continue
        reached.add(leaf)
        owners = {"", *flow.states[leaf].chain}
        targets = [rule.target for rule in flow.rules if rule.target and rule.owner in owners]
        queue += [flow.states[target].leaf for target in targets]
    for path, state in _states(flow, spec):
        if not state.states and path not in reached:
            yield document.issue(
                state_place(path), f"nothing leads to '{path}'", "add a 'to' somewhere, or remove it"
            )


def _alternatives_are_reachable(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    unguarded: dict[tuple[str, str], list[Rule]] = {}
    for rule in flow.rules:
        earlier = unguarded.setdefault((rule.owner, rule.trigger), [])
        # An earlier alternative without 'stale' leaves stale taps to this one; only taps can be stale.
        tapped = rule.trigger in flow.offered
        first = next((r for r in earlier if r.stale or not (rule.stale and tapped)), None)
        if first:
            message = f"never taken: the alternative on line {first.line} has no 'if' and always is"
            yield Issue(flow.file, rule.line, 1, message, "put it first, or give that one an 'if'")
        elif rule.guard is None:
            earlier.append(rule)


def _messages_are_said(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    said = {name for reaction in _reactions(flow) for name in (*reaction.say, *reaction.tell)}
    # An offer may be for broadcasts alone.
    for name in spec.messages.keys() - said - flow.promotions:
        yield document.issue(
            ("messages", name), f"nobody says '{name}'", "say it, or remove it", Severity.WARNING
        )


def _offers_are_no_only_answer(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    """Refuse a rule that answers the customer, or money, with nothing but an offer: most hear nothing."""
    words = {trigger for state in flow.states.values() for trigger in state.words.values()}
    answers = flow.offered | words | BUILT_IN.keys() | RECEIVED | {OTHERWISE} | flow.vocabulary.required
    for rule in flow.rules:
        say = rule.reaction.say
        alone = say and flow.promotions.issuperset(say) and rule.guard is None and rule.target is None
        if alone and rule.trigger in answers:
            message = f"'{say[0]}' is an offer: who did not ask for offers would get no answer"
            mend = "say another message beside it, or give the rule an 'if'"
            yield Issue(flow.file, rule.line, 1, message, mend)


def _reactions(flow: Flow) -> Iterator[Reaction]:
    for state in flow.states.values():
        yield from (state.enter, state.exit)
    yield from (rule.reaction for rule in flow.rules)


def _variable_names_are_free(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    used = ROOTS.union(flow.vocabulary.view_names, flow.statics[flow.languages[0]])
    for name in sorted(spec.variables.keys() & used):
        message = f"'{name}' already means something else in templates"
        yield document.issue(("variables", name), message, "use another name")


def _host_rules_hold(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    for fault in flow.vocabulary.faults(flow):
        yield document.issue(fault.place, fault.message, fault.mend, fault.severity)


def _states(flow: Flow, spec: FlowSpec) -> Iterator[tuple[str, StateSpec]]:
    """(dotted path, spec) of every state."""
    for path in flow.states:
        names = path.split(".")
        state = spec.states[names[0]]
        for name in names[1:]:
            state = state.states[name]
        yield path, state


_CHECKS: Final[tuple[Callable[[Document, FlowSpec, Flow], Iterator[Issue]], ...]] = (
    _triggers_can_fire,
    _words_fire_nothing_reserved,
    _offers_are_answered,
    _offers_are_answered_where_said,
    _forms_are_answered_where_said,
    _every_state_answers,
    _keys_fit_groups_and_states,
    _required_events_are_answered,
    _states_are_reachable,
    _alternatives_are_reachable,
    _messages_are_said,
    _offers_are_no_only_answer,
    _variable_names_are_free,
    _host_rules_hold,
)
