"""Approved templates: texts that the channel approved beforehand, sent when it takes nothing else."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar, Final

from pydantic import Field

from flows.document.errors import Unsendable
from flows.document.places import Path
from flows.document.shape import LanguageCode, Spec, Texts, text_in
from flows.messages import urls
from flows.messages.fault import Fault
from flows.messages.limits import ChannelLimits, clip
from flows.messages.offers import ReplySpec
from flows.messages.stored import stored_name
from flows.messages.writer import Writer
from flows.templates.expressions import Context

LINK: Final = "write the document's whole address, like 'https://shop.example/prices.pdf'"
"""The mend of a document's link that can't be opened."""


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    """An approved template with its values: all that the channel takes for a customer who was long silent."""

    KIND: ClassVar = "template"

    name: str
    language: str
    """As the channel writes it: `en`, `pt_BR`."""
    values: tuple[str, ...] = ()
    """For the placeholders in its body, in order. Each is one line and not empty."""
    buttons: tuple[str, ...] = ()
    """What each of its quick replies sends back when it is tapped, in order. Their titles are approved."""
    document: str = ""
    """Link of the document in its header: https, or as `flows.messages.stored` says; empty if it has none."""
    filename: str = ""
    """What the document is called."""

    @property
    def stored(self) -> str:
        """What the shop keeps its document as; empty if it has none, or one at a public address."""
        return stored_name(self.document)

    def plain(self) -> None:
        """Return None: nothing is plainer."""

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict. Inverse of `from_json`."""
        written = {"kind": self.KIND, "name": self.name, "language": self.language}
        quick = {"buttons": list(self.buttons)} if self.buttons else {}
        header = {"document": self.document, "filename": self.filename} if self.document else {}
        return {**written, "values": list(self.values), **quick, **header}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "TemplateMessage":
        """Return the message that `to_json` wrote."""
        buttons = tuple(value.get("buttons", ()))
        header = (value.get("document", ""), value.get("filename", ""))
        return cls(value["name"], value["language"], tuple(value["values"]), buttons, *header)


class TemplateSpec(Spec):
    """The approved template that may be sent in a message's place, as written in the flow file."""

    name: str
    """Its name, as it was approved."""
    language: str | Annotated[dict[LanguageCode, str], Field(min_length=1)] | None = None
    """Its language as the channel writes it, as `pt_BR`. Without it, the customer's."""
    values: list[Texts] = []
    """What fills {{1}}, {{2}} … in, in this order."""
    buttons: bool = False
    """Whether it has a quick reply for each button of the message, in the same order."""
    document: str | None = None
    """Link of the document in its header, as of a `document` message. If it is empty, `without` is sent."""
    without: str | None = None
    """Name of the template for the same values without a header. Else nothing is sent without a document."""

    def write(self, writer: Writer) -> Callable[[Context], TemplateMessage | None]:
        """Compile the values. The result makes the template message from a context; None if there is none."""
        write, headed = self._write_body(writer), self.document
        if headed is None:
            return write
        link = writer.url(headed, "template", "document", mend=LINK)

        def render(context: Context) -> TemplateMessage | None:
            template, document = write(context), link.say(context).strip()
            if not document:
                return replace(template, name=self.without) if self.without else None
            if not stored_name(document) and (fault := urls.fault(document)):
                raise Unsendable(f"the document of the template can't be opened: {fault}")
            return replace(template, document=document)

        return render

    def _write_body(self, writer: Writer) -> Callable[[Context], TemplateMessage]:
        lines = [writer.raw(value, "template", "values", i) for i, value in enumerate(self.values)]
        language = text_in(self.language or "", writer.language, writer.fallback)
        code = language or writer.language.replace("-", "_")
        # The channel counts the template's own text too. We do not know it, so it gets a share of the limit.
        share = max(1, writer.limits.template_body // (len(lines) + 1))
        return lambda context: TemplateMessage(
            self.name, code, tuple(_one_line(line.say(context), share) for line in lines)
        )

    def faults(
        self, languages: Sequence[str], limits: ChannelLimits, buttons: Sequence[ReplySpec]
    ) -> Iterator[Fault]:
        """Yield a fault for what no approved template can have. `buttons` are those of the message."""
        if self.buttons:
            yield from _button_faults(buttons, limits)
        if not limits.template_name.fullmatch(self.name):
            mend = f"write the name that {limits.templates_in} shows: lower case letters, digits and '_'"
            yield Fault(("template", "name"), f"'{self.name}' can't be the name of a template", mend)
        if self.without is not None:
            yield from self._faults_without(limits)
        given = self.language
        codes = given if isinstance(given, dict) else {"": given} if given is not None else {}
        for language, code in codes.items():
            place: Path = ("template", "language", language)
            if language and language not in languages:
                mend = f"add it to 'languages', which has {', '.join(languages)}"
                yield Fault(place, f"'{language}' is not a language of this flow", mend)
            if not limits.template_language.fullmatch(code):
                mend = f"write the code that {limits.templates_in} shows, like 'en' or 'pt_BR'"
                yield Fault(place, f"'{code}' can't be the language of a template", mend)

    def _faults_without(self, limits: ChannelLimits) -> Iterator[Fault]:
        where: Path = ("template", "without")
        if self.document is None:
            yield Fault(
                where, "the template has no document to be without", "take 'without' out, or add 'document'"
            )
        if not limits.template_name.fullmatch(self.without or ""):
            mend = f"write the name that {limits.templates_in} shows: lower case letters, digits and '_'"
            yield Fault(where, f"'{self.without}' can't be the name of a template", mend)


def _button_faults(buttons: Sequence[ReplySpec], limits: ChannelLimits) -> Iterator[Fault]:
    """Yield faults of a template that should have a quick reply for each of the message's `buttons`."""
    where: Path = ("template", "buttons")
    if not buttons:
        mend = "take 'buttons' out of its template, or give the message buttons"
        yield Fault(where, "the message has no buttons for the quick replies of its template", mend)
    if any(not button.is_sure for button in buttons):
        said = "a template shows all of its buttons, and a button of the message has an 'if'"
        yield Fault(where, said, "take that 'if' out, or 'buttons' out of the template")
    if len(buttons) > limits.template_buttons:
        said = f"{len(buttons)} buttons, and {limits.channel} takes {limits.template_buttons} in a template"
        yield Fault(where, said, "take 'buttons' out of the template")


def _one_line(text: str, limit: int) -> str:
    """Return `text` as a template takes it: no line breaks, tabs or runs of blanks, and never empty."""
    return clip(" ".join(text.split()), limit) or "-"
