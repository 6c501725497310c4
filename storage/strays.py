"""Money and links at Razorpay for orders that this database lacks: its books are a copy, or older than they.

They come from a backup that was restored, a copied database, a snapshot of the machine, a failover, or an
empty database where there was one with orders.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from payments.case import Kind, Notice
from payments.money import money
from payments.orders import CURRENCY, conversation_of
from storage.encoding import loads
from storage.transaction import Transaction

if TYPE_CHECKING:
    from storage.arrivals import Arrival

KIND: Final = "stray money"
"""Of the notices about orders that this database lacks."""


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


@dataclass(frozen=True, slots=True)
class Found:
    """What of a batch of arrivals is about orders that this database lacks."""

    alarms: list[Notice] = field(default_factory=list)
    settled: frozenset[str] = frozenset()
    """Keys of orders of which a person has said what becomes of their money: nothing waits for them again."""
    cancelled: frozenset[str] = frozenset()
    """Keys of orders whose links a person had cancelled: only money is news of them."""

    def waits(self, arrival: "Arrival") -> bool:
        """Whether `arrival` must be stepped, as far as lost books are concerned."""
        if arrival.order_key in self.cancelled:
            return any(True for _ in _captured(arrival))
        return arrival.order_key not in self.settled


async def among(tx: Transaction, arrivals: "Sequence[Arrival]") -> Found:
    """The alarms of captured money for orders that are not here, one for each order."""
    named = {a.order_key for a in arrivals if a.kind is Kind.FACTS and a.order_key is not None}
    if not named:
        return Found()
    rows = await tx.fetch(_KNOWN, sorted(named))
    here = {row["order_key"] for row in rows if row["word"] is None}
    # Of a link that was cancelled unpaid, money may come all the same: a bank may say yes for days.
    # An order may have several links: that one is paid, and settled, weighs more than that one was cancelled.
    ranked = sorted(rows, key=lambda row: row["word"] != "cancelled")
    words = {row["order_key"]: row["word"] for row in ranked if row["order_key"] not in here}
    settled = frozenset(key for key, word in words.items() if word != "cancelled")
    captured = {key: said for arrival in arrivals for key, said in _captured(arrival)}
    failed = {key: said for arrival in arrivals for key, said in _unreturned(arrival)}
    alarms = [
        *(_alarm(tx.installation, key, *captured[key]) for key in sorted(captured.keys() - here - settled)),
        *(_failed(key, *failed[key]) for key in sorted(failed.keys() & settled)),
    ]
    return Found(alarms, settled, frozenset(words) - settled)


_KNOWN = """
SELECT key AS order_key, NULL AS word FROM orders WHERE key = ANY($1::text[])
UNION ALL SELECT order_key, word FROM stray WHERE order_key = ANY($1::text[])"""


def _captured(arrival: "Arrival") -> Iterator[tuple[str, tuple[str, str]]]:
    """The captured payments in a webhook: the order, the payment's id, and its amount for people."""
    return _money(arrival, "payment", "captured")


def _unreturned(arrival: "Arrival") -> Iterator[tuple[str, tuple[str, str]]]:
    """The refunds in a webhook that came to nothing: the order, the refund's id, and its amount."""
    return _money(arrival, "refund", "failed")


def _money(arrival: "Arrival", entity: str, state: str) -> Iterator[tuple[str, tuple[str, str]]]:
    for fact in arrival.body.get("facts", ()) if arrival.kind is Kind.FACTS else ():
        if arrival.order_key and (fact.get("entity"), fact.get("state")) == (entity, state):
            shown = (
                money(fact["amount"])
                if fact["currency"] == CURRENCY
                else f"{fact['amount']} {fact['currency']} in its smallest unit"
            )
            yield arrival.order_key, (fact["entity_id"], shown)


def _failed(order_key: str, refund: str, amount: str) -> Notice:
    said = (
        f"{amount} for {order_key}, an order that this database lacks, could not be given back ({refund}):"
        " give it back in Razorpay Dashboard, or ask the payer for another account"
    )
    return Notice(KIND, order_key, said)


def _alarm(installation: str, order_key: str, payment: str, amount: str) -> Notice:
    theirs = (conversation_of(order_key) or "").partition("-")[0]
    if theirs == installation:
        whose = (
            "which this database lacks: it is older than the order (a restored backup, a copy, a snapshot)."
            " Nothing is given or refunded for it by itself. If the right database is elsewhere, stop the"
            " server and put it back; else stop it and run 'munshi settle', which does what you say."
        )
    else:
        whose = (
            f"an order of the installation {theirs}, and this is {installation}: another database works"
            " with these keys, or this one took its place. If it is another shop of yours, leave it to that"
            " one; else stop the server and put the right database back."
        )
    return Notice(KIND, order_key, f"{amount} was captured ({payment}) for {order_key}, {whose}")


async def lacking(tx: Transaction, references: Collection[str]) -> set[str]:
    """Those of `references`, of payment links, that neither an order here nor a person's word is about."""
    rows = await tx.fetch(_REFERENCES, sorted(references)) if references else []
    return set(references) - {row["reference_id"] for row in rows}


_REFERENCES = """
SELECT reference_id FROM attempt WHERE reference_id = ANY($1::text[])
UNION ALL SELECT reference_id FROM stray WHERE reference_id = ANY($1::text[]) AND word <> 'cancelled'"""


async def settle(tx: Transaction, settled: Settled, now: int) -> None:
    """Record a person's word: the ledger, the doctor and what is parked ask no more of this order."""
    row = (settled.link_id, settled.order_key, settled.reference_id, settled.amount, settled.word, now)
    await tx.insert(_SETTLE, [row])
    await tx.fetch("DELETE FROM notice WHERE kind = $1 AND subject = $2", KIND, settled.order_key)
    about = [row["id"] for row in await tx.fetch(_PARKED) if _is_about(loads(row["body"]), settled.order_key)]
    if about:
        await tx.fetch(_UNPARK, about)


_SETTLE = """
INSERT INTO stray (link_id, order_key, reference_id, amount, word, settled_at) VALUES {rows}
ON CONFLICT (link_id) DO UPDATE SET amount = excluded.amount, word = excluded.word,
    settled_at = excluded.settled_at"""
_PARKED = "SELECT id, body FROM inbox WHERE state = 'parked' AND kind = 'facts'"
_UNPARK = "UPDATE inbox SET state = 'ignored' WHERE id = ANY($1::bigint[]) AND state = 'parked'"


def _is_about(body: Mapping[str, Any], order_key: str) -> bool:
    return body.get("order_key") == order_key
