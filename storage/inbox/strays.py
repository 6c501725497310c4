"""Strays: payment links, and money on them, of orders that this database lacks.

The database is then a copy, or older than the provider's records: after a restored backup, a copied database,
a snapshot of the machine, a failover, or with an empty database in the place of one with orders.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from payments.ledger.facts import EntityType, Fact, FactState, in_body, read_all, reported_in
from payments.processing import stray_money
from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import EventKind
from payments.shop.orders import conversation_of, order_key_of
from storage.database.encoding import loads
from storage.database.transaction import Transaction
from storage.inbox.arrival import Arrival


class StrayDecision(StrEnum):
    """What a person decided about a stray."""

    CANCELLED = "cancelled"
    """Nobody has paid the link, and nobody can any more."""
    REFUNDED = "refunded"
    """What was paid went back."""
    KEPT = "kept"
    """What was paid stays: the goods were given by hand."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A payment link whose order this database lacks, and a person's decision about it."""

    link_id: str
    order_key: str
    reference_id: str
    amount: int
    """Paise: the link's amount, or what was refunded."""
    decision: StrayDecision
    payments: frozenset[str] = frozenset()
    """Ids of the captured payments that the decision is about. Any other payment makes a notice."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a batch of arrivals says about orders that this database lacks."""

    alarms: list[Notice] = field(default_factory=list)
    lost: frozenset[str] = frozenset()
    """Keys of missing orders about whose links a person has decided."""
    settled: frozenset[str] = frozenset()
    """Ids of the payments about which a person has decided."""

    def needs_step(self, arrival: Arrival) -> bool:
        """Whether `arrival` must be stepped, as far as missing orders are concerned."""
        captures = reported_in(_told(arrival), EntityType.PAYMENT, FactState.CAPTURED)
        is_new = any(str(fact.get("entity_id")) not in self.settled for fact in captures)
        return is_new or arrival.order_key not in self.lost


async def among(tx: Transaction, arrivals: Sequence[Arrival]) -> Found:
    """Find captured money for missing orders, with one alarm for each payment.

    A payment whose refund has failed must be decided again.
    """
    keys = {a.order_key for a in arrivals if a.kind is EventKind.FACTS and a.order_key is not None}
    if not keys:
        return Found()
    rows = await tx.fetch(_KNOWN, sorted(keys))
    existing = {row["order_key"] for row in rows if row["payments"] is None}
    decided = [row for row in rows if row["order_key"] not in existing]
    lost = frozenset(row["order_key"] for row in decided)
    foreign = [arrival for arrival in arrivals if arrival.order_key not in existing]
    refunds = (fact for a in foreign for fact in _facts_in(a, EntityType.REFUND, FactState.FAILED))
    failed = {fact.entity_id: fact for fact in refunds if fact.order_key in lost}
    reopened = {fact.detail.payment_id for fact in failed.values()}
    settled = frozenset(payment for row in decided for payment in row["payments"].split()) - reopened
    for row in decided:
        if (payments := set(row["payments"].split())) & reopened:
            await tx.fetch(_REOPEN, row["link_id"], " ".join(sorted(payments - reopened)))
    captures = (fact for a in foreign for fact in _facts_in(a, EntityType.PAYMENT, FactState.CAPTURED))
    captured = {fact.entity_id: fact for fact in captures}
    unsettled = sorted(captured.keys() - settled)
    alarms = [
        *(stray_money.captured(tx.installation, captured[payment]) for payment in unsettled),
        *(stray_money.not_given_back(failed[refund]) for refund in sorted(failed)),
    ]
    return Found(alarms, lost, settled)


_KNOWN = """
SELECT key AS order_key, NULL AS link_id, NULL AS payments FROM orders WHERE key = ANY($1::text[])
UNION ALL SELECT order_key, link_id, payments FROM stray WHERE order_key = ANY($1::text[])"""
_REOPEN = "UPDATE stray SET payments = $2 WHERE link_id = $1"


def _facts_in(arrival: Arrival, entity: EntityType, state: FactState) -> Iterator[Fact]:
    """Yield the facts of an order's webhook about an `entity` in `state`, each with the order's key.

    One that cannot be read is left out: its event is parked when it is stepped, and shown to a person.
    """
    facts, _ = read_all(reported_in(_told(arrival), entity, state))
    yield from (replace(fact, order_key=arrival.order_key or "") for fact in facts)


