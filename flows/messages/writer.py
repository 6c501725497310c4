"""Compile the templates of one message in one language, and record each of them for the checks.

A kind passes each of its templates to the writer once. So the checks see exactly what is compiled, and a text
is cut at rendering to the same limit that it was checked against at load.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, NamedTuple, TypeAlias, TypeVar

from flows.document.errors import StepFailed, Unsendable
from flows.document.places import Path
from flows.document.shape import Texts, text_in
from flows.messages.limits import ChannelLimits, clip, length
from flows.templates.compiler import NO_NAMES, Names, TemplateCompiler
from flows.templates.expressions import BLANK, NEVER, Context, Expression, Template

Made = TypeVar("Made")
OptionalText: TypeAlias = Callable[[Context], str | None]


class Empty(Enum):
    """What a blank text means."""

    FINE = "fine"
    """The text is left out."""
    MISTAKE = "mistake"
    """The text is left out if it is rendered blank. One that is written blank is an issue."""
    REFUSED = "refused"
    """The channel refuses the message."""


@dataclass(frozen=True, slots=True)
class Part:
    """One text of a message, as written."""

    place: Path
    """Relative to the message."""
    texts: Texts
    limit: int | None = None
    """Longest length in UTF-16 code units; None if there is no limit."""
    empty: Empty = Empty.MISTAKE
    mend: str | None = None
    """Of a URL: what to write instead of one that the channel can't open. None for any other text."""
    names: Names = field(default_factory=dict)
    """Its local names."""


CUTS: Final = "<cuts>"
"""Key of a context under which the check of a flow collects every `Cut`. No template can read it."""


class Cut(NamedTuple):
    """A text that was too long for the channel."""

    place: Path
    """Relative to the message."""
    text: str
    """The whole text."""
    limit: int
    at_end: bool
    """Whether its end is lost; else its middle is."""


@dataclass(frozen=True, slots=True)
class Line:
    """One compiled text of a message."""

    say: Callable[[Context], str]
    """Render the text, cut to its limit. Raises StepFailed."""
    reads: frozenset[str]
    """Names of the context that it reads."""


class Writer:
    """Compiles one message in one language. `parts` collects the texts that it compiles."""

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
        self.message = message
        self._compiler, self._statics = compiler, statics

    def text(
        self,
        texts: Texts,
        *place: str | int,
        limit: int,
        empty: Empty = Empty.MISTAKE,
        cut: Callable[[str, int], str] = clip,
        names: Names = NO_NAMES,
    ) -> Line:
        """Compile a text that customers read, in the writer's language. It is cut to `limit`."""
        self.parts.append(Part(place, texts, limit, empty, names=names))
        template = self._template(texts, place, names)
        render, reads = template.render, _roots([template])

        def render_cut(context: Context) -> str:
            text = render(context)
            if empty is Empty.REFUSED and not text.strip():
                message = f"a text that {self.limits.channel} needs came out empty"
                raise Unsendable(message, "write something that is never empty")
            if length(text) > limit and (cuts := context.get(CUTS)) is not None:
                cuts.append(Cut(place, text, limit, cut is clip))
            return cut(text, limit)

        return Line(self.once(render_cut, reads), reads)

    def optional(self, texts: Texts | None, *place: str | int, limit: int, **how: Any) -> OptionalText:
        """Compile as `text` does, a text that the flow file may leave out."""
        if texts is None:
            return _no_text
        return self.text(texts, *place, limit=limit, **how).say

    def raw(self, texts: Texts, *place: str | int, names: Names = NO_NAMES) -> Line:
        """Compile a text of any length."""
        self.parts.append(Part(place, texts, names=names))
        template = self._template(texts, place, names)
        reads = _roots([template])
        return Line(self.once(template.render, reads), reads)

    def url(self, source: str, *place: str | int, mend: str) -> Line:
        """Compile a URL. `mend` says what to write instead of one that can't be opened."""
        self.parts.append(Part(place, source, mend=mend))
        template = self._template(source, place, NO_NAMES)
        reads = _roots([template])
        return Line(self.once(template.render, reads), reads)

    def optional_url(self, source: str | None, *place: str | int, mend: str) -> OptionalText:
        """Compile as `url` does, a URL that the flow file may leave out."""
        return _no_text if source is None else self.url(source, *place, mend=mend).say

    def expression(self, source: str, *place: str | int, names: Names = NO_NAMES) -> Expression:
        """Compile a guard (`if:`), or the list of an `each:`."""
        return self._compiler.expression(source, self._where(place), names) or NEVER

    def once(self, make: Callable[[Context], Made], reads: Iterable[str]) -> Callable[[Context], Made]:
        """Return `make`, cached as long as all that it reads is the same as at load."""
        statics = self._statics
        if not statics.keys() >= set(reads):
            return make
        try:
            result = make(statics)
        except (StepFailed, UnicodeEncodeError):
            return make  # the check reports the error in its place
        read = [(name, statics[name]) for name in reads]
        if not read:
            return lambda context: result
        return lambda context: result if all(context[n] is v for n, v in read) else make(context)

    def _template(self, texts: Texts, place: Path, names: Names) -> Template:
        """Return the template in the writer's language. Compile those of the others too, to check them."""
        variants = {"": texts} if isinstance(texts, str) else texts
        compiled = {
            source: self._compiler.template(source, self._where((*place, language)), names) or BLANK
            for language, source in variants.items()
        }
        return compiled.get(text_in(texts, self.language, self.fallback), BLANK)

    def _where(self, place: Path) -> Path:
        return ("messages", self.message, *place)


def _no_text(context: Context) -> None:
    return None


def _roots(parts: Iterable[Template | Expression]) -> frozenset[str]:
    """Names of the context that `parts` read."""
    return frozenset(read[0] for part in parts for read in part.reads)
