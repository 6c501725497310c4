"""Whether the templates that a flow names can be ones that WhatsApp approved."""

import re
from collections.abc import Iterator
from typing import Final

from flows.document.errors import Issue
from flows.document.reader import Document, Path
from flows.engine.model import Flow
from flows.language.schema import FlowSpec, TemplateSpec
from flows.messages import limits

_NAME: Final = re.compile(rf"[a-z0-9_]{{1,{limits.TEMPLATE_NAME}}}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(_[A-Z]{2,3})?", re.ASCII)


def templates_can_be_sent(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    """Issues of names and languages that no approved template has."""
    for name, message in spec.messages.items():
        if message.template is not None:
            yield from _issues(document, spec, ("messages", name, "template"), message.template)


def _issues(document: Document, spec: FlowSpec, where: Path, template: TemplateSpec) -> Iterator[Issue]:
    if not _NAME.fullmatch(template.name):
        mend = "write the name that WhatsApp Manager shows: lower case letters, digits and '_'"
        yield document.issue((*where, "name"), f"'{template.name}' can't be the name of a template", mend)
    given = template.language
    codes = given if isinstance(given, dict) else {"": given} if given is not None else {}
    for language, code in codes.items():
        place = (*where, "language", language)
        if language and language not in spec.languages:
            mend = f"add it to 'languages', which has {', '.join(spec.languages)}"
            yield document.issue(place, f"'{language}' is not a language of this flow", mend)
        if not _LANGUAGE.fullmatch(code):
            mend = "write the code that WhatsApp Manager shows, like 'en' or 'pt_BR'"
            yield document.issue(place, f"'{code}' can't be the language of a template", mend)