def _told(arrival: Arrival) -> Mapping[str, Any]:
    """Return the body of an order's webhook; empty for any other arrival."""
    return arrival.body if arrival.kind is EventKind.FACTS and arrival.order_key else {}


async def lacking(tx: Transaction, references: Collection[str]) -> dict[str, frozenset[str] | None]:
    """Return those payment link `references` that no order here has made.

    Each maps to the ids of its payments about which a person has decided; None if its order is here.
    """
    rows = await tx.fetch(_REFERENCES, sorted(references)) if references else []
    made = {row["reference_id"] for row in rows if row["payments"] is None}
    decided: dict[str, frozenset[str]] = {}
    for row in rows:  # of one card there may be several, each under an id of its own
        payments = decided.get(row["reference_id"], frozenset())
        decided[row["reference_id"]] = payments.union((row["payments"] or "").split())
    missing = set(references) - made
    keys = sorted({order_key_of(reference) for reference in missing})
    existing = {row["key"] for row in (await tx.fetch(_EXISTING, keys) if keys else [])}
    return {
        reference: None if order_key_of(reference) in existing else decided.get(reference, frozenset())
        for reference in missing
    }


# Without links that this database only planned, or that were refused: the lost database may have made them.
_REFERENCES = """
SELECT reference_id, NULL AS payments FROM attempt WHERE reference_id = ANY($1::text[])
    AND NOT (link_id IS NULL AND status IN ('planned', 'refused', 'cancelled'))
UNION ALL SELECT reference_id, payments FROM stray WHERE reference_id = ANY($1::text[])"""
_EXISTING = "SELECT key FROM orders WHERE key = ANY($1::text[])"


async def settle(tx: Transaction, settled: Settled, now: int) -> None:
    """Store a person's decision, delete the payments' notices, and ignore their parked events.

    The ledger report no longer lists these payments.
    """
    link, order = settled.link_id, settled.order_key
    rows = await tx.fetch(_DECIDED, order)
    before = {row["link_id"]: frozenset(row["payments"].split()) for row in rows}
    payments = settled.payments | before.get(link, frozenset())
    names, decision = (link, order, settled.reference_id), (settled.amount, settled.decision)
    await tx.insert(_SETTLE, [(*names, *decision, " ".join(sorted(payments)), now)])
    await tx.fetch(_DELETE_NOTICES, str(NoticeKind.STRAY_MONEY), sorted(settled.payments))
    decided = payments.union(*before.values())
    parked = await tx.fetch(_PARKED, _conversation(order))
    obsolete = [row["id"] for row in parked if _is_settled(loads(row["body"]), order, decided)]
    if obsolete:
        await tx.fetch(_UNPARK, obsolete)


_DECIDED = "SELECT link_id, payments FROM stray WHERE order_key = $1"
# A link may be paid again after a decision on it; then the amounts are added.
_SETTLE = """
INSERT INTO stray (link_id, order_key, reference_id, amount, decision, payments, settled_at) VALUES {rows}
ON CONFLICT (link_id) DO UPDATE SET amount = stray.amount + excluded.amount,
    decision = CASE WHEN excluded.decision = 'cancelled' THEN stray.decision ELSE excluded.decision END,
    payments = excluded.payments, settled_at = excluded.settled_at"""
_DELETE_NOTICES = "DELETE FROM notice WHERE kind = $1 AND subject = ANY($2::text[])"
_PARKED = """
SELECT id, body FROM inbox WHERE state = 'parked' AND kind IN ('facts', 'result') AND conversation_id = (
    SELECT COALESCE(merged_into, id) FROM conversation WHERE id = $1)"""
_UNPARK = "UPDATE inbox SET state = 'ignored' WHERE id = ANY($1::bigint[]) AND state = 'parked'"


def _conversation(order_key: str) -> int:
    """Return the number of the conversation that made the order; 0 if the key names none."""
    digits = (conversation_of(order_key) or "").rpartition("-")[2]
    return int(digits or 0)


def _is_settled(body: Mapping[str, Any], order_key: str, settled: frozenset[str]) -> bool:
    """Whether an event's body is about this order only, and all its captured payments are settled."""
    captured = {fact.get("entity_id") for fact in reported_in(body, EntityType.PAYMENT, FactState.CAPTURED)}
    orders = {body.get("order_key"), *(fact.get("order_key") for fact in in_body(body))} - {None}
    return orders == {order_key} and captured <= settled
