"""Check the messages as they are written against the channel: lengths, empty texts, URLs, counts.

Each kind of message, and the template in its place, checks its own rules in `faults`.
"""

from collections.abc import Callable, Iterator, Mapping

from flows.document.errors import Issue
from flows.document.shape import Texts
from flows.engine.model import Flow
from flows.language.checks.languages import placed_parts
from flows.language.checks.subject import Subject
from flows.messages import limits, urls
from flows.messages.writer import Empty


def texts_fit(subject: Subject) -> Iterator[Issue]:
    """Yield the texts that are too long as they are written, and those that are empty."""
    channel = subject.flow.limits.channel
    for where, part in placed_parts(subject):
        for language, text in _constant_texts(part.texts):
            if part.limit is None:
                break
            if limits.length(text) > part.limit:
                over = f"{limits.length(text)} characters, and {channel} takes {part.limit} here"
                yield subject.issue((*where, language), over, "shorten it (emoji count twice)")
            elif not text.strip() and part.empty is not Empty.FINE:
                yield subject.issue((*where, language), "the text is empty", "write something")


def urls_can_be_opened(subject: Subject) -> Iterator[Issue]:
    """Yield the URLs that no channel can open."""
    for where, part in placed_parts(subject):
        for _, url in _constant_texts(part.texts):
            if part.mend is not None and (fault := urls.fault(url)):
                yield subject.issue(where, fault, part.mend)


def _constant_texts(texts: Texts) -> Iterator[tuple[str, str]]:
    """(language, text) of those texts that hold no template; the language is empty if all share one."""
    for language, text in [("", texts)] if isinstance(texts, str) else texts.items():
        if "{{" not in text and "{%" not in text:
            yield language, text


def messages_are_well_formed(subject: Subject) -> Iterator[Issue]:
    """Yield what kinds of message and templates find in their own parts."""
    spec, flow = subject.spec, subject.flow
    items = _fixed_items(flow)
    for name, message in spec.messages.items():
        faults = [*message.faults(spec.languages, items, flow.limits)]
        if message.template is not None:
            faults += message.template.faults(spec.languages, flow.limits, message.quick_replies())
        for fault in faults:
            place = ("messages", name, *fault.place)
            yield subject.document.issue(place, fault.message, fault.mend, fault.severity)


def _fixed_items(flow: Flow) -> Callable[[str], int]:
    """Return a function from an `each:` to the number of items it always has; 0 if that varies."""
    statics = flow.statics[flow.languages[0]]

    def count(each: str) -> int:
        root, _, rest = each.strip().partition(".")
        value = statics.get(root)
        items = value.get(rest) if isinstance(value, Mapping) else None
        return len(items) if isinstance(items, (list, tuple)) else 0

    return count
