"""Compiles every template, guard and message of a flow, and reports those that can't be."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from flows.errors import Issue
from flows.model import Speech
from flows.parts import sources_of
from flows.reader import Document, Path
from flows.source import FlowSpec
from flows.speech import Speechwriter
from flows.templates import Expression, Language, Template, TemplateError
from flows.vocabulary import Vocabulary

ROOTS: Final = frozenset({"customer", "event", "language", "state"})
"""What every template may read, whatever the host."""


def close(name: str, known: Iterable[str]) -> str:
    """A suggestion of the known name nearest to `name`, or nothing."""
    found = get_close_matches(name, list(known), n=1, cutoff=0.5)
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

    def expression(self, source: str, where: Path, names: frozenset[str] = frozenset()) -> Expression | None:
        """A compiled guard."""
        try:
            expression = self._language.expression(source)
        except TemplateError as error:
            self._issues.append(self._document.issue(where, f"in the expression {source!r}: {error}"))
            return None
        return expression if self._known(expression.roots, names, where) else None

    def template(self, source: str, where: Path, names: frozenset[str] = frozenset()) -> Template | None:
        """A compiled template."""
        try:
            template = self._language.template(source)
        except TemplateError as error:
            self._issues.append(self._document.issue(where, f"in the template {source!r}: {error}"))
            return None
        return template if self._known(template.roots, names, where) else None

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

    def _known(self, roots: frozenset[str], names: frozenset[str], where: Path) -> bool:
        unknown = sorted(roots - self._roots - names)
        known = sorted(self._roots | names)
        for root in unknown:
            mend = close(root, known) or f"there are {', '.join(known)}"
            self._issues.append(self._document.issue(where, f"there is no '{root}' to read here", mend))
        return not unknown
