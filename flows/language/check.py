"""Check the meaning of a flow. Each check is a generator of issues over a `Subject`."""

from collections.abc import Callable, Iterable, Iterator
from typing import Final, TypeAlias

from flows.document.errors import Issue, Severity
from flows.document.places import Document, Path
from flows.language.checks import (
    answers,
    arguments,
    braces,
    circles,
    languages,
    lateness,
    limits,
    migrations,
    numbers,
    offered,
    phrases,
    reach,
    refusals,
    taps,
    unset,
    unused,
    values,
    waits,
)
from flows.language.checks.subject import Subject
from flows.language.checks.trials import messages_can_be_sent
from flows.language.compile import Compiled
from flows.language.schema import FlowSpec


def check(document: Document, spec: FlowSpec, compiled: Compiled, *, is_whole: bool = True) -> list[Issue]:
    """Return every issue of meaning. Of a flow that is not whole, only those that no other part can mend."""
    flow, parts = compiled.flow, compiled.parts
    subject = Subject(document, spec, flow, parts, compiled.refused_words, compiled.astray)
    checks = (*_OF_PARTS, *_OF_THE_WHOLE) if is_whole else _OF_PARTS
    issues = [issue for examine in checks for issue in examine(subject)]
    if not is_whole:
        return issues
    # A message in which something is wrong already is not tried: that would be said twice.
    wrong = _lines_of_messages_with_errors(document, [*compiled.issues, *issues])
    tried = messages_can_be_sent(subject)
    return [*issues, *(issue for issue in tried if (issue.file, issue.line) not in wrong)]


def _lines_of_messages_with_errors(document: Document, issues: Iterable[Issue]) -> set[tuple[str, int]]:
    lines: dict[Path, set[tuple[str, int]]] = {}
    for path, place in document.places.items():
        if path[:1] == ("messages",) and len(path) > 1:
            span = document.spans.get(place)
            last = span.last_line if span else place.line
            lines.setdefault(path[:2], set()).update(
                (place.file, line) for line in range(place.line, last + 1)
            )
    wrong = {(issue.file, issue.line) for issue in issues if issue.severity is Severity.ERROR}
    return {line for of_one in lines.values() if of_one & wrong for line in of_one}


def _host_rules_hold(subject: Subject) -> Iterator[Issue]:
    for fault in subject.flow.vocabulary.faults(subject.flow):
        yield subject.document.issue(fault.place, fault.message, fault.mend, fault.severity)


_Checks: TypeAlias = tuple[Callable[[Subject], Iterator[Issue]], ...]

_OF_PARTS: Final[_Checks] = (
    answers.words_fire_nothing_reserved,
    phrases.words_stand_apart,
    reach.keys_fit_groups_and_states,
    reach.alternatives_are_reachable,
    limits.texts_fit,
    limits.urls_can_be_opened,
    limits.messages_are_well_formed,
    unused.variable_names_are_free,
    values.defaults_fit,
    values.values_fit,
    numbers.numbers_are_numbers,
    unset.numbers_are_set,
)
"""What these find in one part of the flow is wrong, whatever stands in the others."""

_OF_THE_WHOLE: Final[_Checks] = (
    answers.triggers_can_fire,
    answers.staff_buttons_do_something,
    answers.answers_have_a_question,
    answers.every_state_answers,
    answers.required_events_are_answered,
    answers.offers_are_no_only_answer,
    answers.rules_are_no_silence,
    braces.braces_are_double,
    offered.offers_are_answered,
    offered.offers_are_answered_where_said,
    offered.forms_are_answered_where_said,
    refusals.refusals_are_answered,
    reach.states_are_reachable,
    circles.nothing_goes_round,
    waits.every_wait_ends,
    lateness.late_messages_have_templates,
    languages.languages_are_known,
    languages.the_apology_is_a_text,
    languages.texts_are_in_every_language,
    languages.languages_can_be_chosen,
    unused.messages_are_said,
    unused.variables_are_used,
    arguments.arguments_are_known,
    taps.taps_are_known,
    migrations.migrations_are_taken,
    _host_rules_hold,
)
"""What these miss may stand in a part that can't be read."""
