"""The lights of the page: what is looked at, how it stands, and what to do. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from bot.checks.finding import Finding
from bot.console.words import Words
from storage.reports.queries import Counts
from storage.reports.traffic import Traffic

_LATE: Final = 10_000
"""Milliseconds for which an event may wait."""
_STUCK: Final = 60_000
"""Milliseconds after which an event that waits is no longer only late."""
_SILENT: Final = 24 * 3_600_000
"""Milliseconds without a message of any customer after which one should look."""


class Level(StrEnum):
    """How something stands."""

    FINE = "fine"
    LOOK = "look"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Light:
    """One thing that is looked at."""

    name: str
    level: Level
    said: str
    mend: str = ""


_LEVELS: Final = {True: Level.FINE, None: Level.LOOK, False: Level.BROKEN}


def of_finding(finding: Finding) -> Light:
    """Return a finding as its light."""
    return Light(finding.name, _LEVELS[finding.well], finding.said, "" if finding.well else finding.mend)


def of_books(words: Words, counts: Counts, traffic: Traffic, now: int) -> tuple[Light, ...]:
    """Return the lights of the queues and of what customers write, at `now`, milliseconds since 1970."""
    return _events(words, counts), _calls(words, counts, traffic), _heard(words, traffic, now)


def _events(words: Words, counts: Counts) -> Light:
    name, seconds = words("events"), counts.oldest_due_ms // 1000
    if not counts.pending or counts.oldest_due_ms < _LATE:
        return Light(name, Level.FINE, words("events_fine", count=counts.pending))
    said = words("events_late", count=counts.pending, seconds=seconds)
    level = Level.BROKEN if counts.oldest_due_ms >= _STUCK else Level.LOOK
    return Light(name, level, said, words("events_do"))


def _calls(words: Words, counts: Counts, traffic: Traffic) -> Light:
    name = words("calls")
    if not traffic.retried:
        return Light(name, Level.FINE, words("calls_fine", count=counts.unfinished))
    return Light(name, Level.LOOK, words("calls_again", count=traffic.retried), words("calls_do"))


def _heard(words: Words, traffic: Traffic, now: int) -> Light:
    name = words("heard")
    if traffic.heard_at is None:
        return Light(name, Level.LOOK, words("heard_never"), words("heard_do"))
    silent = now - traffic.heard_at
    if silent < _SILENT:
        return Light(name, Level.FINE, words("heard_minutes", minutes=max(silent, 0) // 60_000))
    return Light(name, Level.LOOK, words("heard_hours", hours=silent // 3_600_000), words("heard_do"))
