"""One SQL text for two databases: written in PostgreSQL's dialect, translated once for SQLite."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, TypeAlias, TypeVar

import orjson

Value: TypeAlias = str | int | Sequence[int] | Sequence[str] | None
"""The value of a placeholder. A sequence is only for `= ANY($1::bigint[])` and the like."""

T = TypeVar("T")

_SEQUENCES: Final = (list, tuple)
_BIGGEST_CHUNK: Final = 256
_ANY = re.compile(r"= ANY\(\$(\d+)::\w+\[\]\)")
_LOCK = re.compile(r"\s+FOR (UPDATE|KEY SHARE|SHARE)( OF \w+)?( SKIP LOCKED)?")
_CAST = re.compile(r"::\w+")
_PLACE = re.compile(r"\$(\d+)")


@cache
def for_sqlite(sql: str) -> str:
    """Return `sql` in SQLite's dialect: `?1` for `$1`, a JSON array for an array, no casts, no row locks.

    SQLite needs no row locks: it has one writer at a time, and every unit of work is the writer from its
    first statement on.
    """
    sql = _ANY.sub(r"IN (SELECT value FROM json_each(?\1))", sql)
    sql = _CAST.sub("", _LOCK.sub("", sql))
    return _PLACE.sub(r"?\1", sql)


def values_for_sqlite(values: Sequence[Value]) -> list[Value]:
    """Return `values`, with each sequence as the JSON text that `for_sqlite` expects."""
    return [orjson.dumps(v).decode() if type(v) in _SEQUENCES else v for v in values]


@cache
def multirow(sql: str, types: tuple[str, ...], count: int) -> str:
    """Return `sql` with `{rows}` replaced by the placeholders of `count` rows.

    `types` has one entry per column: a PostgreSQL type, or "" where the statement implies the type (as
    INSERT does).
    """
    casts = [f"::{name}" if name else "" for name in types]
    width = len(types)
    rows = (
        ", ".join(f"${row * width + column + 1}{cast}" for column, cast in enumerate(casts))
        for row in range(count)
    )
    return sql.format(rows=", ".join(f"({row})" for row in rows))


def chunks(rows: Sequence[T]) -> Iterator[Sequence[T]]:
    """Yield `rows` in order, in chunks whose sizes are powers of two up to 256.

    With so few sizes, both databases keep every statement prepared.
    """
    start = 0
    while start < len(rows):
        size = min(_BIGGEST_CHUNK, 1 << ((len(rows) - start).bit_length() - 1))
        yield rows[start : start + size]
        start += size
