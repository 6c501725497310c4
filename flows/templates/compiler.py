"""Compiles the templates and guards of one flow, and reports those that can't be, each in its place."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from flows.document.errors import Issue, close
from flows.document.reader import Document, Path
from flows.templates.expressions import Expression, Language, Template, TemplateError
from flows.templates.lookups import EACH, Lookup, NoSuchField, follow

Names: TypeAlias = Mapping[str, str]
"""Names that exist in one place only (`as:` of a row), and the list that each is an item of."""
NO_NAMES: Final[Names] = MappingProxyType({})


class TemplateCompiler:
    """The templates of one flow, each compiled once. What can't be compiled becomes an issue and None."""

    def __init__(
        self,
        document: Document,
        filters: Mapping[str, Callable[..., Any]],
        roots: Collection[str],
        sample: Mapping[str, Any],
        issues: list[Issue],
    ) -> None:
        """`roots` may be read everywhere; `sample` shows which fields those have that are known."""
        self._document, self._issues = document, issues
        self._language = Language(filters)
        self._roots, self._sample = frozenset(roots), sample
        self._templates: dict[tuple[str, Path], Template | None] = {}
        self._expressions: dict[tuple[str, Path], Expression | None] = {}

    def expression(self, source: str, where: Path, names: Names = NO_NAMES) -> Expression | None:
        """A compiled guard; the same one for the same place."""
        if (source, where) not in self._expressions:
            self._expressions[source, where] = self._expression(source, where, names)
        return self._expressions[source, where]

    def template(self, source: str, where: Path, names: Names = NO_NAMES) -> Template | None:
        """A compiled template; the same one for the same place."""
        if (source, where) not in self._templates:
            self._templates[source, where] = self._template(source, where, names)
        return self._templates[source, where]

    def _expression(self, source: str, where: Path, names: Names) -> Expression | None:
        try:
            expression = self._language.expression(source)
        except TemplateError as error:
            self._issues.append(self._document.issue(where, f"in the expression {source!r}: {error}"))
            return None
        return expression if self._known(expression.reads, names, where) else None

    def _template(self, source: str, where: Path, names: Names) -> Template | None:
        try:
            template = self._language.template(source)
        except TemplateError as error:
            self._issues.append(self._document.issue(where, f"in the template {source!r}: {error}"))
            return None
        return template if self._known(template.reads, names, where) else None

    def _known(self, reads: frozenset[Lookup], names: Names, where: Path) -> bool:
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

    def _from_roots(self, reads: frozenset[Lookup], names: Names) -> set[Lookup]:
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
