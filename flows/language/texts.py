"""Compiles every template, guard and message of a flow, and reports those that can't be."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, Final

from flows.document.errors import Issue
from flows.document.reader import Document, Path
from flows.engine.model import Speech
from flows.engine.vocabulary import Vocabulary
from flows.language.schema import FlowSpec
from flows.language.speech import Speechwriter
from flows.language.walk import sources_of
from flows.templates.expressions import Expression, Language, Template, TemplateError
from flows.templates.lookups import EACH, Lookup, NoSuchField, follow

ROOTS: Final = frozenset({"customer", "event", "language", "state"})
"""What every template may read, whatever the host."""


def close(name: str, known: Iterable[str]) -> str:
    """A suggestion of the known name nearest to `name`, or nothing."""
    found = get_close_matches(name.lower(), list(known), n=1, cutoff=0.5)
    return f"did you mean '{found[0]}'?" if found else ""


class Texts:
    """The texts of one flow. What can't be compiled becomes an issue and None."""

    def __init__(
        self, document: Document, spec: FlowSpec, vocabulary: Vocabulary, issues: list[Issue]
    ) -> None:
        self._document, self._spec, self._issues = document, spec, issues
        self._language = Language(vocabulary.filters)
        sections = {name: getattr(spec, name) for name in vocabulary.sections}
        fallback = spec.languages[0]
        self.statics: Mapping[str, Mapping[str, Any]] = {
            language: dict(vocabulary.statics(sections, language, fallback)) for language in spec.languages
        }
        names = (ROOTS, vocabulary.view_names, self.statics[fallback], spec.variables)
        self._roots = frozenset(name for group in names for name in group)
        shown = self.statics[fallback]
        self._sample = {"customer": {"name": ""}, **shown, **vocabulary.sample(shown)}

    def expression(
        self, source: str, where: Path, names: Mapping[str, str] = MappingProxyType({})
    ) -> Expression | None:
        """A compiled guard."""
        try:
            expression = self._language.expression(source)
        except TemplateError as error:
            self._issues.append(self._document.issue(where, f"in the expression {source!r}: {error}"))
            return None
        return expression if self._known(expression.reads, names, where) else None

    def template(
        self, source: str, where: Path, names: Mapping[str, str] = MappingProxyType({})
    ) -> Template | None:
        """A compiled template."""
        try:
            template = self._language.template(source)
        except TemplateError as error:
            self._issues.append(self._document.issue(where, f"in the template {source!r}: {error}"))
            return None
        return template if self._known(template.reads, names, where) else None

    def value(self, value: Any, where: Path) -> Any:
        """An action's argument: text with something to fill in becomes a Template, all else stays."""
        if not isinstance(value, str):
            return value
        template = self.template(value, where)
        if template is None:
            return value
        return template if template.constant is None else template.constant

    def messages(self) -> Mapping[str, Mapping[str, Speech]]:
        """Every message that compiles, in every language."""
        writers = {
            language: Speechwriter(self._language, language, self._spec.languages[0], self.statics[language])
            for language in self._spec.languages
        }
        return {
            name: {language: writer.write(spec) for language, writer in writers.items()}
            for name, spec in self._spec.messages.items()
            if self._sound(name)
        }

    def _sound(self, name: str) -> bool:
        compiled = [
            (self.expression if source.is_expression else self.template)(
                source.text, source.place, source.names
            )
            for source in sources_of(name, self._spec.messages[name])
        ]
        return None not in compiled

    def _known(self, reads: frozenset[Lookup], names: Mapping[str, str], where: Path) -> bool:
        """Whether all of `reads` is there to read; what is not becomes an issue."""
        before = len(self._issues)
        for root in sorted({read[0] for read in reads} - self._roots - names.keys()):
            known = sorted({*self._roots, *names})
            mend = close(root, known) or f"there are {', '.join(known)}"
            self._issues.append(self._document.issue(where, f"there is no '{root}' to read here", mend))
        for read in sorted(self._from_roots(reads, names)):
            try:
                follow(read, self._sample)
            except NoSuchField as missing:
                mend = close(missing.field, missing.known) or f"there are {', '.join(missing.known)}"
                self._issues.append(self._document.issue(where, str(missing), mend if missing.known else ""))
        return len(self._issues) == before

    def _from_roots(self, reads: frozenset[Lookup], names: Mapping[str, str]) -> set[Lookup]:
        """`reads`, with the names of list items replaced by the lists they are from."""
        found: set[Lookup] = set()
        for read in reads:
            if read[0] not in names:
                found.add(read)
            elif listed := self._listed(names[read[0]]):
                found.add((*listed, EACH, *read[1:]))
        return found

    def _listed(self, each: str) -> Lookup | None:
        """What `each` reads; None if that is not known, or is wrong and said where it stands."""
        try:
            listed = self._language.expression(each).path
            if listed:
                follow(listed, self._sample)
        except (TemplateError, NoSuchField):
            return None
        return listed
