"""Load a flow file into a Flow, and report all its issues at once."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from flows.document.errors import FlowInvalid, Issue, Severity
from flows.document.included import put_together
from flows.document.outdented import put_inside
from flows.document.places import Document
from flows.engine.model import Flow
from flows.engine.vocabulary import EMPTY, Vocabulary
from flows.language import fragments, subflows
from flows.language.check import check
from flows.language.compile import compile_flow
from flows.language.content import content_hash
from flows.language.expected import expected_by
from flows.language.schema import FlowSpec
from flows.language.validation import validate
from flows.messages.limits import ChannelLimits

_NONE: Final[Mapping[str, str]] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Examined:
    """Result of examining a flow file. `flow` is None if any issue is an error."""

    flow: Flow | None
    issues: tuple[Issue, ...]
    """Errors and warnings, in file order."""
    is_complete: bool = True
    """Whether all of the file was looked at. If not, an error may hide others."""


def examine(
    text: str,
    file: str = "flows.yaml",
    vocabulary: Vocabulary = EMPTY,
    *,
    limits: ChannelLimits,
    included: Mapping[str, str] = _NONE,
) -> Examined:
    """Read, compile and check a flow file for a channel. Never raises for its content.

    `included` are the texts of the files that it includes, by the paths that `beside` gives them.
    """
    try:
        expected = expected_by(vocabulary.sections)
        document = put_together(text, file, included, expected)
        document.issues += put_inside(document, expected)
        unused = [*fragments.expand(document), *subflows.expand(document)]
    except FlowInvalid as invalid:
        return Examined(None, invalid.issues, is_complete=False)
    spec, misshapen, is_whole = validate(document, vocabulary.sections)
    refused = [*document.issues, *misshapen]
    if spec is None:
        return Examined(None, tuple(sorted(refused)), is_complete=False)
    compiled = compile_flow(document, spec, vocabulary, limits)
    found = [*compiled.issues, *check(document, spec, compiled, is_whole=is_whole)]
    issues = tuple(sorted({*refused, *unused, *(issue for issue in found if not issue.follows)}))
    if any(issue.severity is Severity.ERROR for issue in issues):
        return Examined(None, issues, is_complete=() not in document.unread)
    return Examined(_named(compiled.flow, document, {file: text, **included}), issues)


def _named(flow: Flow, document: Document, texts: Mapping[str, str]) -> Flow:
    return replace(flow, version=content_hash(document.data), texts=MappingProxyType(dict(texts)))


def load(
    text: str,
    file: str = "flows.yaml",
    vocabulary: Vocabulary = EMPTY,
    *,
    limits: ChannelLimits,
    included: Mapping[str, str] = _NONE,
) -> Flow:
    """Return the flow in `text` and `included`. Raises FlowInvalid, with every issue, if it has an error."""
    examined = examine(text, file, vocabulary, limits=limits, included=included)
    if examined.flow is None:
        raise FlowInvalid(examined.issues)
    return examined.flow


def load_checked(texts: Mapping[str, str], vocabulary: Vocabulary = EMPTY, *, limits: ChannelLimits) -> Flow:
    """Return the flow in `texts` (the files by name, the flow file first), which was checked before.

    It is compiled and not checked again, which takes half the time. Raises FlowInvalid if this program
    can't read it.
    """
    document, spec = load_spec(texts, vocabulary)
    compiled = compile_flow(document, spec, vocabulary, limits)
    if errors := [issue for issue in compiled.issues if issue.severity is Severity.ERROR]:
        raise FlowInvalid(tuple(sorted(errors)))
    return _named(compiled.flow, document, texts)


def load_spec(texts: Mapping[str, str], vocabulary: Vocabulary) -> tuple[Document, FlowSpec]:
    """Return the flow in `texts` as it is written. Raises FlowInvalid if its shape is wrong."""
    (file, text), *included = texts.items()
    document = put_together(text, file, dict(included))
    fragments.expand(document)
    subflows.expand(document)
    spec, misshapen, _ = validate(document, vocabulary.sections)
    issues = [*document.issues, *misshapen]
    if spec is None or issues:
        raise FlowInvalid(tuple(sorted(issues)))
    return document, spec
