"""The meaning check: can this flow leave a customer without an answer, or say what its channel refuses?

Each check is a generator of issues over the spec and the compiled flow; `_CHECKS` lists those of the flow's
rules, `flows.language.check_messages` has those of its messages.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from flows.document.errors import Issue, Severity, close
from flows.document.reader import Document, Path
from flows.engine.model import BUILT_IN, OTHERWISE, RECEIVED, Flow, Rule
from flows.language.check_messages import check_messages
from flows.language.compile import Compiled
from flows.language.schema import FlowSpec, HandlerSpec, StateSpec
from flows.language.texts import ROOTS
from flows.language.trials import messages_can_be_sent
from flows.language.walk import offers, state_place


def check(document: Document, spec: FlowSpec, compiled: Compiled) -> list[Issue]:
    """Every issue of meaning, in no order."""
    flow = compiled.flow
    issues = [issue for examine in _CHECKS for issue in examine(document, spec, flow)]
    issues += check_messages(document, spec, compiled)
    if any(issue.severity is Severity.ERROR for issue in (*compiled.issues, *issues)):
        return issues
    # Only now: what is wrong where it is written would be said again of the message as a whole.
    return [*issues, *messages_can_be_sent(document, flow)]


def _triggers_can_fire(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    spoken = {trigger for state in flow.states.values() for trigger in state.words.values()}
    known = flow.offered | spoken | BUILT_IN.keys() | RECEIVED | _outside(flow)
    for where, handlers in _handlers(flow, spec):
        for trigger in handlers:
            if trigger not in known:
                mend = close(trigger, known) or "offer it on a button or row, or give it 'words'"
                yield document.issue((*where, trigger), f"nothing ever fires '{trigger}'", mend)


def _words_claim_nothing(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    reserved = _reserved(flow)
    for where, handlers in _handlers(flow, spec):
        for trigger in handlers.keys() & reserved:
            for index, handler in enumerate(handlers[trigger]):
                if handler.words:
                    message = f"no word can fire '{trigger}': customers could claim what didn't happen"
                    yield document.issue((*where, trigger, index, "words"), message, "use another name")


def _handlers(flow: Flow, spec: FlowSpec) -> Iterator[tuple[Path, Mapping[str, list[HandlerSpec]]]]:
    """Every `on:`, and `anywhere`, with where it is written."""
    yield ("anywhere",), spec.anywhere
    yield from (((*state_place(path), "on"), state.on) for path, state in _states(flow, spec))


def _outside(flow: Flow) -> set[str]:
    """Events that only the host or its actions may cause."""
    raised = {event for action in flow.vocabulary.actions.values() for event in action.raises}
    return raised | flow.vocabulary.events.keys()


def _reserved(flow: Flow) -> set[str]:
    """Triggers that neither taps nor words may fire."""
    return _outside(flow) | BUILT_IN.keys() | {OTHERWISE} | RECEIVED


def _offers_are_answered(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    reserved = _reserved(flow)
    answered = {rule.trigger for rule in flow.rules}
    for offer in offers(spec):
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
    for offer in offers(spec):
        by_message.setdefault(offer.message, set()).add(offer.trigger)
    answered = {rule.trigger for rule in flow.rules}
    for leaf, message, line in set(_said_in(flow)):
        for trigger in sorted(by_message.get(message, set()) - flow.states[leaf].triggers):
            if trigger in answered:
                yield Issue(
                    flow.file, line, 1, f"'{message}' offers '{trigger}', but '{leaf}' doesn't answer it",
                    f"add 'on: {{{trigger}: …}}' to '{leaf}'",
                )  # fmt: skip


def _said_in(flow: Flow) -> Iterator[tuple[str, str, int]]:
    """(leaf, message, line) for every message a customer can have in front of them in that leaf."""
    leaves = [state.path for state in flow.states.values() if state.leaf == state.path]
    for state in flow.states.values():
        for message in state.enter.say:
            yield from (
                (leaf, message, state.line) for leaf in leaves if state.path in flow.states[leaf].chain
            )
    for rule in flow.rules:
        for message in rule.reaction.say:
            yield from ((leaf, message, rule.line) for leaf in _rests_after(flow, rule, leaves))


def _rests_after(flow: Flow, rule: Rule, leaves: list[str]) -> list[str]:
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


def _groups_and_states_keep_to_their_keys(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    for path, state in _states(flow, spec):
        where = state_place(path)
        if state.states and state.ask:
            message = f"'{path}' holds states, so no customer rests in it to be asked"
            yield document.issue((*where, "ask"), message, "move 'ask' to the one of its states that asks")
        if state.start and not state.states:
            message = f"'{path}' says where to start, but holds no states"
            yield document.issue((*where, "start"), message, "remove 'start', or give it 'states'")


def _what_must_be_answered_is(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    leaves = [path for path, state in _states(flow, spec) if not state.states]
    for event in sorted(flow.vocabulary.required):
        silent = [
            leaf
            for leaf in leaves
            if not any(_unguarded(flow, owner, event) for owner in (*flow.states[leaf].chain, ""))
        ]
        if silent:
            mend = f"add '{event}' under 'anywhere', its last alternative without 'if'"
            message = f"'{event}' is not always answered in: {', '.join(silent)}"
            yield document.issue(("anywhere",), message, mend)


def _unguarded(flow: Flow, owner: str, trigger: str) -> bool:
    return any(r.owner == owner and r.trigger == trigger and r.guard is None for r in flow.rules)


def _states_are_reachable(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    if not flow.start:
        return
    reached: set[str] = set()
    waiting = [flow.start]
    while waiting:
        leaf = waiting.pop()
        if leaf in reached:
            continue
        reached.add(leaf)
        around = {"", *flow.states[leaf].chain}
        targets = [rule.target for rule in flow.rules if rule.target and rule.owner in around]
        waiting += [flow.states[target].leaf for target in targets]
    for path, state in _states(flow, spec):
        if not state.states and path not in reached:
            yield document.issue(
                state_place(path), f"nothing leads to '{path}'", "add a 'to' somewhere, or remove it"
            )


def _no_alternative_is_dead(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    always: dict[tuple[str, str], list[Rule]] = {}
    for rule in flow.rules:
        earlier = always.setdefault((rule.owner, rule.trigger), [])
        # Only a tap can be stale, so only for a tap does an alternative without 'stale' leave a rest.
        tapped = rule.trigger in flow.offered
        first = next((r for r in earlier if r.stale or not (rule.stale and tapped)), None)
        if first:
            message = f"never taken: the alternative on line {first.line} has no 'if' and always is"
            yield Issue(flow.file, rule.line, 1, message, "put it first, or give that one an 'if'")
        elif rule.guard is None:
            earlier.append(rule)


def _messages_are_said(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    said = {name for state in flow.states.values() for name in (*state.enter.say, *state.exit.say)}
    said |= {name for rule in flow.rules for name in rule.reaction.say}
    for name in spec.messages.keys() - said:
        yield document.issue(
            ("messages", name), f"nobody says '{name}'", "say it, or remove it", Severity.WARNING
        )


def _variables_have_names_of_their_own(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    taken = ROOTS.union(flow.vocabulary.view_names, flow.statics[flow.languages[0]])
    for name in sorted(spec.variables.keys() & taken):
        message = f"'{name}' already means something else in templates"
        yield document.issue(("variables", name), message, "use another name")


def _states(flow: Flow, spec: FlowSpec) -> Iterator[tuple[str, StateSpec]]:
    for path in flow.states:
        names = path.split(".")
        state = spec.states[names[0]]
        for name in names[1:]:
            state = state.states[name]
        yield path, state


_CHECKS: Final[tuple[Callable[[Document, FlowSpec, Flow], Iterator[Issue]], ...]] = (
    _triggers_can_fire,
    _words_claim_nothing,
    _offers_are_answered,
    _offers_are_answered_where_said,
    _every_state_answers,
    _groups_and_states_keep_to_their_keys,
    _what_must_be_answered_is,
    _states_are_reachable,
    _no_alternative_is_dead,
    _messages_are_said,
    _variables_have_names_of_their_own,
)
