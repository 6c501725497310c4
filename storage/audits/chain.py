"""Read the chain of audits, and check that each follows from the one before and from what it audited."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from payments.ledger.audit import Check, Discrepancy
from payments.ledger.audited import FIRST, Audit, Audited, figures_from_json, following
from storage.database.encoding import loads
from storage.database.transaction import Row, Transaction


@dataclass(frozen=True, slots=True)
class KeptAudit:
    """What is stored of one order by one audit."""

    number: int
    """The audit's."""
    found: Audited


@dataclass(frozen=True, slots=True)
class Links:
    """Some audits that follow each other, checked."""

    last: Audit
    """As it is stored."""
    count: int
    discrepancies: list[Discrepancy]


async def newest(tx: Transaction) -> Audit:
    """Return the newest audit; `FIRST` if there is none."""
    rows = await tx.fetch(_NEWEST, FIRST.number)
    return _audit(rows[0]) if rows else FIRST


async def last_audits(tx: Transaction, keys: Sequence[str]) -> dict[str, KeptAudit]:
    """Return what the last audit of each of these orders found. Orders without one are left out."""
    rows = await tx.fetch_rows(_LAST, "text", [(key,) for key in keys]) if keys else []
    return {row["order_key"]: KeptAudit(row["audit"], _audited(row)) for row in rows}


async def links(tx: Transaction, after: Audit, limit: int) -> Links:
    """Check up to `limit` audits that come after `after`, which is taken as it is."""
    audits = [_audit(row) for row in await tx.fetch(_FOLLOWING, after.number, limit)]
    if not audits:
        return Links(after, 0, [])
    rows = await tx.fetch(_OF_AUDITS, audits[0].number, audits[-1].number)
    asked = [(row["order_key"], row["audit"]) for row in rows]
    earlier = {(row["order_key"], row["later"]): _audited(row) for row in await _before(tx, asked)}
    entries: defaultdict[int, list[tuple[Audited, Audited | None]]] = defaultdict(list)
    for row in rows:
        found = _audited(row)
        entries[row["audit"]].append((found, earlier.get((found.order_key, row["audit"]))))
    wrong, previous = [], after
    for audit in audits:
        expected = following(previous, entries[audit.number], audit.made_at)
        if expected != audit:
            wrong.append(_broken(expected, audit))
        previous = audit
    return Links(previous, len(audits), wrong)


async def _before(tx: Transaction, asked: Sequence[tuple[str, int]]) -> list[Row]:
    return await tx.fetch_rows(_EARLIER, "text bigint", asked)


def _broken(expected: Audit, audit: Audit) -> Discrepancy:
    said = "an audit must follow from the one before it and from the orders that it saw"
    if expected.number != audit.number:
        return Discrepancy(str(audit.number), Check.CHAIN, said, f"audit {expected.number}", None)
    return Discrepancy(str(audit.number), Check.CHAIN, said, expected.digest[:12], audit.digest[:12])


def _audit(row: Row) -> Audit:
    return Audit(row["number"], row["made_at"], figures_from_json(loads(row["figures"])), row["digest"])


def _audited(row: Row) -> Audited:
    digests = (row["facts_digest"], row["books_digest"])
    return Audited(row["order_key"], row["facts"], *digests, figures_from_json(loads(row["figures"])))


_NEWEST: Final = """
SELECT number, made_at, figures, digest FROM audit WHERE number > $1 ORDER BY number DESC LIMIT 1"""
_FOLLOWING: Final = """
SELECT number, made_at, figures, digest FROM audit WHERE number > $1 ORDER BY number LIMIT $2"""
# In the order in which they were made, whatever the database's collation says of their keys.
_OF_AUDITS: Final = "SELECT * FROM audited_order WHERE audit BETWEEN $1 AND $2 ORDER BY id"
_LAST: Final = """
SELECT a.* FROM (VALUES {rows}) AS v CROSS JOIN audited_order a
WHERE a.order_key = v.column1
    AND a.audit = (SELECT MAX(b.audit) FROM audited_order b WHERE b.order_key = v.column1)"""
_EARLIER: Final = """
SELECT a.*, v.column2 AS later FROM (VALUES {rows}) AS v CROSS JOIN audited_order a
WHERE a.order_key = v.column1 AND a.audit = (
    SELECT MAX(b.audit) FROM audited_order b WHERE b.order_key = v.column1 AND b.audit < v.column2)"""
