"""Has another version of the flow served, and says what that means to the shop and to its customers."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from bot.own_actions import vocabulary
from bot.planning import NOBODY_MOVES, STAYING, Plan, people, pinned, planned, stranded
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from flows.language.load import load_spec
from payments.shop import changes
from payments.shop.catalogue import Shop
from payments.shop.stock import Count
from storage import Store
from storage.database.records import Records, reading
from storage.inbox import stock, versions
from storage.inbox.versions import Serving, StoredVersions, flow_text


class Strands(FlowInvalid):
    """Some customers could never go over to the flow. The text says who, as `munshi plan` does."""

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__(())
        self._told = "\n".join(lines).strip()

    def __str__(self) -> str:
        return f"{self._told}\n\n{_ANYWAY}"


_ANYWAY: Final = (
    "lead them on under 'migrate', or say --anyway to munshi reload or rollback: they stay with their version"
)

Serve: TypeAlias = Callable[[StoredVersions, Flow, str, int], Awaitable[Serving]]
"""(versions, flow, who has it served, now) -> its serving."""


@dataclass(frozen=True, slots=True)
class Way:
    """How a flow comes to be served."""

    serve: Serve
    stock: Callable[[Shop, Mapping[str, Count]], Iterator[str]]
    """(shop, counts of today) -> a line for each count that the flow's number changes."""
    knows_today: bool
    """Whether its `migrate:` was written with the states of today in view."""


async def _serve_file(stored: StoredVersions, flow: Flow, by: str, now: int) -> Serving:
    counted = {sku: number for sku, number in flow.sections["shop"].stock.items() if number is not None}
    return await stored.serve(flow_text(flow), counted, by, now)


async def _serve_earlier(stored: StoredVersions, flow: Flow, by: str, now: int) -> Serving:
    return await stored.serve_earlier(flow_text(flow), flow.sections["shop"].stock, by, now)


RELOAD: Final = Way(_serve_file, changes.stock, knows_today=True)
"""The flow file, as it is now."""
ROLLBACK: Final = Way(_serve_earlier, changes.stock_of_rollback, knows_today=False)
"""A version that was served before."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What it means to serve a flow in the place of another."""

    before: str | None = None
    """The version that is served until now; None if nothing is."""
    changes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Lines about what changes for everybody at once: `prices`, `stock`."""
    plan: Plan = field(default_factory=Plan)


@dataclass(frozen=True, slots=True)
class Served:
    """What came of serving a flow."""

    version: str
    before: str | None
    number: int
    """Of the serving."""
    changes: Mapping[str, Sequence[str]]
    """As in Outlook."""
    staying: Mapping[str, Sequence[str]]
    """Lines about who stays with their version, under what is to be said above them."""
    people: int
    """Customers who stay."""

    def to_json(self) -> dict[str, Any]:
        """Return it as the API answers it."""
        return {
            "version": self.version,
            "before": self.before,
            "number": self.number,
            "changed": self.version != self.before,
            "changes": self.changes,
            "staying": self.staying,
            "people": self.people,
        }


def from_json(answer: Mapping[str, Any]) -> Served:
    """Return what `to_json` wrote."""
    names = ("version", "before", "number", "changes", "staying", "people")
    return Served(*(answer[name] for name in names))


async def serve(
    store: Store, url: str, flow: Flow, way: Way, by: str, now: int, *, anyway: bool = False
) -> Served:
    """Have `flow`, which was checked, served by all processes of the database, which is at `url`.

    Raises Strands if somebody could never go over to it, unless it is to be served `anyway`.
    """
    seen = await outlook(url, flow, way, now)
    plan = seen.plan
    if plan.strands and not anyway:
        raise Strands([*stranded(plan)])
    serving = await way.serve(store.versions, flow, by, now)
    groups = {STAYING: plan.pins, NOBODY_MOVES: plan.stranded}
    staying = {head: pinned(pins) for head, pins in groups.items() if pins}
    stay = sum(map(people, groups.values()))
    return Served(flow.version, seen.before, serving.number, seen.changes, staying, stay)


async def outlook(url: str, flow: Flow, way: Way, now: int) -> Outlook:
    """Return what it would mean to serve `flow` now. What is served already means nothing to anybody."""
    async with reading(url) as records:
        served = await versions.newest(records.reads)
        if served is None or served.version == flow.version:
            return Outlook(flow.version if served else None)
        plan = await planned(records, flow, now)
        if not way.knows_today:
            plan.faults = []
        return Outlook(served.version, await _changes(records, served, flow.sections["shop"], way), plan)


async def _changes(records: Records, served: Serving, new: Shop, way: Way) -> dict[str, list[str]]:
    texts = await versions.texts(records.reads, served.number)
    counts = await stock.counts(records.reads)
    prices = await asyncio.to_thread(_prices, texts, new)
    found = {"prices": prices, "stock": list(way.stock(new, counts))}
    return {name: lines for name, lines in found.items() if lines}


def _prices(texts: Mapping[str, str], new: Shop) -> list[str]:
    """Return how prices differ from those in `texts`, the files of what is served."""
    try:
        old = load_spec(texts, vocabulary())[1]
    except FlowInvalid:
        return ["what was served was written for another Munshi: its prices can't be told"]
    return list(changes.prices(old.shop, new))  # type: ignore[attr-defined]  # the host's section
