"""A text that WhatsApp approved beforehand, sent in a message's place once the 24 hours are over."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from flows.document.reader import Path
from flows.document.shape import LanguageCode, Spec, Texts, text_in
from flows.messages.fault import Fault
from flows.messages.limits import clip
from flows.messages.writer import Writer
from flows.templates.expressions import Context

TEMPLATE_BODY: Final = 1024
"""Body of a template, its values filled in (a longer one is refused with 132005)."""
TEMPLATE_NAME: Final = 512
"""Name of a template."""

_NAME: Final = re.compile(rf"[a-z0-9_]{{1,{TEMPLATE_NAME}}}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """A text that WhatsApp approved beforehand: all it takes 24 hours after the customer last wrote."""

    KIND: ClassVar = "template"

    name: str
    language: str
    """As WhatsApp writes it: `en`, `pt_BR`."""
    values: tuple[str, ...] = ()
    """For the gaps in its body, in order; each one line, and none empty."""

    def without_media(self) -> None:
        """Nothing: it has no file."""

    def to_json(self) -> dict[str, Any]:
        """A JSON-ready dict. Inverse of `from_json`."""
        return {"kind": self.KIND, "name": self.name, "language": self.language, "values": list(self.values)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TemplateMessage":
        """The message that `to_json` wrote."""
        return cls(value["name"], value["language"], tuple(value["values"]))


class TemplateSpec(Spec):
    """What WhatsApp approved to be sent in a message's place when the customer last wrote 24 hours ago."""

    name: str
    language: str | Annotated[dict[LanguageCode, str], Field(min_length=1)] | None = None
    """Of the template, as WhatsApp writes it (`pt_BR`); None is the customer's own."""
    values: list[Texts] = []

    def write(self, writer: Writer) -> Callable[[Context], TemplateMessage]:
        """Compile the values; the result fills them in."""
        lines = [writer.raw(value, "template", "values", i) for i, value in enumerate(self.values)]
        language = text_in(self.language or "", writer.language, writer.fallback)
        code = language or writer.language.replace("-", "_")
        # WhatsApp counts the template's own words too, which we do not know: they get a share.
        share = max(1, TEMPLATE_BODY // (len(lines) + 1))
        return lambda context: TemplateMessage(
            self.name, code, tuple(_one_line(line.say(context), share) for line in lines)
        )

    def faults(self, languages: Sequence[str]) -> Iterator[Fault]:
        """What no approved template has: its name, its languages."""
        if not _NAME.fullmatch(self.name):
            mend = "write the name that WhatsApp Manager shows: lower case letters, digits and '_'"
            yield Fault(("template", "name"), f"'{self.name}' can't be the name of a template", mend)
        given = self.language
        codes = given if isinstance(given, dict) else {"": given} if given is not None else {}
        for language, code in codes.items():
            place: Path = ("template", "language", language)
            if language and language not in languages:
                mend = f"add it to 'languages', which has {', '.join(languages)}"
                yield Fault(place, f"'{language}' is not a language of this flow", mend)
            if not _LANGUAGE.fullmatch(code):
                mend = "write the code that WhatsApp Manager shows, like 'en' or 'pt_BR'"
                yield Fault(place, f"'{code}' can't be the language of a template", mend)


def _one_line(text: str, limit: int) -> str:
    """`text` as a template takes it: no line breaks, no tabs, no runs of blanks, and never nothing."""
    return clip(" ".join(text.split()), limit) or "-"
