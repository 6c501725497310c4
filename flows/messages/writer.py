"""Compiles the templates of one message in one language, and notes each of them for the checks.

A kind names each of its templates once, to the writer. So the checks see exactly what is compiled, and what
was cut when it is said was measured against the same limit when the flow was read.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeAlias, TypeVar

from flows.document.errors import StepFailed, Unsendable
from flows.document.reader import Path
from flows.document.shape import Texts, text_in
from flows.messages.limits import ChannelLimits, clip
from flows.templates.compiler import NO_NAMES, Names, TemplateCompiler
from flows.templates.expressions import BLANK, NEVER, Context, Expression, Template

Made = TypeVar("Made")
OptionalText: TypeAlias = Callable[[Context], str | None]


class Empty(Enum):
    """What it means that a text is blank."""

    FINE = "fine"
    """It is left out."""
    MISTAKE = "mistake"
    """It is left out if it comes out so; an operator who writes it so is told."""
    REFUSED = "refused"
    """The channel refuses the message."""


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a message, as it is written."""

    place: Path
    """Below the message."""
    texts: Texts
    limit: int | None = None
    """UTF-16 code units it may be long."""
    empty: Empty = Empty.MISTAKE
    mend: str | None = None
    """It must be a URL that the channel can open: what to write if it is none."""


@dataclass(frozen=True, slots=True)
class Line:
    """One text of a message, compiled."""

    say: Callable[[Context], str]
    """Renders it, cut to its limit. Raises StepFailed."""
    reads: frozenset[str]
    """Names of the context that it reads."""


class Writer:
    """Writes one message in one language. `parts` is what it holds, once it is written."""

    def __init__(
        self,
        compiler: TemplateCompiler,
        message: str,
        language: str,
        fallback: str,
        statics: Context,
        limits: ChannelLimits,
    ) -> None:
        self.language, self.fallback, self.limits = language, fallback, limits
        self.parts: list[Part] = []
        self._compiler, self._message, self._statics = compiler, message, statics

    def text(
        self,
        texts: Texts,
        *place: str | int,
        limit: int,
        empty: Empty = Empty.MISTAKE,
        cut: Callable[[str, int], str] = clip,
        names: Names = NO_NAMES,
    ) -> Line:
        """A text that customers read, in the writer's language; cut to `limit`."""
        self.parts.append(Part(place, texts, limit, empty))
        template = self._template(texts, place, names)
        render, reads = template.render, _roots([template])

        def said(context: Context) -> str:
            text = render(context)
            if empty is Empty.REFUSED and not text.strip():
                raise Unsendable(f"a text that {self.limits.channel} needs came out empty")
            return cut(text, limit)

        return Line(self.once(said, reads), reads)

    def optional(self, texts: Texts | None, *place: str | int, limit: int, **how: Any) -> OptionalText:
        """As `text`, of a text that may be left out of the flow file."""
        if texts is None:
            return _nothing
        return self.text(texts, *place, limit=limit, **how).say

    def raw(self, texts: Texts, *place: str | int, names: Names = NO_NAMES) -> Line:
        """A text of any length."""
        self.parts.append(Part(place, texts))
        template = self._template(texts, place, names)
        reads = _roots([template])
        return Line(self.once(template.render, reads), reads)

    def url(self, source: str, *place: str | int, mend: str) -> Line:
        """The URL of something; `mend` says what to write where it can't be opened."""
        self.parts.append(Part(place, source, mend=mend))
        template = self._template(source, place, NO_NAMES)
        reads = _roots([template])
        return Line(self.once(template.render, reads), reads)

    def optional_url(self, source: str | None, *place: str | int, mend: str) -> OptionalText:
        """As `url`, of one that may be left out of the flow file."""
        return _nothing if source is None else self.url(source, *place, mend=mend).say

    def expression(self, source: str, *place: str | int, names: Names = NO_NAMES) -> Expression:
        """A guard, or what a list's rows are made for."""
        return self._compiler.expression(source, self._where(place), names) or NEVER

    def once(self, make: Callable[[Context], Made], reads: Iterable[str]) -> Callable[[Context], Made]:
        """`make`, called once for as long as all that it reads is as it was when the flow was read."""
        statics = self._statics
        if not statics.keys() >= set(reads):
            return make
        try:
            made = make(statics)
        except (StepFailed, UnicodeEncodeError):
            return make  # the check says what is wrong, in its place
        read = [(name, statics[name]) for name in reads]
        if not read:
            return lambda context: made
        return lambda context: made if all(context[n] is v for n, v in read) else make(context)

    def _template(self, texts: Texts, place: Path, names: Names) -> Template:
        """The template in the writer's language; those in the others are compiled to be checked."""
        variants = {"": texts} if isinstance(texts, str) else texts
        compiled = {
            source: self._compiler.template(source, self._where((*place, language)), names) or BLANK
            for language, source in variants.items()
        }
        return compiled.get(text_in(texts, self.language, self.fallback), BLANK)

    def _where(self, place: Path) -> Path:
        return ("messages", self._message, *place)


def _nothing(context: Context) -> None:
    return None


def _roots(parts: Iterable[Template | Expression]) -> frozenset[str]:
    return frozenset(read[0] for part in parts for read in part.reads)
