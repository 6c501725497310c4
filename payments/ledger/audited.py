"""What an audit keeps of each order: its figures, and digests of the rows that they follow from. Pure.

Audits form a chain. Each has the digest of the one before in its own, so no order's digests can be replaced
later without every following audit being another. Facts are append-only: the digest over the first facts of
an order never changes, whatever is added.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from hashlib import sha256
from operator import attrgetter, itemgetter, sub
from typing import Any, Final

import orjson

from payments.ledger import audit
from payments.ledger.audit import Check, Discrepancy, Sums
from payments.ledger.state import OrderState
from payments.shop import quotas

NOTHING: Final = ""
"""The digest before the first audit."""
_FACT: Final = itemgetter(
    "entity", "entity_id", "state", "amount", "currency", "at", "detail", "learned_at", "learned_from"
)
_ORDER: Final = itemgetter(
    "key", "number", "lines", "total", "currency", "lifecycle", "fulfilled", "held", "held_for", "placed_at",
    "placed_by", "paid_at",
)  # fmt: skip
_REFUND: Final = itemgetter("key", "payment_id", "amount", "reason", "status", "refund_id")
_AMENDMENT: Final = itemgetter("key", "kind", "amount", "sku", "pieces", "changed_by", "created_at")


@dataclass(frozen=True, slots=True)
class Figures:
    """The money of some orders, and the goods, slots and coupons that they take."""

    orders: int = 0
    payments: int = 0
    """Captured payments."""
    sums: Mapping[str, Sums] = field(default_factory=dict)
    """By currency."""
    places: Mapping[str, int] = field(default_factory=dict)
    """By the name of the quota."""
    pieces: Mapping[str, int] = field(default_factory=dict)
    """Reserved pieces, by sku."""

    def plus(self, *others: "Figures") -> "Figures":
        """Return these figures with those of `others` added."""
        found, places, pieces = dict(self.sums), Counter(self.places), Counter(self.pieces)
        for other in others:
            for currency, sums in other.sums.items():
                found[currency] = found.get(currency, Sums()) + sums
            places.update(other.places)
            pieces.update(other.pieces)
        orders = self.orders + sum(other.orders for other in others)
        payments = self.payments + sum(other.payments for other in others)
        return Figures(orders, payments, found, _without_zeros(places), _without_zeros(pieces))

    def negative(self) -> "Figures":
        """Return what takes these figures away, when it is added."""
        sums = {currency: _minus(Sums(), one) for currency, one in self.sums.items()}
        places = {name: -taken for name, taken in self.places.items()}
        pieces = {sku: -count for sku, count in self.pieces.items()}
        return Figures(-self.orders, -self.payments, sums, places, pieces)


def _without_zeros(counted: Mapping[str, int]) -> dict[str, int]:
    return {name: count for name, count in counted.items() if count}


def _minus(one: Sums, other: Sums) -> Sums:
    return Sums(*map(sub, _AMOUNTS(one), _AMOUNTS(other)))


_AMOUNTS: Final = attrgetter(*(field.name for field in fields(Sums)))


def figures(state: OrderState) -> Figures:
    """Return the figures of one order."""
    taken = quotas.bookings(state.order, 1) if state.takes_place else ()
    places = {booking.name: booking.places for booking in taken}
    pieces: Counter[str] = Counter()
    for line in state.lines if state.reserves else ():
        pieces[line.sku] += line.quantity
    return Figures(1, len(state.balance.payments), audit.sums(state), places, dict(pieces))


def figures_to_json(figures: Figures) -> dict[str, Any]:
    """Return a JSON-ready dict. Inverse of `figures_from_json`."""
    sums = {currency: _AMOUNTS(one) for currency, one in sorted(figures.sums.items())}
    counted = {
        "places": dict(sorted(figures.places.items())),
        "pieces": dict(sorted(figures.pieces.items())),
    }
    return {"orders": figures.orders, "payments": figures.payments, "sums": sums, **counted}


def figures_from_json(value: Mapping[str, Any]) -> Figures:
    """Return the figures that `figures_to_json` wrote."""
    sums = {currency: Sums(*one) for currency, one in value["sums"].items()}
    return Figures(value["orders"], value["payments"], sums, value["places"], value["pieces"])


@dataclass(frozen=True, slots=True)
class Audited:
    """What one audit found about one order."""

    order_key: str
    facts: int
    """How many facts the order had."""
    facts_digest: str
    books_digest: str
    """Digest of the order's own row, its refunds and its amendments, as far as they are about money."""
    figures: Figures


@dataclass(frozen=True, slots=True)
class Audit:
    """One link of the chain. `figures` are of all orders that were audited until then, as they were last."""

    number: int
    made_at: int
    """Milliseconds since 1970, UTC."""
    figures: Figures
    digest: str


def digests_of_facts(facts: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the digest over no fact, over the first, over the first two, and so on.

    `facts` are an order's rows in the order in which they were stored.
    """
    found = [_digest()]
    for fact in facts:
        found.append(_digest(found[-1], *_FACT(fact)))
    return found


def digest_of_books(
    order: Mapping[str, Any], refunds: Sequence[Mapping[str, Any]], amendments: Sequence[Mapping[str, Any]]
) -> str:
    """Return the digest of an order's row, with the rows of its refunds and amendments in a fixed order."""
    return _digest(_ORDER(order), sorted(map(_REFUND, refunds)), sorted(map(_AMENDMENT, amendments)))


def following(previous: Audit, entries: Sequence[tuple[Audited, Audited | None]], made_at: int) -> Audit:
    """Return the audit of `entries`: orders by key, each with what was kept of it by its audit before."""
    changes = [new.figures for new, _ in entries]
    changes += [old.figures.negative() for _, old in entries if old is not None]
    totals, number = previous.figures.plus(*changes), previous.number + 1
    said = [
        (new.order_key, new.facts, new.facts_digest, new.books_digest, figures_to_json(new.figures))
        for new, _ in entries
    ]
    digest = _digest(previous.digest, number, made_at, said, figures_to_json(totals))
    return Audit(number, made_at, totals, digest)


FIRST: Final = Audit(0, 0, Figures(), NOTHING)
"""What the first audit follows."""


def changed_facts(key: str, before: Audited, digests: Sequence[str]) -> Discrepancy | None:
    """Return the error that facts of an order are not those that an audit saw; None if they are.

    `digests` are those of the order's facts as they are now.
    """
    now = digests[before.facts] if before.facts < len(digests) else None
    if now == before.facts_digest:
        return None
    said = f"the first {before.facts} facts must be those that an audit saw"
    return Discrepancy(key, Check.FACTS, said, before.facts_digest[:12], None if now is None else now[:12])


def _digest(*values: object) -> str:
    return sha256(orjson.dumps(values)).hexdigest()
