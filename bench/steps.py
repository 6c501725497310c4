"""Durable steps per second in one process: stored chat events are stepped until nothing is due.

Every customer says hi, picks the first product, checks out and confirms: from a plain reply to an order
with its payment link and timers. The limit is Python's own `sqlite3` writing the same rows, in transactions
of as many conversations. It reads and decides nothing.
"""

import shutil
import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final, TypeAlias

import uvloop

from bench.figures import Figure
from bench.shop import flow, phone
from bot.whatsapp.channel import WHATSAPP
from flows.engine import events
from payments.processing.advance import advance
from payments.processing.step_input import EventKind
from storage import Store
from storage.inbox.arrival import Arrival

_CUSTOMERS: Final = 1_000
_TEXTS: Final = ("hi", "1", "checkout", "confirm")
_BATCH: Final = 256
_ROUNDS: Final = 9
_START: Final = 1_790_000_000_000

Rows: TypeAlias = list[tuple[Any, ...]]
Turn: TypeAlias = list[list[Rows]]
"""Rows that one turn of every chat wrote: by batch, then by statement."""


def durable_steps() -> Figure:
    """Measure chat events handled, with all their changes, on SQLite at `synchronous = FULL`."""
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        waiting, stepped = Path(directory) / "waiting.db", Path(directory) / "stepped.db"
        uvloop.run(_arrive(waiting))
        written: list[Turn] = []
        uvloop.run(_advance(waiting, stepped, lambda now: written.append(_written(stepped, now))))
        scratch = Path(directory) / "written.db"
        rounds = [
            (uvloop.run(_advance(waiting, stepped)), _write(waiting, scratch, written))
            for _ in range(_ROUNDS)
        ]
    return Figure("durable steps", "/s", rounds, goal=0.4)


async def _arrive(database: Path, customers: int = _CUSTOMERS) -> None:
    """Store every customer's chat as due events, one turn in each millisecond."""
    url = f"sqlite://{database}"
    await Store.migrate(url)
    store = await Store.open(url, WHATSAPP)
    for turn, text in enumerate(_TEXTS):
        body = {"event": events.to_json(events.TextReceived(text)), "name": "Asha"}
        arrivals = [
            Arrival(f"wamid.{turn}.{n}", EventKind.CHAT, body, aliases=(("phone", phone(n)),), name="Asha")
            for n in range(customers)
        ]
        await store.arrive(arrivals, _START + turn)
    await store.close()


async def _advance(waiting: Path, database: Path, after: Callable[[int], None] | None = None) -> float:
    """Return events stepped per second. Call `after` with the time of each finished turn."""
    _copy(waiting, database)
    store = await Store.open(f"sqlite://{database}", WHATSAPP)
    start = perf_counter()
    for now in range(_START, _START + len(_TEXTS)):
        decide = partial(advance, flow(), now=now)
        while await store.advance_due(decide, now, _BATCH):
            pass
        if after:
            after(now)
    seconds = perf_counter() - start
    await store.close()
    return _CUSTOMERS * len(_TEXTS) / seconds


def _write(waiting: Path, database: Path, turns: Sequence[Turn]) -> float:
    """Return events written per second."""
    _copy(waiting, database)
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("PRAGMA synchronous = FULL")
    start = perf_counter()
    for batches in turns:
        for tables in batches:
            connection.execute("BEGIN IMMEDIATE")
            for (_, statement), rows in zip(_STATEMENTS, tables, strict=True):
                connection.executemany(statement, rows)
            connection.execute("COMMIT")
    seconds = perf_counter() - start
    connection.close()
    return _CUSTOMERS * len(turns) / seconds


def _copy(waiting: Path, database: Path) -> None:
    for old in database.parent.glob(f"{database.name}*"):
        old.unlink()
    shutil.copyfile(waiting, database)


_STATEMENTS: Final = (
    (
        "SELECT state, trace, error, handled_at, id FROM inbox WHERE handled_at = ?",
        "UPDATE inbox SET state = ?, trace = ?, error = ?, handled_at = ? WHERE id = ?",
    ),
    (
        "SELECT state, snapshot, updated_at, last_inbound_at, id FROM conversation WHERE updated_at = ?",
        "UPDATE conversation SET state = ?, snapshot = ?, updated_at = ?, last_inbound_at = ? WHERE id = ?",
    ),
    (
        "SELECT conversation_id, order_key, lane, urgency, name, payload, state, due_at, attempts, caused_by,"
        " created_at FROM outbox WHERE created_at = ?",
        "INSERT INTO outbox (conversation_id, order_key, lane, urgency, name, payload, state, due_at,"
        " attempts, caused_by, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    (
        "SELECT conversation_id, key, kind, state, due_at, body, received_at FROM inbox"
        " WHERE kind = 'timer' AND received_at = ?",
        "INSERT INTO inbox (conversation_id, key, kind, state, due_at, body, received_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
    ),
    (
        "SELECT key, conversation_id, number, lines, total, currency, terms, destination, payment,"
        " lifecycle, fulfilled, held, placed_at, placed_by FROM orders WHERE placed_at = ?",
        "INSERT INTO orders (key, conversation_id, number, lines, total, currency, terms, destination,"
        " payment, lifecycle, fulfilled, held, placed_at, placed_by)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
    (
        "SELECT reference_id, order_key, conversation_id, ordinal, amount, currency, status, expires_at,"
        " created_at FROM attempt WHERE created_at = ?",
        "INSERT INTO attempt (reference_id, order_key, conversation_id, ordinal, amount, currency, status,"
        " expires_at, created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    ),
)
"""For each table: the query for a turn's rows, and the statement that writes them."""


def _written(database: Path, now: int) -> Turn:
    """Return the rows that the steps at `now` wrote, cut into transactions of `_BATCH` conversations."""
    connection = sqlite3.connect(database)
    tables: list[Rows] = [connection.execute(query, (now,)).fetchall() for query, _ in _STATEMENTS]
    connection.close()
    assert len(tables[0]) == len(tables[1]) == _CUSTOMERS
    count = -(-_CUSTOMERS // _BATCH)
    cut = [[len(rows) * place // count for place in range(count + 1)] for rows in tables]
    return [
        [rows[at[batch] : at[batch + 1]] for rows, at in zip(tables, cut, strict=True)]
        for batch in range(count)
    ]
