"""Compile the templates and guards of one flow. Those that can't be compiled become issues."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from copy import copy
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from jinja2 import nodes

from flows.document.errors import Issue, close
from flows.document.places import Document, Path
from flows.templates.comparisons import compared_names
from flows.templates.expressions import Expression, Template, TemplateError, language_of
from flows.templates.faults import fault_in, offset_of
from flows.templates.lookups import EACH, Lookup, NoSuchField, follow
from flows.templates.slips import mend_of, worded

Names: TypeAlias = Mapping[str, str]
"""Local name (`as:` of a row) -> expression for the list (`each:`) whose items it names."""
NO_NAMES: Final[Names] = MappingProxyType({})
_WORD: Final = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Written:
    """A template or guard as it stands in the flow file."""

    place: Path
    source: str
    reads: frozenset[Lookup]
    """Paths that it reads. A local name (`as:` of a row) stands for itself."""
    names: Names
    """Its local names."""
    is_guard: bool
    """Whether it is a bare expression."""


class TemplateCompiler:
    """Compiles each template of one flow once. Returns None, and reports an issue, where that fails."""

    def __init__(
        self,
        document: Document,
        filters: Mapping[str, Callable[..., Any]],
        roots: Collection[str],
        sample: Mapping[str, Any],
        issues: list[Issue],
        mends: Mapping[Lookup, str | None],
    ) -> None:
        """`roots` may be read everywhere. `sample` has the fields of those roots whose fields are known.

        `mends` says how to mend what reads a path that there is not; None, that this follows from what
        is told already.
        """
        self._document, self._issues = document, issues
        self._language = language_of(filters)
        self._roots, self._sample = frozenset(roots), sample
        self._mends = mends
        self._told: set[str] = set()
        """Fields that are read and that there are not, of which something else is told."""
        self._templates: dict[tuple[str, Path], Template | None] = {}
        self._names: dict[tuple[str, Path], Names] = {}
        self._expressions: dict[tuple[str, Path], Expression | None] = {}

    def without(self, root: str, mend: str) -> "TemplateCompiler":
        """Return a compiler that reports templates which read `root`; `mend` says what to write instead."""
        other = copy(self)
        other._roots, other._mends = self._roots - {root}, {**self._mends, (root,): mend}
        return other

    def expression(self, source: str, where: Path, names: Names = NO_NAMES) -> Expression | None:
        """Compile a guard, once for each text and place."""
        if (source, where) not in self._expressions:
            self._names[source, where] = names
            self._expressions[source, where] = self._expression(source, where, names)
        return self._expressions[source, where]

    def template(self, source: str, where: Path, names: Names = NO_NAMES) -> Template | None:
        """Compile a template, once for each text and place."""
        if (source, where) not in self._templates:
            self._names[source, where] = names
            self._templates[source, where] = self._template(source, where, names)
        return self._templates[source, where]

    @property
    def refused_words(self) -> frozenset[str]:
        """Every word of what does not compile, and of what is told elsewhere: names that may be read."""
        sources = (
            source
            for compiled in (self._templates, self._expressions)
            for (source, _), one in compiled.items()
            if one is None
        )
        return frozenset(self._told).union(word for source in sources for word in _WORD.findall(source))

    @property
    def written(self) -> tuple[Written, ...]:
        """All that was compiled without an issue."""
        return (*self._written(self._templates, False), *self._written(self._expressions, True))

    def _written(
        self, compiled: Mapping[tuple[str, Path], Template | Expression | None], is_guard: bool
    ) -> Iterator[Written]:
        for (source, where), one in compiled.items():
            if one:
                yield Written(where, source, one.reads, self._names[source, where], is_guard)

    def _expression(self, source: str, where: Path, names: Names) -> Expression | None:
        try:
            expression = self._language.expression(source)
        except TemplateError as error:
            words, mend = worded(str(error))
            message = f"in the expression {source!r}: {words}"
            self._issues.append(self._document.issue(where, message, mend_of(source) or mend))
            return None
        bare = partial(self._language.value, source)
        return expression if self._check(expression.reads, names, where, source, bare) else None

    def _template(self, source: str, where: Path, names: Names) -> Template | None:
        try:
            template = self._language.template(source)
        except TemplateError as error:
            fault = fault_in(source, str(error), self._refusal)
            self._issues.append(self._document.issue_within(where, source, *fault))
            return None
        bare = partial(self._language.tree, source)
        return template if self._check(template.reads, names, where, source, bare) else None

    def _refusal(self, source: str) -> str:
        """Return why a template does not compile; empty if it does."""
        try:
            self._language.template(source)
        except TemplateError as error:
            return str(error)
        return ""

    def _check(
        self,
        reads: frozenset[Lookup],
        names: Names,
        where: Path,
        source: str,
        parse: Callable[[], nodes.Node],
    ) -> bool:
        """Whether all of `reads` exist. Reports an issue for each that does not."""
        is_sound = True
        for root in sorted({read[0] for read in reads} - self._roots - names.keys()):
            if self._document.may_hold(root, "variables"):
                continue
            mend = self._mends.get((root,)) or self._root_meant(root, names, parse())
            self._report(where, source, root, f"there is no '{root}' to read here", mend)
            is_sound = False
        for read in sorted(self._from_roots(reads, names)):
            try:
                follow(read, self._sample)
            except NoSuchField as missing:
                listed = f"there are {', '.join(missing.known)}" if missing.known else "name a list"
                meant = self._mends.get((*missing.owner, missing.field), close(missing.field, missing.known))
                if meant is not None:
                    self._report(where, source, missing.field, str(missing), meant or listed)
                    is_sound = False
                else:
                    self._told.add(missing.field)
        return is_sound

    def _root_meant(self, root: str, names: Names, tree: nodes.Node) -> str:
        """Return how to mend that `tree` reads the name `root`."""
        known = sorted({*self._roots, *names})
        near = close(root, known)
        if root in compared_names(tree):
            return f"{near} {'A' if near else 'a'} word stands in quotes: write '{root}'".lstrip()
        return near or f"there are {', '.join(known)}"

    def _report(self, where: Path, source: str, name: str, message: str, mend: str) -> None:
        """Report what is wrong with `name`, on the line of the template that reads it."""
        offset = offset_of(name, source)
        self._issues.append(self._document.issue_within(where, source, offset, message, mend))

    def _from_roots(self, reads: frozenset[Lookup], names: Names) -> set[Lookup]:
        """Return `reads` with local names replaced by the lists whose items they name."""
        resolved: set[Lookup] = set()
        for read in reads:
            if read[0] not in names:
                resolved.add(read)
            elif listed := self._list_path(names[read[0]], names):
                resolved.add((*listed, EACH, *read[1:]))
        return resolved

    def _list_path(self, each: str, names: Names) -> Lookup | None:
        """Path of the list that `each` reads. None if it is unknown, or wrong: its own place reports that."""
        try:
            listed = self._language.expression(each).path
            if listed and listed[0] in names:  # a list in an item of the section around it
                around = self._list_path(names[listed[0]], names)
                listed = (*around, EACH, *listed[1:]) if around else None
            if listed:
                follow(listed, self._sample)
        except (TemplateError, NoSuchField):
            return None
        return listed
