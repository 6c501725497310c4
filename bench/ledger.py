"""Cost of folding one more fact into an order's balance, compared with reading that fact.

`balance` is folded anew whenever an order's money is read. The limit is the work that precedes it: reading
the same facts from the JSON that the database stores.
"""

from dataclasses import replace
from time import perf_counter
from typing import Final

import orjson

from bench.figures import Figure
from payments.ledger import facts as fact_values
from payments.ledger.balance import balance
from payments.ledger.facts import Detail, EntityType, Fact, FactState

_SIZES: Final = (8, 20, 50, 100)
"""Facts of one order: from one payment and its webhooks to an unusually long history."""
_ROUNDS: Final = 15
_TIMES: Final = 40
_TOTAL: Final = 50_000
_KEY: Final = "bench-1-1"


def ledger_fold() -> Figure:
    """Measure the mean over orders of 8 to 100 facts, in microseconds for each fact."""
    orders = [_history(size) for size in _SIZES]
    rows = [[orjson.dumps(fact_values.to_json(fact)) for fact in facts] for facts in orders]
    rounds = [(_fold(orders), _read(rows)) for _ in range(_ROUNDS + 1)][1:]
    return Figure("ledger fold, one fact", "µs", rounds, goal=2, at_most=True)


def _history(size: int) -> list[Fact]:
    """Return facts of payments that fail and succeed, of links that end, and of refunds."""
    facts = [fact for number in range(size // 8 + 1) for fact in _payment(number)]
    return facts[:size]


def _payment(number: int) -> list[Fact]:
    payment, link, refund = f"pay_{number}", f"plink_{number}", f"rfnd_{number}"
    detail = Detail(method="upi", link=link)
    refund_detail = Detail(payment_id=payment, key=f"{payment}-1")
    return [
        _fact("payment", payment, "failed", replace(detail, error_reason="payment_failed")),
        _fact("payment", payment, "authorized", detail),
        _fact("payment", payment, "captured", detail),
        _fact("order", f"order_{number}", "paid", Detail()),
        _fact("payment_link", link, "paid", Detail()),
        _fact("payment_link", f"{link}x", "expired", Detail()),
        _fact("refund", refund, "created", refund_detail),
        _fact("refund", refund, "processed", refund_detail),
    ]


def _fact(entity: str, id: str, state: str, detail: Detail) -> Fact:
    return Fact(_KEY, EntityType(entity), id, FactState(state), _TOTAL, "INR", 1_790_000_000, detail)


def _fold(orders: list[list[Fact]]) -> float:
    start = perf_counter()
    for _ in range(_TIMES):
        for facts in orders:
            balance(_TOTAL, "INR", facts).paid  # noqa: B018 - the fold is what is measured
    return (perf_counter() - start) / (_TIMES * sum(_SIZES)) * 1e6


def _read(orders: list[list[bytes]]) -> float:
    start = perf_counter()
    for _ in range(_TIMES):
        for rows in orders:
            for row in rows:
                fact_values.from_json(orjson.loads(row))
    return (perf_counter() - start) / (_TIMES * sum(_SIZES)) * 1e6
