"""One SQL text for two databases: written as PostgreSQL reads it, translated once for SQLite."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, TypeAlias, TypeVar

import orjson

Value: TypeAlias = str | int | Sequence[int] | Sequence[str] | None
"""What a placeholder may stand for. A sequence is only for `= ANY($1::bigint[])` and its like."""

T = TypeVar("T")

_SEQUENCES: Final = (list, tuple)
_BIGGEST_CHUNK: Final = 256
_ANY = re.compile(r"= ANY\(\$(\d+)::\w+\[\]\)")
_LOCK = re.compile(r"\s+FOR UPDATE( OF \w+)?( SKIP LOCKED)?")
_CAST = re.compile(r"::\w+")
_PLACE = re.compile(r"\$(\d+)")


@cache
def for_sqlite(sql: str) -> str:
    """`sql` in SQLite's words: `?1` for `$1`, a JSON array for an array, no casts, no row locks.

    Row locks are not missed: SQLite has one writer, and every unit of work is it from its first
    statement on.
    """
    sql = _ANY.sub(r"IN (SELECT value FROM json_each(?\1))", sql)
    sql = _CAST.sub("", _LOCK.sub("", sql))
    return _PLACE.sub(r"?\1", sql)


def values_for_sqlite(values: Sequence[Value]) -> list[Value]:
    """`values`, with each sequence as the JSON text that `for_sqlite` expects."""
    return [orjson.dumps(v).decode() if type(v) in _SEQUENCES else v for v in values]


@cache
def multirow(sql: str, types: tuple[str, ...], count: int) -> str:
    """`sql` with its `{rows}` replaced by the placeholders of `count` rows.

    `types` has one entry per column: a PostgreSQL type, or "" where the statement tells the type
    itself (as INSERT does).
    """
    casts = [f"::{name}" if name else "" for name in types]
    width = len(types)
    rows = (
        ", ".join(f"${row * width + column + 1}{cast}" for column, cast in enumerate(casts))
        for row in range(count)
    )
    return sql.format(rows=", ".join(f"({row})" for row in rows))


def chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """`rows` in order, cut into powers of two up to 256.

    So few sizes that both databases keep every statement prepared.
    """
    start = 0
    while start < len(rows):
        size = min(_BIGGEST_CHUNK, 1 << ((len(rows) - start).bit_length() - 1))
        yield rows[start : start + size]
        start += size
