"""Check the meaning of a flow. Each check is a generator of issues over a `Subject`; `_CHECKS` lists them."""

from collections.abc import Callable, Iterator
from typing import Final

from flows.document.errors import Issue, Severity
from flows.document.reader import Document
from flows.language.checks import (
    answers,
    circles,
    languages,
    lateness,
    limits,
    migrations,
    offered,
    reach,
    refusals,
    unused,
    values,
    waits,
)
from flows.language.checks.subject import Subject
from flows.language.checks.trials import messages_can_be_sent
from flows.language.compile import Compiled
from flows.language.schema import FlowSpec


def check(document: Document, spec: FlowSpec, compiled: Compiled) -> list[Issue]:
    """Return every issue of meaning, unordered."""
    subject = Subject(document, spec, compiled.flow, compiled.parts)
    issues = [issue for examine in _CHECKS for issue in examine(subject)]
    if any(issue.severity is Severity.ERROR for issue in (*compiled.issues, *issues)):
        return issues
    # Whole messages are tried only now, because they would repeat errors already reported in their parts.
    return [*issues, *messages_can_be_sent(subject)]


def _host_rules_hold(subject: Subject) -> Iterator[Issue]:
    for fault in subject.flow.vocabulary.faults(subject.flow):
        yield subject.document.issue(fault.place, fault.message, fault.mend, fault.severity)


_CHECKS: Final[tuple[Callable[[Subject], Iterator[Issue]], ...]] = (
    answers.triggers_can_fire,
    answers.words_fire_nothing_reserved,
    answers.every_state_answers,
    answers.required_events_are_answered,
    answers.offers_are_no_only_answer,
    offered.offers_are_answered,
    offered.offers_are_answered_where_said,
    offered.forms_are_answered_where_said,
    refusals.refusals_are_answered,
    reach.keys_fit_groups_and_states,
    reach.states_are_reachable,
    reach.alternatives_are_reachable,
    circles.nothing_goes_round,
    waits.every_wait_ends,
    lateness.late_messages_have_templates,
    languages.languages_are_known,
    languages.texts_are_in_every_language,
    languages.languages_can_be_chosen,
    limits.texts_fit,
    limits.urls_can_be_opened,
    limits.messages_are_well_formed,
    unused.messages_are_said,
    unused.variables_are_used,
    unused.variable_names_are_free,
    values.values_fit,
    values.arguments_are_known,
    values.numbers_are_numbers,
    migrations.migrations_are_taken,
    _host_rules_hold,
)
