"""The books of a demo, read while its bot runs or is down: what became of one person, and why."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from bot.event_words import came, decision
from bot.moment_words import in_words, order_state
from bot.own_actions import vocabulary
from bot.stored_scenario import as_scenario, warnings
from bot.whatsapp.limits import LIMITS
from flows.diagram.svg import svg
from flows.engine.model import Flow
from flows.language.load import load_checked
from storage.database.records import Records, reading
from storage.inbox import versions
from storage.reports.timeline import MOMENTS, Story, TimelineEntry, story, subjects

_NEWEST: Final = 40
"""Events of a person that are looked through for the newest decisions."""

_MONEY: Final = frozenset({"order", "call", "fact", "refund"})
"""What in a story is about money."""


@dataclass(frozen=True, slots=True)
class Acting:
    """A line of the flow's source that took part in a decision."""

    file: str
    line: int
    """From 1 on."""
    took: bool
    """Whether its rule was taken; else it was passed over."""
    because: str
    """Why it was passed over: `if: cart.count > 0 is not so`. Empty for the rule that was taken."""


@dataclass(frozen=True, slots=True)
class Decision:
    """How one event was decided."""

    event: int
    at: int
    """Milliseconds since 1970, UTC."""
    came: str
    """What came: `customer tapped "Confirm order" (confirm)`."""
    words: tuple[str, ...]
    """Which rules were passed over and why, which was taken, and what it did."""
    acting: tuple[Acting, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """One thing that happened, in words."""

    at: int
    """Milliseconds since 1970, UTC."""
    words: tuple[str, ...]
    """What it was, and its details."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a person stands, at one instant."""

    story: Story
    """Their newest events, and all their orders with their money."""
    flow: Flow
    """The version of the flow that they stand on."""
    decisions: tuple[Decision, ...]
    """Of their newest events, the newest last."""

    @property
    def picture(self) -> str:
        """The flow as an SVG picture, in which the person's state is marked."""
        return svg(self.flow, {}, self.story.state)

    @property
    def orders(self) -> tuple[str, ...]:
        """How each of their orders and its money stand now, in lines of words."""
        return tuple(line for order in self.story.orders for line in order_state(order))

    @property
    def ledger(self) -> tuple[Told, ...]:
        """What was ordered, asked for, learned of money and given back, oldest first."""
        entries = [one for one in self.story.moments if one.what in _MONEY]
        return tuple(Told(one.at, tuple(in_words(one))) for one in entries)

    @property
    def source(self) -> Mapping[str, str]:
        """The files of the flow: name -> text, the flow file first."""
        return self.flow.texts


@dataclass(frozen=True, slots=True)
class Kept:
    """A chat as a scenario that `munshi test` plays."""

    text: str
    warnings: tuple[str, ...]
    """Where it does not tell what happened."""


class Books:
    """The database of a demo. Each method reads one instant of it."""

    def __init__(self, database: str) -> None:
        """`database` is its URL."""
        self.url: Final = database
        self._flows: dict[int, Flow] = {}
        """The versions that were needed so far, by number."""

    async def story(self, wa_id: str) -> Story | None:
        """Return a person's orders and state, with the newest event alone; None if nothing is stored."""
        async with reading(self.url) as records:
            return await _story(records, wa_id, 1)

    async def trace(self, wa_id: str) -> list[dict[str, Any]]:
        """Return the decision records of the person's newest events, oldest first."""
        async with reading(self.url) as records:
            told = await _story(records, wa_id, _NEWEST)
        return [dict(entry) for moment in _decided(told) for entry in moment.about["trace"]][-5:]

    async def standing(self, wa_id: str) -> Standing | None:
        """Return where a person stands; None before their first step."""
        async with self._whole(wa_id, _NEWEST) as (told, flow):
            if told is None or flow is None:
                return None
            return Standing(told, flow, tuple(_decision(flow, moment) for moment in _decided(told)))

    async def scenario(self, wa_id: str) -> Kept | None:
        """Return the person's whole chat as a scenario; None if nothing of it is stored."""
        async with self._whole(wa_id, MOMENTS) as (told, flow):
            made = as_scenario(flow, told) if told and flow else None
            return Kept(made.text, tuple(warnings(told, made))) if told and made else None

    @asynccontextmanager
    async def _whole(self, wa_id: str, limit: int) -> AsyncIterator[tuple[Story | None, Flow | None]]:
        async with reading(self.url) as records:
            told = await _story(records, wa_id, limit)
            number = told.version if told else None
            yield told, None if number is None else await self._flow(records, number)

    async def _flow(self, records: Records, number: int) -> Flow:
        if number not in self._flows:
            texts = await versions.texts(records.reads, number)
            self._flows[number] = await asyncio.to_thread(load_checked, texts, vocabulary(), limits=LIMITS)
        return self._flows[number]


async def _story(records: Records, wa_id: str, limit: int) -> Story | None:
    matches = await subjects(records, wa_id, [wa_id])
    return await story(records, matches[0], limit) if matches else None


def _decided(told: Story | None) -> Iterator[TimelineEntry]:
    """Yield the events of which something was decided, oldest first by when they were handled."""
    events = [one for one in (told.moments if told else ()) if one.about.get("trace")]
    yield from sorted(events, key=lambda one: (one.about["handled_at"] or 0, one.about["id"]))


def _decision(flow: Flow, moment: TimelineEntry) -> Decision:
    entries = moment.about["trace"]
    return Decision(
        event=moment.about["id"],
        at=moment.about["handled_at"] or moment.at,
        came=came(moment.what, moment.about["body"] or {}),
        words=tuple(words for entry in entries for words in decision(entry)),
        acting=tuple(one for entry in entries for one in _acting(flow, entry)),
    )


def _acting(flow: Flow, entry: Mapping[str, Any]) -> Iterator[Acting]:
    for passed in entry.get("passed", ()):
        yield Acting(passed.get("file", flow.file), passed["line"], False, passed["because"])
    if taken := entry.get("taken"):
        yield Acting(taken.get("file", flow.file), taken["line"], True, "")
