"""The versions of the flow: each serving of one is a row, and the newest row is what every process serves."""

from collections.abc import Mapping
from dataclasses import dataclass

from flows.engine import outline as outlines
from flows.engine.model import Flow
from flows.engine.outline import Outline
from storage.database.encoding import dumps, loads
from storage.database.transaction import Row, Transaction, Units
from storage.inbox import stock


@dataclass(frozen=True, slots=True)
class FlowText:
    """A version of the flow as it is stored."""

    version: str
    """The hash of its content."""
    texts: Mapping[str, str]
    """Its files by name, the flow file first."""
    outline: Outline


def flow_text(flow: Flow) -> FlowText:
    """Return `flow` as it is stored."""
    return FlowText(flow.version, flow.texts, outlines.outline(flow))


@dataclass(frozen=True, slots=True)
class Serving:
    """One version being served, since some time. The same version may be served again later."""

    number: int
    """It grows with each reload."""
    version: str
    outline: Outline
    since: int
    """Milliseconds since 1970, UTC."""
    by: str
    """Who had it served."""


async def serve(tx: Transaction, flow: FlowText, counted: Mapping[str, int], by: str, now: int) -> Serving:
    """Serve `flow` from now on, and set the stock to the counts that it declares.

    If it is what is served already, that goes on.
    """
    await tx.fetch(_LOCK)
    await stock.declare(tx, counted)
    return await _serve(tx, flow, by, now)


async def serve_earlier(
    tx: Transaction, flow: FlowText, numbers: Mapping[str, int | None], by: str, now: int
) -> Serving:
    """Serve `flow`, which was served before, from now on. `numbers` of what it sells are no new counts."""
    await tx.fetch(_LOCK)
    await stock.go_back(tx, numbers)
    return await _serve(tx, flow, by, now)


async def _serve(tx: Transaction, flow: FlowText, by: str, now: int) -> Serving:
    served = await newest(tx)
    if served is not None and served.version == flow.version:
        return served
    row = (flow.version, dumps(dict(flow.texts)), dumps(outlines.to_json(flow.outline)), now, by)
    [made] = await tx.insert(_INSERT, [row])
    return Serving(made["number"], flow.version, flow.outline, now, by)


# Two processes that serve at the same time do it one after the other.
_LOCK = "SELECT id FROM installation WHERE id = 1 FOR UPDATE"
_INSERT = """
INSERT INTO flow_version (version, texts, outline, served_at, served_by) VALUES {rows} RETURNING number"""


async def newest(tx: Transaction) -> Serving | None:
    """Return what is served; None if nothing was yet."""
    rows = await tx.fetch(_NEWEST)
    return _serving(rows[0]) if rows else None


# Without the bound, SQLite's plan is called a scan, though it reads the last row only.
_NEWEST = """
SELECT number, version, outline, served_at, served_by FROM flow_version
WHERE number > 0 ORDER BY number DESC LIMIT 1"""


async def since(tx: Transaction, after: int) -> list[Serving]:
    """Return every serving whose number is over `after`, oldest first."""
    return [_serving(row) for row in await tx.fetch(_SINCE, after)]


_SINCE = """
SELECT number, version, outline, served_at, served_by FROM flow_version WHERE number > $1 ORDER BY number"""


def _serving(row: Row) -> Serving:
    outline = outlines.from_json(loads(row["outline"]))
    return Serving(row["number"], row["version"], outline, row["served_at"], row["served_by"])


async def texts(tx: Transaction, number: int) -> Mapping[str, str]:
    """Return the files of the version `number`, which must exist, by name, the flow file first."""
    [row] = await tx.fetch("SELECT texts FROM flow_version WHERE number = $1", number)
    found: Mapping[str, str] = loads(row["texts"])
    return found


async def counted(tx: Transaction, number: int) -> Mapping[str, int]:
    """Return how many customers stand in each state of the version `number`, where any do.

    Those whose chat has not begun stand in none.
    """
    return {row["state"]: row["people"] for row in await tx.fetch(_COUNTED, number)}


_COUNTED = """
SELECT state, COUNT(*) AS people FROM conversation
WHERE version = $1 AND state > '' AND merged_into IS NULL AND forgotten_at IS NULL GROUP BY state"""


class StoredVersions:
    """The versions of the flow in one open database. Each method is one transaction."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def serve(self, flow: FlowText, counted: Mapping[str, int], by: str, now: int) -> Serving:
        """Serve this version from now on; see `serve` of this module."""
        return await self._units.run(lambda tx: serve(tx, flow, counted, by, now))

    async def serve_earlier(
        self, flow: FlowText, numbers: Mapping[str, int | None], by: str, now: int
    ) -> Serving:
        """Serve a version of before from now on; see `serve_earlier` of this module."""
        return await self._units.run(lambda tx: serve_earlier(tx, flow, numbers, by, now))

    async def newest(self) -> Serving | None:
        """Return what is served; None if nothing was yet."""
        return await self._units.read(newest)

    async def since(self, after: int) -> list[Serving]:
        """Return every serving whose number is over `after`, oldest first."""
        return await self._units.read(lambda tx: since(tx, after))

    async def texts(self, number: int) -> Mapping[str, str]:
        """Return the files of the version `number`, which must exist, by name."""
        return await self._units.read(lambda tx: texts(tx, number))
