"""One SQL text for two databases."""

from hypothesis import given
from hypothesis import strategies as st

from storage.database.sql import chunks, for_sqlite, multirow, values_for_sqlite


def test_postgres_words_become_sqlites() -> None:
    sql = "SELECT a FROM t WHERE id = ANY($1::bigint[]) AND b = $2::text LIMIT $3 FOR UPDATE OF t SKIP LOCKED"
    assert for_sqlite(sql) == (
        "SELECT a FROM t WHERE id IN (SELECT value FROM json_each(?1)) AND b = ?2 LIMIT ?3"
    )
    assert values_for_sqlite([[1, 2], ["a"], "b", None, 3]) == ["[1,2]", '["a"]', "b", None, 3]


def test_rows_are_numbered_and_cast() -> None:
    assert multirow("VALUES {rows}", ("bigint", ""), 2) == "VALUES ($1::bigint, $2), ($3::bigint, $4)"


@given(st.integers(0, 2000))
def test_chunks_are_few_sizes_and_lose_nothing(count: int) -> None:
    cut = list(chunks(range(count)))
    assert [n for chunk in cut for n in chunk] == list(range(count))
    assert {len(chunk) for chunk in cut} <= {2**n for n in range(9)}
