"""Money and links for orders that this database lacks: its books are a copy, or older than the provider's.

They come from a backup that was restored, a copied database, a snapshot of the machine, a failover, or an
empty database where there was one with orders.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from payments.ledger.facts import in_body
from payments.processing import stray_money
from payments.processing.notice import Notice, NoticeKind
from payments.processing.step_input import Kind
from payments.shop.orders import conversation_of, order_key_of
from storage.database.encoding import loads
from storage.database.transaction import Transaction

if TYPE_CHECKING:
    from storage.inbox.arrivals import Arrival


@dataclass(frozen=True, slots=True)
class Settled:
    """A link that only lost books knew, and what a person decided of it."""

    link_id: str
    order_key: str
    reference_id: str
    amount: int
    """Paise: of the link, or what went back."""
    word: str
    """`cancelled`, `refunded` or `kept` (given by hand)."""
    payments: frozenset[str] = frozenset()
    """Ids of the captured payments that the word is about. Of any other, operators are told."""


@dataclass(frozen=True, slots=True)
class Found:
    """What of a batch of arrivals is about orders that this database lacks."""

    alarms: list[Notice] = field(default_factory=list)
    lost: frozenset[str] = frozenset()
    """Keys of orders that are not here, and of whose links a person has decided."""
    settled: frozenset[str] = frozenset()
    """Ids of the payments of which a person has decided."""

    def waits(self, arrival: "Arrival") -> bool:
        """Whether `arrival` must be stepped, as far as lost books are concerned."""
        told = _told(arrival, "payment", "captured")
        new = any(fact["entity_id"] not in self.settled for fact in told)
        return new or arrival.order_key not in self.lost


async def among(tx: Transaction, arrivals: "Sequence[Arrival]") -> Found:
    """The alarms of captured money for orders that are not here, one for each payment."""
    named = {a.order_key for a in arrivals if a.kind is Kind.FACTS and a.order_key is not None}
    if not named:
        return Found()
    rows = await tx.fetch(_KNOWN, sorted(named))
    here = {row["order_key"] for row in rows if row["payments"] is None}
    decided = [row for row in rows if row["order_key"] not in here]
    lost = frozenset(row["order_key"] for row in decided)
    strangers = [arrival for arrival in arrivals if arrival.order_key not in here]
    failed = {one["entity_id"]: one for arrival in strangers for one in _told(arrival, "refund", "failed")}
    failed = {refund: fact for refund, fact in failed.items() if fact["order_key"] in lost}
    back = {str(fact["detail"].get("payment_id")) for fact in failed.values()}
    settled = frozenset(payment for row in decided for payment in row["payments"].split()) - back
    for row in decided:
        if (left := set(row["payments"].split())) & back:
            await tx.fetch(_REOPEN, row["link_id"], " ".join(sorted(left - back)))
    captured = {one["entity_id"]: one for a in strangers for one in _told(a, "payment", "captured")}
    alarms = [
        *(stray_money.captured(tx.installation, captured[one]) for one in sorted(captured.keys() - settled)),
        *(stray_money.not_given_back(failed[one]) for one in sorted(failed)),
    ]
    return Found(alarms, lost, settled)


_KNOWN = """
SELECT key AS order_key, NULL AS link_id, NULL AS payments FROM orders WHERE key = ANY($1::text[])
UNION ALL SELECT order_key, link_id, payments FROM stray WHERE order_key = ANY($1::text[])"""
# What is not given back after all is to be decided again.
_REOPEN = "UPDATE stray SET payments = $2 WHERE link_id = $1"


def _told(arrival: "Arrival", entity: str, state: str) -> Iterator[Mapping[str, Any]]:
    """The facts of an order's webhook about what is in this state, each with the order's key."""
    for fact in in_body(arrival.body) if arrival.kind is Kind.FACTS and arrival.order_key else ():
        if (fact.get("entity"), fact.get("state")) == (entity, state):
            yield {**fact, "order_key": arrival.order_key}


async def lacking(tx: Transaction, references: Collection[str]) -> dict[str, frozenset[str] | None]:
    """Those of `references`, of payment links, that no order here has made.

    For each, the ids of the payments on it of which a person has decided; None if its order is here.
    """
    rows = await tx.fetch(_REFERENCES, sorted(references)) if references else []
    made = {row["reference_id"] for row in rows if row["payments"] is None}
    decided = {row["reference_id"]: frozenset((row["payments"] or "").split()) for row in rows}
    missing = set(references) - made
    keys = sorted({order_key_of(reference) for reference in missing})
    here = {row["key"] for row in (await tx.fetch(_HERE, keys) if keys else [])}
    return {
        reference: None if order_key_of(reference) in here else decided.get(reference, frozenset())
        for reference in missing
    }


# These books have not made a link that they only planned, or were refused: the lost ones may have.
_REFERENCES = """
SELECT reference_id, NULL AS payments FROM attempt WHERE reference_id = ANY($1::text[])
    AND NOT (link_id IS NULL AND status IN ('planned', 'refused', 'cancelled'))
