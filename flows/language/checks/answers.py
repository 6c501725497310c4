"""Check that whatever comes is answered: taps, texts, events, in every state."""

from collections.abc import Iterator, Mapping

from flows.document.errors import Issue, close, nearest
from flows.document.places import Path
from flows.engine.model import ANSWERED, OTHERWISE, SET
from flows.language.checks.subject import Subject
from flows.language.schema import HandlerSpec
from flows.language.walk import offers, state_place, told_only


def triggers_can_fire(subject: Subject) -> Iterator[Issue]:
    """Yield the triggers that nothing ever fires."""
    flow, known = subject.flow, subject.fired
    unanswered = flow.offered - {rule.trigger for rule in flow.rules}
    for where, handlers in _handlers(subject):
        for trigger in handlers.keys() - known:
            if nearest(trigger, unanswered):
                continue  # that is told of the reply
            near = close(trigger, known - handlers.keys())
            mend = near or "offer it on a button or row, or give it 'words'"
            yield subject.issue((*where, trigger), f"nothing ever fires '{trigger}'", mend)


def staff_buttons_do_something(subject: Subject) -> Iterator[Issue]:
    """Yield the buttons of messages to the staff that do nothing."""
    told, verbs = told_only(subject.reactions()), subject.flow.vocabulary.staff_verbs
    for offer in offers(subject.spec, set()) if verbs else ():
        if offer.message in told and offer.trigger not in verbs:
            message = f"'{offer.trigger}' is nothing that a button of the staff can do"
            mend = close(offer.trigger, verbs) or "their verbs are under 'Staff' in docs/flow-format.md"
            yield subject.warning(offer.place, message, mend)


def words_fire_nothing_reserved(subject: Subject) -> Iterator[Issue]:
    """Yield the words with which customers could claim what only the outside may say."""
    reserved = subject.flow.reserved
    for where, handlers in _handlers(subject):
        for trigger in handlers.keys() & reserved:
            for index, handler in enumerate(handlers[trigger]):
                if handler.words:
                    message = f"no word can fire '{trigger}': customers could claim what didn't happen"
                    yield subject.issue((*where, trigger, index, "words"), message, "use another name")


def answers_have_a_question(subject: Subject) -> Iterator[Issue]:
    """Yield the `answers` to what no message offers."""
    for where, handlers in _handlers(subject):
        for trigger in handlers.keys() - subject.flow.offered:
            for index, handler in enumerate(handlers[trigger]):
                if handler.answers:
                    message = f"no message offers '{trigger}', so these words never count"
                    mend = "offer it on a button, or write 'words'"
                    yield subject.issue((*where, trigger, index, "answers"), message, mend)


def _handlers(subject: Subject) -> Iterator[tuple[Path, Mapping[str, list[HandlerSpec]]]]:
    """Every `on:`, and `anywhere`, with its place in the file."""
    yield ("anywhere",), subject.spec.anywhere
    yield from (((*state_place(path), "on"), state.on) for path, state in subject.states())


def every_state_answers(subject: Subject) -> Iterator[Issue]:
    """Yield the states that can leave a customer without an answer."""
    flow = subject.flow
    for path, state in subject.states():
        leaf = flow.states[path]
        if state.states:
            continue
        if subject.always_answered.isdisjoint((owner, OTHERWISE) for owner in (*leaf.chain, "")):
            mend = "add 'otherwise: {say: …}' here or for the whole flow; its last alternative without 'if'"
            yield subject.issue(state_place(path), f"'{path}' can leave a customer without an answer", mend)
        if leaf.ask and ANSWERED not in leaf.triggers | subject.meant:
            mend = "add 'on: {answered: …}'"
            yield subject.issue(
                (*state_place(path), "ask"), f"'{path}' asks but doesn't take the answer", mend
            )


def required_events_are_answered(subject: Subject) -> Iterator[Issue]:
    """Yield the events of the host that some state does not always answer."""
    flow = subject.flow
    leaves = [path for path, state in subject.states() if not state.states]
    for event in sorted(flow.vocabulary.required - subject.meant):
        unanswered = [
            leaf
            for leaf in leaves
            if subject.always_answered.isdisjoint((owner, event) for owner in (*flow.states[leaf].chain, ""))
        ]
        if unanswered:
            mend = f"add '{event}' under 'anywhere', its last alternative without 'if'"
            message = f"'{event}' is not always answered in: {', '.join(unanswered)}"
            yield subject.issue(("anywhere",), message, mend)


def rules_are_no_silence(subject: Subject) -> Iterator[Issue]:
    """Yield the rules that note something a customer did, and let them wait for an answer."""
    for rule in subject.flow.rules:
        only_sets = {call.name for call in rule.reaction.do} == {SET}
        speaks = rule.reaction.say or rule.reaction.tell or rule.target or subject.leads_astray(rule.place)
        if only_sets and not speaks and rule.trigger in subject.ways.of_customers:
            message = f"the customer hears nothing after '{rule.trigger}': the rule only sets a variable"
            yield subject.warning(rule.place, message, "add 'say' or 'to'")


def offers_are_no_only_answer(subject: Subject) -> Iterator[Issue]:
    """Refuse a rule that answers the customer, or money, with nothing but an offer: most hear nothing."""
    flow = subject.flow
    answers = subject.ways.of_customers | flow.vocabulary.required
    for rule in flow.rules:
        say = rule.reaction.say
        alone = say and flow.promotions.issuperset(say) and rule.guard is None and rule.target is None
        if alone and rule.trigger in answers:
            message = f"'{say[0]}' is an offer: who did not ask for offers would get no answer"
            mend = "say another message beside it, or give the rule an 'if'"
            yield subject.issue(rule.place, message, mend)
