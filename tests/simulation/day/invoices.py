"""What must hold of the invoices of a day: their numbers, and what they say was paid."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

from payments.shop.invoice import Buyer, from_json, sums
from tests.simulation.checker import Row
from tests.simulation.day.books import DayBooks

_LEFT: Final = frozenset({"out", "delivered"})
_CREDIT: Final = "credit note"
_SUMS: Final = ("taxable", "cgst", "sgst", "igst", "total")


class Invoices:
    """The invoices of one database, and those that only lost books had."""

    def __init__(self, books: DayBooks, lost: Mapping[str, str]) -> None:
        """`lost` maps the number of each document of the lost books to its order's key."""
        self._books, self._lost = books, lost
        self._documents = books.rows("SELECT * FROM invoice")

    def wrongs(self) -> Iterator[str]:
        """Return all violations."""
        yield from self._numbers()
        of_orders: defaultdict[str, list[Row]] = defaultdict(list)
        for document in self._documents:
            of_orders[document["order_key"]].append(document)
        for key in self._books.orders:
            yield from self._order(key, of_orders[key])

    def _numbers(self) -> Iterator[str]:
        """Each series counts from one without a gap, and no number is of two documents."""
        series: defaultdict[str, list[int]] = defaultdict(list)
        for document in self._documents:
            name, _, ordinal = document["number"].rpartition("/")
            series[name].append(int(ordinal))
            other = self._lost.get(document["number"], document["order_key"])
            if other != document["order_key"]:
                yield f"invoice: {document['number']} is of {document['order_key']}, and was of {other}"
        for name, ordinals in series.items():
            if sorted(ordinals) != list(range(1, len(ordinals) + 1)):
                yield f"invoice: the numbers of {name} are {sorted(ordinals)}"

    def _order(self, key: str, documents: list[Row]) -> Iterator[str]:
        """Goods that left have one invoice; with its credit notes it says what the order costs now."""
        deeds, seen = self._books.replay.deeds[key], self._books.seen
        kinds = Counter(document["kind"] == _CREDIT for document in documents)
        left = bool(_LEFT & set(deeds.stages))
        if kinds[False] != left:
            yield f"invoice: {key} went through {deeds.stages}, and has {kinds[False]} invoices"
        if not left:
            return
        seen["goods left with an invoice"] += 1
        seen["goods were taken back with a credit note"] += kinds[True]
        yield from self._tax(key, documents)
        says = sum(-one["total"] if one["kind"] == _CREDIT else one["total"] for one in documents)
        # Of goods that were brought back whole, the delivery stays paid; of those refused, a person decides.
        kept = deeds.stage in {*_LEFT, "returned"} or bool(deeds.delivery)
        costs = self._books.cost(key) if kept else 0
        if says != costs:
            yield f"invoice: the documents of {key}, {deeds.stage}, say {says}, and it costs {costs}"

    def _tax(self, key: str, documents: list[Row]) -> Iterator[str]:
        """Credit notes take back no more of a tax than was charged, and all of it with the last goods."""
        remains = Counter(dict.fromkeys(_SUMS, 0))
        for one in sorted(documents, key=lambda one: (one["issued_at"], one["kind"] == _CREDIT)):
            says = sums(from_json(json.loads(one["body"]), Buyer()))
            remains.update(
                {name: -paise if one["kind"] == _CREDIT else paise for name, paise in says.items()}
            )
            if min(remains.values()) < 0 or (not remains["total"] and any(remains.values())):
                yield f"invoice: with {one['number']} of {key} remain {dict(remains)}"
