"""Audit the orders that changed since they were last audited, and keep what was found in a chain."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from payments.ledger.audit import Discrepancy
from payments.ledger.audited import figures_to_json, following
from storage.audits.chain import newest
from storage.audits.examine import Examined, examine
from storage.database.encoding import dumps
from storage.database.transaction import Transaction, Units


@dataclass(frozen=True, slots=True)
class Batch:
    """What one batch found."""

    last: str
    """The last order that was looked at."""
    looked: int
    audited: int
    """Orders whose books are right."""
    discrepancies: tuple[Discrepancy, ...]


class Audits:
    """The chain of audits. Orders whose books are wrong stay out of it, and are looked at each time."""

    def __init__(self, units: Units) -> None:
        self._units = units

    async def audit(self, after: str, now: int, limit: int) -> Batch | None:
        """Audit up to `limit` changed orders whose keys come after `after`; return None if there is none.

        Another process may have been faster: then nothing is kept, and they are looked at again next time.
        """
        return await self._units.run(lambda tx: audit(tx, after, now, limit))


async def audit(tx: Transaction, after: str, now: int, limit: int) -> Batch | None:
    """See `Audits.audit`."""
    rows = await tx.fetch(_CHANGED, after, limit)
    if not rows:
        return None
    examined = await examine(tx, [(row["conversation_id"], row["key"]) for row in rows])
    right = [one for one in examined if not one.discrepancies]
    wrong = tuple(found for one in examined for found in one.discrepancies)
    kept = await _keep(tx, right, now)
    return Batch(rows[-1]["key"], len(rows), len(right) if kept else 0, wrong)


async def _keep(tx: Transaction, right: Sequence[Examined], now: int) -> bool:
    """Keep what was found; return False if another process has made the next audit meanwhile."""
    new = []
    for one in right:
        if one.before is not None and one.before.found == one.found:
            await tx.fetch(_MARK, one.before.number, [one.key])
        else:
            new.append(one)
    if not new:
        return True
    entries = [(one.found, None if one.before is None else one.before.found) for one in new]
    made = following(await newest(tx), entries, now)
    if not await tx.fetch(
        _LINK, made.number, made.made_at, dumps(figures_to_json(made.figures)), made.digest
    ):
        return False
    await tx.insert(_ENTRIES, [_row(made.number, one) for one in new])
    await tx.fetch(_MARK, made.number, [one.key for one in new])
    return True


def _row(number: int, one: Examined) -> tuple[int | str, ...]:
    found = one.found
    digests = (found.facts, found.facts_digest, found.books_digest)
    return (number, found.order_key, *digests, dumps(figures_to_json(found.figures)))


# Locked until the commit: a step that changes one of them waits, and then marks it as changed again.
_CHANGED: Final = """
SELECT key, conversation_id FROM orders WHERE audited IS NULL AND key > $1
ORDER BY key LIMIT $2 FOR UPDATE SKIP LOCKED"""
_LINK: Final = """
INSERT INTO audit (number, made_at, figures, digest) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING number"""
_ENTRIES: Final = """
INSERT INTO audited_order (audit, order_key, facts, facts_digest, books_digest, figures) VALUES {rows}"""
_MARK: Final = "UPDATE orders SET audited = $1 WHERE key = ANY($2::text[])"
