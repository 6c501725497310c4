"""How a message names a document that the shop keeps: an order's invoice, or one of its credit notes."""

from dataclasses import dataclass
from typing import Final, Self

_INVOICE: Final = "invoice"
_CREDIT_NOTE: Final = "credit-note"


@dataclass(frozen=True, slots=True)
class DocumentName:
    """The invoice of an order, or the credit note that one event caused."""

    order_key: str
    event: int | None = None
    """Number of the event that caused the credit note; None for the invoice."""

    def __str__(self) -> str:
        """Return the name as a message has it: `invoice/KEY`, `credit-note/KEY/17`."""
        if self.event is None:
            return f"{_INVOICE}/{self.order_key}"
        return f"{_CREDIT_NOTE}/{self.order_key}/{self.event}"

    @property
    def words(self) -> str:
        """What the document is."""
        return "invoice" if self.event is None else "credit note"

    @classmethod
    def read(cls, name: str) -> Self:
        """Return the document of this name. Raises ValueError if no document is called so."""
        match name.split("/"):
            case [kind, key] if kind == _INVOICE and key:
                return cls(key)
            case [kind, key, event] if kind == _CREDIT_NOTE and key and event.isdecimal():
                return cls(key, int(event))
            case _:
                raise ValueError(f"no document is called '{name}'")
