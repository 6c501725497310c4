"""An order at the sandbox's Shopify: what it costs, what was paid, and what went back."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any


@dataclass(slots=True)
class ShopifyOrder:
    """An order at the store."""

    id: str
    name: str
    source: str
    made_at: int
    """Milliseconds since 1970, UTC."""
    total: Decimal
    """Rupees."""
    paid: bool
    cancelled_at: int | None = None
    sent: bool = False
    """Whether its goods were sent from there."""
    lines: Sequence[Mapping[str, Any]] = ()
    """As they were asked for."""
    sales: list[Mapping[str, Any]] = field(default_factory=list)
    """What was paid, as transactions."""
    refunds: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """What was asked for, by idempotency key."""
    address: Mapping[str, Any] = field(default_factory=dict)

    @property
    def paid_net(self) -> Decimal:
        """What was paid, less what went back."""
        paid = sum((rupees(one["amountSet"]) for one in self.sales), Decimal(0))
        back = (one for given in self.refunds.values() for one in given.get("transactions", ()))
        return paid - sum((Decimal(one["amount"]) for one in back), Decimal(0))

    @property
    def current_total(self) -> Decimal:
        """What it costs without the pieces that were taken off; a discount of theirs is not counted."""
        total = self.total
        for given in self.refunds.values():
            for one in given.get("refundLineItems", ()):
                total -= one["quantity"] * rupees(self.line(one)["priceSet"])
        return total

    def line(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the line that is named in what was asked for."""
        return self.lines[int(given["lineItemId"].rpartition("/")[2]) - 1]

    def held(self) -> dict[str, int]:
        """Return the pieces of each variant that were not taken off it."""
        held: Counter[str] = Counter()
        for line in self.lines:
            held[line.get("variantId", "")] += line["quantity"]
        for given in self.refunds.values():
            for one in given.get("refundLineItems", ()):
                held[self.line(one).get("variantId", "")] -= one["quantity"]
        return dict(held)

    def rest(self) -> dict[str, Any]:
        """Return it as its webhooks have it."""
        return {
            "id": self.number,
            "admin_graphql_api_id": self.id,
            "name": self.name,
            "cancelled_at": None if self.cancelled_at is None else str(self.cancelled_at),
            "source_identifier": self.source,
        }

    @property
    def number(self) -> int:
        """The number of its id."""
        return int(self.id.rpartition("/")[2])

    def listed(self) -> dict[str, Any]:
        """Return all that a person asks of it."""
        return {
            **self.shown(),
            "source": self.source,
            "lines": list(self.lines),
            "refunds": list(self.refunds.values()),
            "address": dict(self.address),
            **self.left(),
        }

    def left(self) -> dict[str, Any]:
        """Return what is left of it after its refunds, as an answer has it."""
        return {"netPaymentSet": bag(self.paid_net), "currentTotalPriceSet": bag(self.current_total)}

    def backs(self) -> list[dict[str, Any]]:
        """Return what went back, as transactions."""
        return [
            {
                "id": f"gid://shopify/OrderTransaction/{key}",
                "kind": "REFUND",
                "status": "SUCCESS",
                "gateway": one["gateway"],
                "amountSet": bag(Decimal(one["amount"])),
                "parentTransaction": {"id": one["parentId"]},
            }
            for key, given in self.refunds.items()
            for one in given.get("transactions", ())
        ]

    def shown(self) -> dict[str, Any]:
        """Return it as an answer has it."""
        return {
            "id": self.id,
            "name": self.name,
            "createdAt": str(self.made_at),
            "cancelledAt": None if self.cancelled_at is None else str(self.cancelled_at),
            "displayFinancialStatus": "PAID" if self.paid else "PENDING",
            "displayFulfillmentStatus": "FULFILLED" if self.sent else "UNFULFILLED",
            "totalPriceSet": bag(self.total),
        }


def bag(amount: Decimal) -> dict[str, Any]:
    """Return rupees as Shopify writes them."""
    return {"shopMoney": {"amount": str(amount), "currencyCode": "INR"}}


def rupees(amount: Mapping[str, Any]) -> Decimal:
    """Return the rupees of an amount that is written so."""
    return Decimal(amount["shopMoney"]["amount"])
