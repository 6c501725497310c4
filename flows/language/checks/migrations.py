"""Check `migrate:` as far as one file can: what it says of earlier versions is checked against those."""

from collections.abc import Iterator

from flows.document.errors import Issue
from flows.engine.outline import leaves_of
from flows.language.checks.subject import Subject


def migrations_are_taken(subject: Subject) -> Iterator[Issue]:
    """Issues of `migrate:`: states that are not gone, and entries that are never taken."""
    settled: dict[str, int] = {}
    leaves = leaves_of(subject.flow)
    for index, entry in enumerate(subject.spec.migrate):
        where = ("migrate", index)
        if "" in settled:
            message = f"never taken: 'else' on line {settled['']} takes whoever is left"
            yield subject.issue(where, message, "put 'else: first' last")
        for nth, source in enumerate(entry.from_):
            place = (*where, "from", nth)
            if source in leaves:
                message = f"'{source}' is a state of this file: who stands there stays"
                yield subject.issue(place, message, "remove it here, or rename the state")
            if source in settled:
                message = f"never taken: line {settled[source]} takes all who stand in '{source}'"
                yield subject.issue(place, message, "put it first, or give that one an 'if'")
        if entry.if_ is None:
            settled |= {
                source: subject.document.line(where)
                for source in entry.from_ or [""]
                if source not in settled
            }
