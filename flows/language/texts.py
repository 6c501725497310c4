"""Compile every template, guard and message of a flow, and report those that can't be compiled."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from flows.document.errors import Issue, nearest
from flows.document.places import Document, Path
from flows.engine.vocabulary import Vocabulary
from flows.language.schema import FlowSpec
from flows.language.walk import words_of
from flows.messages.kinds import MessageSpec, Speech, speech
from flows.messages.limits import ChannelLimits
from flows.messages.writer import Part, Writer
from flows.templates.compiler import TemplateCompiler, Written
from flows.templates.expressions import language_of
from flows.templates.lookups import Lookup

ROOTS: Final = frozenset({"customer", "event", "language", "state"})
"""Names that every template may read, whatever the host."""
_NOT_ON_PAGES: Final = (
    "event",
    "a page is shown by a later tap, when this event is over: 'set' a variable before, and read that",
)
"""What a list with pages may not read, and how to mend it."""


@dataclass(frozen=True, slots=True)
class WrittenMessage:
    """A compiled message."""

    speeches: Mapping[str, Speech]
    """By language."""
    parts: tuple[Part, ...]
    """Every text in it, as written."""


class Texts:
    """The texts of one flow. One that can't be compiled becomes an issue, and a blank takes its place."""

    def __init__(
        self,
        document: Document,
        spec: FlowSpec,
        vocabulary: Vocabulary,
        limits: ChannelLimits,
        issues: list[Issue],
    ) -> None:
        self._spec, self._limits = spec, limits
        sections = {name: getattr(spec, name) for name in vocabulary.sections}
        fallback = spec.languages[0]
        self.statics: Mapping[str, Mapping[str, Any]] = {
            language: dict(vocabulary.statics(sections, language, fallback, words_of(spec)))
            for language in spec.languages
        }
        fallback_statics = self.statics[fallback]
        self.taken = ROOTS.union(vocabulary.view_names, fallback_statics)
        """Names that templates read, and that no variable may have."""
        roots = self.taken.union(spec.variables)
        customer = {"name": "", **vocabulary.customer(None)}
        sample = {"customer": customer, **fallback_statics, **vocabulary.sample(fallback_statics)}
        mends = _mends_of_kept(vocabulary, set(vocabulary.kept(sections)), spec.variables)
        self._compiler = TemplateCompiler(document, vocabulary.filters, roots, sample, issues, mends)
        self.expression = self._compiler.expression
        self._stand_in = language_of(vocabulary.filters).template("{{ customer.name }}")

    @property
    def written(self) -> tuple[Written, ...]:
        """Every template and guard of the flow that compiles."""
        return self._compiler.written

    @property
    def refused_words(self) -> frozenset[str]:
        """Every word of the templates and guards that do not compile."""
        return self._compiler.refused_words

    def value(self, value: Any, where: Path) -> Any:
        """Compile an action's argument: text with something to fill in becomes a Template, all else stays.

        Of what does not compile, nothing more is known than that something is filled in.
        """
        if not isinstance(value, str):
            return value
        template = self._compiler.template(value, where)
        if template is None:
            return self._stand_in
        return template if template.constant is None else template.constant

    def messages(self) -> Mapping[str, WrittenMessage]:
        """Compile every message in every language."""
        return {name: self._message(name, spec) for name, spec in self._spec.messages.items()}

    def _message(self, name: str, spec: MessageSpec) -> WrittenMessage:
        languages = self._spec.languages
        compiler = self._compiler.without(*_NOT_ON_PAGES) if spec.has_pages else self._compiler
        writers = {
            language: Writer(compiler, name, language, languages[0], self.statics[language], self._limits)
            for language in languages
        }
        speeches = {language: speech(spec, writer) for language, writer in writers.items()}
        return WrittenMessage(speeches, tuple(writers[languages[0]].parts))


def _mends_of_kept(
    vocabulary: Vocabulary, kept: Collection[str], variables: Collection[str]
) -> Mapping[Lookup, str | None]:
    """Return how to mend what reads a variable as a field of a view that does not have it.

    None where a name that is kept is no variable, and close to this one: that is told of the name.
    """
    misspelt = [name for name in kept if name not in variables]
    mends: dict[Lookup, str | None] = {}
    for view, (section, key) in vocabulary.keeping.items():
        for name in variables:
            mend = f"add '{name}' to '{key}'" if kept else f"write '{key}: [{name}]'"
            if name not in kept:
                mends[view, name] = None if nearest(name, misspelt) else f"{mend} under '{section}'"
    return mends
