"""What the API takes about an order, as the verbs and words that the staff's grammar has for it. Pure.

See `payments.processing.verbs`. Amounts are paise.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from bot.http.texts import By, one_line
from payments.processing.bodies import StaffAction
from payments.processing.order_request import KEEP_DELIVERY, RESTOCK, SURPLUS, WASTE
from payments.shop.fulfilment import Stage
from payments.shop.money import MAX_PAISE
from payments.shop.staff import member_name

OPERATOR: Final = "operator"
"""Who did it, if the request does not say."""


_Line: TypeAlias = Annotated[str, Field(max_length=500), AfterValidator(one_line)]
_Member: TypeAlias = Annotated[By, AfterValidator(member_name)]
_Sku: TypeAlias = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^\S+$")]
_Amount: TypeAlias = Annotated[int, Field(ge=1, le=MAX_PAISE)]
_Goods: TypeAlias = Literal["waste", "restock"]


class Change(BaseModel):
    """One change. `from` is the stage in which the caller saw the order."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    by: _Member = OPERATOR
    expected: Annotated[Stage | None, Field(alias="from", strict=False)] = None

    @property
    def words(self) -> str:
        """The words after the verb."""
        return ""

    def verb(self, posted: str) -> str:
        """Return the verb for which `posted` stands in the path."""
        return posted

    def action(self, posted: str, order_key: str) -> StaffAction:
        """Return the change of this order as what the staff do. `posted` is the word in the path."""
        verb, value = self.verb(posted), self.words.strip()
        return StaffAction(order_key, self.by, verb, value, expected=str(self.expected or ""))


class _Move(Change):
    to: Literal["placed", "accepted", "preparing", "ready", "out", "delivered"]
    paid: Literal["cash", "upi", "owed"] | None = None

    @property
    def words(self) -> str:
        return f"{self.to} {self.paid or ''}"


class _Hand(Change):
    method: Literal["cash", "upi"]
    amount: _Amount | None = None
    surplus: bool = False
    """The amount is more than is due, and that is no slip: what is too much goes back."""

    @property
    def words(self) -> str:
        said = "" if self.amount is None else _rupees(self.amount)
        return f"{said} {SURPLUS}" if said and self.surplus else said

    def verb(self, posted: str) -> str:
        """Return the way in which it was paid: each is a verb."""
        return self.method


class _Pieces(Change):
    sku: _Sku
    quantity: Annotated[int, Field(ge=1, le=10_000)]
    why: _Line = ""
    waste: bool = False

    @property
    def words(self) -> str:
        """The words after the verb. Whether goods are waste is always said, so that `why` cannot say it."""
        return f"{self.sku} {self.quantity} {WASTE if self.waste else RESTOCK} {self.why}"


class _Allowance(Change):
    amount: _Amount
    why: _Line = ""

    @property
    def words(self) -> str:
        return f"{_rupees(self.amount)} {self.why}"


class _Cancel(Change):
    goods: _Goods | None = None

    @property
    def words(self) -> str:
        return self.goods or ""


class _Refuse(Change):
    goods: _Goods | None = None
    keep_delivery: bool = False

    @property
    def words(self) -> str:
        return f"{KEEP_DELIVERY if self.keep_delivery else ''} {self.goods or ''}"


class _Delivery(Change):
    decision: Literal["keep", "refund"]

    @property
    def words(self) -> str:
        return self.decision


class _Undo(Change):
    payment: Annotated[int, Field(ge=1, le=10_000)] | None = None

    @property
    def words(self) -> str:
        return "" if self.payment is None else str(self.payment)


class _Address(Change):
    address: Annotated[_Line, Field(min_length=1)]

    @property
    def words(self) -> str:
        return self.address


class _Note(Change):
    note: _Line

    @property
    def words(self) -> str:
        return self.note


CHANGES: Final[Mapping[str, type[Change]]] = {
    "stage": _Move,
    "hand": _Hand,
    "less": _Pieces,
    "allowance": _Allowance,
    "cancel": _Cancel,
    "refuse": _Refuse,
    "return": _Pieces,
    "undo": _Undo,
    "refunded": Change,
    "delivery": _Delivery,
    "address": _Address,
    "note": _Note,
}
"""What is posted to `/orders/<key>/<word>`, by this word."""


def _rupees(amount: int) -> str:
    """Return paise as rupees, as the grammar reads them."""
    return f"{amount // 100}.{amount % 100:02}"
