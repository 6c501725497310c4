"""An order card in the chat, which the customer pays there; and news of it, which change the card."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Final

from flows.messages.limits import ChannelLimits
from flows.messages.message import BaseMessage
from flows.messages.text import Text


@dataclass(frozen=True, slots=True)
class BillLine:
    """`quantity` pieces of one thing, each at `price` paise."""

    sku: str
    name: str
    price: int
    quantity: int


@dataclass(frozen=True, slots=True)
class Bill:
    """What a card shows, and what is paid with it. Sums are in paise: goods - discount + delivery = total."""

    reference: str
    """Never used twice: the channel takes one card of it."""
    order: str
    """Key of the order."""
    configuration: str
    """Under which the channel knows the shop's payment provider."""
    expires_at: int
    """Milliseconds since 1970, UTC."""
    lines: tuple[BillLine, ...]
    goods: int
    discount: int
    discount_name: str
    delivery: int
    total: int
    catalogue: str
    """The channel's catalogue that has the goods; empty if there is none."""
    origin: Sequence[str]
    """Country, importer, their address, town and pincode, for goods that are in no catalogue."""
    address: Sequence[str]
    """Name, address, town, state and pincode of where the goods go; empty if nobody brings them."""


@dataclass(frozen=True, slots=True)
class Payment(BaseMessage):
    """A text with an order card.

    The engine names the card; whoever has the order fills in the bill. Without one, it is its text alone.
    """

    KIND: ClassVar = "payment"

    body: str
    card: str
    """Reference of the card."""
    footer: str | None = None
    image: str | None = None
    bill: Bill | None = None

    @property
    def words(self) -> str:
        """The body."""
        return self.body

    @property
    def replies(self) -> tuple[()]:
        """Empty: the payment is told by the provider."""
        return ()

    def sendable(self, limits: ChannelLimits) -> "Payment":
        """Return the message itself: its picture was a link message's."""
        return self

    def plain(self) -> Text:
        """Return the text alone."""
        return Text(self.body, fallback=self.fallback)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        said = {"kind": self.KIND, "body": self.body, "card": self.card}
        return {**said, "footer": self.footer, "image": self.image, "bill": _bill_to_json(self.bill)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Payment":
        """Return the message that `to_json` wrote."""
        bill = _bill_from_json(value["bill"]) if value["bill"] else None
        return cls(value["body"], value["card"], value["footer"], value["image"], bill)


@dataclass(frozen=True, slots=True)
class CardUpdate(BaseMessage):
    """A text that also changes what a card shows."""

    KIND: ClassVar = "card_update"

    body: str
    card: str
    """Reference of the card."""
    status: str
    """What becomes of it: `processing`, `shipped`, `completed` or `canceled`, as the channel spells them."""

    @property
    def words(self) -> str:
        """The body."""
        return self.body

    @property
    def replies(self) -> tuple[()]:
        """Empty: it has no buttons."""
        return ()

    @property
    def closes(self) -> bool:
        """Whether nobody can pay the card any more after it."""
        return self.status == CLOSED

    def sendable(self, limits: ChannelLimits) -> "CardUpdate":
        """Return the message itself."""
        return self

    def plain(self) -> Text:
        """Return the text alone: the card keeps what it shows."""
        return Text(self.body, fallback=self.fallback)

    def to_json(self) -> dict[str, Any]:
        """Return a JSON-ready dict."""
        return {"kind": self.KIND, "body": self.body, "card": self.card, "status": self.status}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "CardUpdate":
        """Return the message that `to_json` wrote."""
        return cls(value["body"], value["card"], value["status"])


CLOSED: Final = "canceled"
"""The status after which nobody can pay a card."""
_BILL: Final = tuple(field.name for field in fields(Bill))


def _bill_to_json(bill: Bill | None) -> dict[str, Any] | None:
    if bill is None:
        return None
    lines = [[line.sku, line.name, line.price, line.quantity] for line in bill.lines]
    written = {name: getattr(bill, name) for name in _BILL}
    return {**written, "lines": lines, "origin": list(bill.origin), "address": list(bill.address)}


def _bill_from_json(value: dict[str, Any]) -> Bill:
    lines = tuple(BillLine(*line) for line in value["lines"])
    return Bill(
        **{**value, "lines": lines, "origin": tuple(value["origin"]), "address": tuple(value["address"])}
    )