UNION ALL SELECT reference_id, payments FROM stray WHERE reference_id = ANY($1::text[])"""
_HERE = "SELECT key FROM orders WHERE key = ANY($1::text[])"


async def settle(tx: Transaction, settled: Settled, now: int) -> None:
    """Record a person's word: the ledger, the doctor and what is parked ask no more of these payments."""
    link, order = settled.link_id, settled.order_key
    rows = await tx.fetch(_DECIDED, order)
    before = {row["link_id"]: frozenset(row["payments"].split()) for row in rows}
    payments = settled.payments | before.get(link, frozenset())
    row = (link, order, settled.reference_id, settled.amount, settled.word, " ".join(sorted(payments)), now)
    await tx.insert(_SETTLE, [row])
    await tx.fetch(_TOLD, str(NoticeKind.STRAY_MONEY), sorted(settled.payments))
    quiet = payments.union(*before.values())
    parked = await tx.fetch(_PARKED, _conversation(order))
    about = [row["id"] for row in parked if _is_quiet(loads(row["body"]), order, quiet)]
    if about:
        await tx.fetch(_UNPARK, about)


_DECIDED = "SELECT link_id, payments FROM stray WHERE order_key = $1"
# A link may be paid again after a person's word on it; then the sums add up.
_SETTLE = """
INSERT INTO stray (link_id, order_key, reference_id, amount, word, payments, settled_at) VALUES {rows}
ON CONFLICT (link_id) DO UPDATE SET amount = stray.amount + excluded.amount,
    word = CASE WHEN excluded.word = 'cancelled' THEN stray.word ELSE excluded.word END,
    payments = excluded.payments, settled_at = excluded.settled_at"""
_TOLD = "DELETE FROM notice WHERE kind = $1 AND subject = ANY($2::text[])"
_PARKED = """
SELECT id, body FROM inbox WHERE state = 'parked' AND kind IN ('facts', 'result') AND conversation_id = (
    SELECT COALESCE(merged_into, id) FROM conversation WHERE id = $1)"""
_UNPARK = "UPDATE inbox SET state = 'ignored' WHERE id = ANY($1::bigint[]) AND state = 'parked'"


def _conversation(order_key: str) -> int:
    """The number of the conversation that made an order of this installation; 0 if the key names none."""
    digits = (conversation_of(order_key) or "").rpartition("-")[2]
    return int(digits or 0)


def _is_quiet(body: Mapping[str, Any], order_key: str, settled: frozenset[str]) -> bool:
    """Whether what waits is about this order, and about no payment that is not settled."""
    captured = {
        fact.get("entity_id")
        for fact in in_body(body)
        if (fact.get("entity"), fact.get("state")) == ("payment", "captured")
    }
    orders = {body.get("order_key"), *(fact.get("order_key") for fact in in_body(body))} - {None}
    return orders == {order_key} and captured <= settled
