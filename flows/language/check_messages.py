"""Check the messages of a flow as they are written: languages, lengths and URLs.

Each kind of message, and the template in its place, checks its own rules in `faults`.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from flows.document.errors import Issue, Severity
from flows.document.reader import Document, Path
from flows.document.shape import Texts
from flows.engine.model import Flow
from flows.language.compile import Compiled
from flows.language.schema import FlowSpec
from flows.messages import limits, urls
from flows.messages.writer import Empty, Part

_FEW: Final = 5
"""Up to so many missing translations of one language are reported one by one."""


def check_messages(document: Document, spec: FlowSpec, compiled: Compiled) -> Iterator[Issue]:
    """Issues of all messages."""
    parts = [
        (("messages", name, *part.place), part) for name, parts in compiled.parts.items() for part in parts
    ]
    for where, part in parts:
        yield from _foreign_languages(document, spec, where, part)
        yield from _unfit_texts(document, where, part, compiled.flow.limits.channel)
        yield from _unopenable_urls(document, where, part)
    yield from _missing_translations(document, spec, parts)
    yield from _faults(document, spec, compiled.flow)


def _foreign_languages(document: Document, spec: FlowSpec, where: Path, part: Part) -> Iterator[Issue]:
    if isinstance(part.texts, str):
        return
    for language in part.texts.keys() - set(spec.languages):
        mend = f"add it to 'languages', which has {', '.join(spec.languages)}"
        yield document.issue((*where, language), f"'{language}' is not a language of this flow", mend)


def _unfit_texts(document: Document, where: Path, part: Part, channel: str) -> Iterator[Issue]:
    for language, text in _constant_texts(part.texts):
        if part.limit is None:
            return
        if limits.length(text) > part.limit:
            over = f"{limits.length(text)} characters, and {channel} takes {part.limit} here"
            yield document.issue((*where, language), over, "shorten it (emoji count twice)")
        elif not text.strip() and part.empty is not Empty.FINE:
            yield document.issue((*where, language), "the text is empty", "write something")


def _unopenable_urls(document: Document, where: Path, part: Part) -> Iterator[Issue]:
    for _, url in _constant_texts(part.texts):
        if part.mend is not None and (fault := urls.fault(url)):
            yield document.issue(where, fault, part.mend)


def _constant_texts(texts: Texts) -> Iterator[tuple[str, str]]:
    """(language, text) of those texts that hold no template; the language is empty if all share one."""
    for language, text in [("", texts)] if isinstance(texts, str) else texts.items():
        if "{{" not in text and "{%" not in text:
            yield language, text


def _missing_translations(
    document: Document, spec: FlowSpec, parts: list[tuple[Path, Part]]
) -> Iterator[Issue]:
    """Warn of each missing translation; if a language lacks more than `_FEW`, warn once for all."""
    for language in spec.languages:
        missing = [
            where for where, part in parts if not isinstance(part.texts, str) and language not in part.texts
        ]
        mend = f"add '{language}: …'"
        if len(missing) > _FEW:
            message = f"{len(missing)} texts are not in '{language}', this one first"
            yield document.issue(missing[0], message, mend, Severity.WARNING)
            continue
        for where in missing:
            message = f"no text in '{language}': customers see '{spec.languages[0]}'"
            yield document.issue(where, message, mend, Severity.WARNING)


def _faults(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    """Issues that kinds of message and templates find in their own parts."""
    items = _fixed_items(flow)
    for name, message in spec.messages.items():
        for fault in message.faults(spec.languages, items, flow.limits):
            yield document.issue(("messages", name, *fault.place), fault.message, fault.mend, fault.severity)
        if message.template is None:
            continue
        for fault in message.template.faults(spec.languages, flow.limits, message.quick_replies()):
            yield document.issue(("messages", name, *fault.place), fault.message, fault.mend, fault.severity)


def _fixed_items(flow: Flow) -> Callable[[str], int]:
    """Return a function from an `each:` to the number of items it always has; 0 if that varies."""
    statics = flow.statics[flow.languages[0]]

    def count(each: str) -> int:
        root, _, rest = each.strip().partition(".")
        value = statics.get(root)
        items = value.get(rest) if isinstance(value, Mapping) else None
        return len(items) if isinstance(items, (list, tuple)) else 0

    return count
