"""Load a flow file into a Flow, and report all its issues at once."""

from dataclasses import dataclass, replace
from hashlib import sha256

from flows.document.errors import FlowInvalid, Issue, Severity
from flows.document.reader import read
from flows.engine.model import Flow
from flows.engine.vocabulary import EMPTY, Vocabulary
from flows.language.check import check
from flows.language.compile import compile_flow
from flows.language.validation import validate
from flows.messages.limits import ChannelLimits


@dataclass(frozen=True, slots=True)
class Examined:
    """Result of examining a flow file. `flow` is None if any issue is an error."""

    flow: Flow | None
    issues: tuple[Issue, ...]
    """Errors and warnings, in file order."""


def examine(
    text: str, file: str = "flows.yaml", vocabulary: Vocabulary = EMPTY, *, limits: ChannelLimits
) -> Examined:
    """Read, compile and check a flow file for a channel. Never raises for its content."""
    try:
        document = read(text, file)
    except FlowInvalid as invalid:
        return Examined(None, invalid.issues)
    spec, issues = validate(document, vocabulary.sections)
    if spec is None:
        return Examined(None, tuple(sorted(issues)))
    compiled = compile_flow(document, spec, vocabulary, limits)
    issues = sorted({*compiled.issues, *check(document, spec, compiled)})
    if any(issue.severity is Severity.ERROR for issue in issues):
        return Examined(None, tuple(issues))
    return Examined(replace(compiled.flow, version=_version(text)), tuple(issues))


def _version(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:12]


def load(
    text: str, file: str = "flows.yaml", vocabulary: Vocabulary = EMPTY, *, limits: ChannelLimits
) -> Flow:
    """Return the flow in `text`. Raises FlowInvalid, with every issue, if it has an error."""
    examined = examine(text, file, vocabulary, limits=limits)
    if examined.flow is None:
        raise FlowInvalid(examined.issues)
    return examined.flow
