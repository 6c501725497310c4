"""Examine orders: read their rows, check their books, and compare them with their audits before."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from payments.ledger import audit
from payments.ledger.audit import Check, Discrepancy
from payments.ledger.audited import (
    Audited,
    Figures,
    changed_facts,
    digest_of_books,
    digests_of_facts,
    figures,
)
from payments.ledger.facts import EntityType, FactState
from payments.ledger.state import OrderState
from storage.audits.chain import KeptAudit, last_audits
from storage.database.transaction import Transaction
from storage.inbox.order_rows import OrderRows, Unreadable, load_books, order_state


@dataclass(frozen=True, slots=True)
class Examined:
    """One order as it is now."""

    key: str
    audited: int | None
    """The number of the audit since which nothing changed; None if something did."""
    state: OrderState | None
    """None if the order cannot be read."""
    found: Audited
    before: KeptAudit | None
    """What its last audit found."""
    discrepancies: tuple[Discrepancy, ...]


async def examine(tx: Transaction, orders: Sequence[tuple[int, str]]) -> list[Examined]:
    """Return each of `orders` (conversation, key) as it is now, by key."""
    rows = await load_books(tx, orders)
    kept = await last_audits(tx, [key for _, key in orders])
    found = [_examined(tx.installation, one, kept.get(one.order["key"])) for one in rows]
    twice = await _paid_twice(tx, found)
    return [_with(one, twice[one.key]) if one.key in twice else one for one in sorted(found, key=_key)]


def _key(one: Examined) -> str:
    return one.key


def _with(one: Examined, more: Sequence[Discrepancy]) -> Examined:
    discrepancies = (*one.discrepancies, *more)
    return Examined(one.key, one.audited, one.state, one.found, one.before, discrepancies)


def _examined(installation: str, rows: OrderRows, before: KeptAudit | None) -> Examined:
    key, digests = rows.order["key"], digests_of_facts(rows.facts)
    books = digest_of_books(rows.order, rows.refunds, rows.amendments)
    try:
        state = order_state(installation, rows)
    except Unreadable as unreadable:
        said = Discrepancy(key, Check.UNREADABLE, str(unreadable), "an order", None)
        found = Audited(key, len(rows.facts), digests[-1], books, Figures())
        return Examined(key, None, None, found, before, (said,))
    found = Audited(key, len(rows.facts), digests[-1], books, figures(state))
    changed = None if before is None else changed_facts(key, before.found, digests)
    wrong = (*audit.discrepancies(state, rows.order["paid_at"]), *([changed] if changed else []))
    return Examined(key, rows.order["audited"], state, found, before, wrong)


@dataclass(frozen=True, slots=True)
class Page:
    """Some orders that follow each other by key, read again."""

    last: str
    orders: int
    discrepancies: list[Discrepancy]


async def reread(tx: Transaction, after: str, last: str, limit: int) -> Page | None:
    """Examine up to `limit` orders with keys after `after` up to `last`, and compare them with their audits.

    None if there is no further order.
    """
    rows = await tx.fetch(_ALL, after, last, limit)
    if not rows:
        return None
    orders = await examine(tx, [(row["conversation_id"], row["key"]) for row in rows])
    wrong = [found for one in orders for found in (*one.discrepancies, *_changed_rows(one))]
    return Page(rows[-1]["key"], len(rows), wrong)


def _changed_rows(one: Examined) -> Iterator[Discrepancy]:
    """Yield an error if no event has changed the order since its audit, and it is another now."""
    if one.audited is None:
        return
    before = one.before
    said = f"nothing has changed since audit {one.audited}, so the order must be what that saw"
    if before is None or before.number != one.audited:
        found = None if before is None else f"audit {before.number}"
        yield Discrepancy(one.key, Check.ROWS, said, f"audit {one.audited}", found)
    elif before.found != one.found:
        digests = (before.found.books_digest[:12], one.found.books_digest[:12])
        yield Discrepancy(one.key, Check.ROWS, said, *digests)


async def _paid_twice(tx: Transaction, orders: Iterable[Examined]) -> dict[str, list[Discrepancy]]:
    """Return, by order, the payments that other orders count as captured too."""
    states = [one.state for one in orders if one.state is not None]
    payments = sorted({payment.id for state in states for payment in state.balance.payments})
    counted = defaultdict(set)
    for row in await tx.fetch(_CAPTURES, payments) if payments else ():
        counted[row["entity_id"]].add(row["order_key"])
    wrong: defaultdict[str, list[Discrepancy]] = defaultdict(list)
    for payment, keys in sorted(counted.items()):
        for key in keys if len(keys) > 1 else ():
            wrong[key].append(audit.paid_twice(payment, keys))
    return wrong


_ALL: Final = """
SELECT key, conversation_id FROM orders WHERE key > $1 AND key <= $2 ORDER BY key LIMIT $3"""
_CAPTURES: Final = f"""
SELECT entity_id, order_key FROM fact
WHERE entity = '{EntityType.PAYMENT}' AND state = '{FactState.CAPTURED}' AND entity_id = ANY($1::text[])"""  # noqa: S608
