"""Faults in the query plans of both databases: reads of a whole table that grows."""

import re
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, Final

import orjson

from storage.database.postgres import PostgresUnits
from storage.database.sql import Value
from storage.database.transaction import Row, Transaction, Units
from tests.tables import TABLES

_SMALL: Final = frozenset(
    {"broadcast", "flow_version", "installation", "notice", "product_off", "quota", "staff", "stock", "stray"}
)
"""One row; one for each broadcast, reload, thing that an operator has not seen to, product that is counted or
switched off, coupon, coming delivery slot or member of the staff, or link that a person settled."""
_GROWING: Final = frozenset(model._meta.db_table for model in TABLES) - _SMALL


@dataclass(frozen=True, slots=True)
class Indexes:
    """The indexes of a database."""

    partial: Set[str]
    """Partial indexes hold only the rows that wait, so that reading all of one is cheap."""
    first: Mapping[str, str]
    """The column that each begins with."""


async def indexes(units: Units) -> Indexes:
    """The indexes of the database behind `units`."""
    postgres = isinstance(units, PostgresUnits)
    rows = await units.read(lambda tx: tx.fetch(_OF_POSTGRES if postgres else _OF_SQLITE))
    made = {row["name"]: row["made"] for row in rows}
    partial = frozenset(name for name, sql in made.items() if re.search(r"\bWHERE\b", sql))
    return Indexes(partial, {name: re.findall(r"\((?:\")?(\w+)", sql)[0] for name, sql in made.items()})


_OF_SQLITE: Final = "SELECT name, sql AS made FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
_OF_POSTGRES: Final = "SELECT indexname AS name, indexdef AS made FROM pg_indexes WHERE schemaname = 'public'"


async def faults(units: Units, known: Indexes, sql: str, values: Sequence[Value]) -> list[str]:
    """The parts of the plan for `sql` that read a whole growing table; empty if it seeks."""
    if isinstance(units, PostgresUnits):
        [row] = await units.read(lambda tx: _explained(tx, "EXPLAIN (FORMAT JSON) ", sql, values))
        return list(_of_postgres(orjson.loads(row["QUERY PLAN"])[0]["Plan"], known))
    rows = await units.read(lambda tx: _explained(tx, "EXPLAIN QUERY PLAN ", sql, values))
    tables, steps = _tables(sql), [row["detail"] for row in rows]
    stops = "LIMIT" in sql and not any("TEMP B-TREE" in step for step in steps)
    return [step for step in steps if _reads_all_of_sqlites(step, tables, known, stops)]


async def _explained(tx: Transaction, explain: str, sql: str, values: Sequence[Value]) -> list[Row]:
    return await tx._run(explain + sql.strip(), values)


def _tables(sql: str) -> dict[str, str]:
    """The table that each name in `sql` stands for, as SQLite's plan calls it."""
    named = re.findall(r'(?:FROM|JOIN|UPDATE|INTO|,)\s+"?(\w+)"?(?:\s+(?:AS\s+)?"?(\w+)"?)?', sql)
    of = {alias: table for table, alias in named if table in _GROWING}
    return of | {table: table for table, _ in named if table in _GROWING}


def _reads_all_of_sqlites(step: str, tables: Mapping[str, str], known: Indexes, stops: bool) -> bool:
    """Whether `step` may read a whole growing table. `stops`: the statement ends after some rows."""
    found = re.match(r"(SCAN|SEARCH) (\w+)(?: USING (?:COVERING )?INDEX (\w+))?", step)
    if not found or found[2] not in tables:
        return False
    if found[1] == "SEARCH":
        # For the biggest of all, with an index made for this one statement, or whatever its first column.
        if "USING" not in step or "AUTOMATIC" in step or "(ANY(" in step:
            return True
        return found[3] not in known.partial and not stops and _is_half_open(_first_of_sqlites(step))
    return found[3] not in known.partial


def _first_of_sqlites(step: str) -> list[str]:
    """The comparisons of the index's first column: of `(at>? AND at<? AND id=?)`, `>` and `<`."""
    conditions = re.findall(r"(\w+)(?:,\w+)*\)?(=|[<>]=?| IS)", step.partition(" (")[2])
    return [sign for column, sign in conditions if column == conditions[0][0]]


def _is_half_open(signs: Sequence[str]) -> bool:
    """Whether a column with these comparisons is bounded on one side alone, so that all rows may be meant."""
    return {sign[0] for sign in signs} in ({"<"}, {">"})


def _of_postgres(plan: Mapping[str, Any], known: Indexes, stops: bool = False) -> Iterator[str]:
    """Faults of a plan. `stops`: the parts above end after some of its rows."""
    name, index = plan["Node Type"], plan.get("Index Name")
    stops = name == "Limit" or (stops and name in _STREAMS)
    if name == "Seq Scan" and plan["Relation Name"] in _GROWING:
        yield f"{name} on {plan['Relation Name']}"
    if index and index not in known.partial and not _begins(plan.get("Index Cond", ""), index, known):
        yield f"{name} using {index}, all of it"
    elif index and index not in known.partial and not stops and _is_half_open_in_postgres(plan, known):
        yield f"{name} using {index}, bounded on one side"
    for part in plan.get("Plans", ()):
        yield from _of_postgres(part, known, stops)


def _is_half_open_in_postgres(plan: Mapping[str, Any], known: Indexes) -> bool:
    """Whether the first column of the index, perhaps one of a row, is bounded on one side alone."""
    column, condition = known.first[plan["Index Name"]], plan["Index Cond"]
    return _is_half_open(re.findall(rf"\b{column}\b\)?(?:::\w+\)?)?(?:, .*?\))? (=|[<>]=?) ", condition))


_STREAMS: Final = frozenset(
    {"Index Scan", "Index Only Scan", "Nested Loop", "LockRows", "Subquery Scan", "Append"}
)
"""Parts that hand each row on as they find it, so that a limit above them ends them."""


def _begins(condition: str, index: str, known: Indexes) -> bool:
    """Whether `condition` restricts the first column of `index`."""
    return re.search(rf"\(+{known.first[index]}\b", condition) is not None
