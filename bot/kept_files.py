"""Files that the shop keeps and sends to its customers: invoices and credit notes, drawn when asked for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

from bot.invoice_pdf import drawn, file_name
from bot.whatsapp.client import File
from payments.shop.invoice import NumberedInvoice, chosen, credit_note_by
from payments.shop.kept_documents import DocumentName
from storage import Store

_PDF: Final = "application/pdf"


class NoSuchFile(LookupError):
    """The shop keeps no such file for this customer. The message is for the operator."""


class Files(Protocol):
    """Finds a file that the shop keeps."""

    async def __call__(self, conversation: str, reference: str) -> File:
        """Return the file of this conversation's customer. Raises NoSuchFile."""


@dataclass(frozen=True, slots=True)
class KeptFiles:
    """The files in a store."""

    store: Store
    draw: Callable[[NumberedInvoice], bytes] = drawn
    """Draws a document; it is called in a thread."""

    async def __call__(self, conversation: str, reference: str) -> File:
        """Return the file of this conversation's customer: never one of another's. Raises NoSuchFile."""
        try:
            name = DocumentName.read(reference)
        except ValueError:
            raise NoSuchFile(f"the shop keeps no file '{reference}'") from None
        kept = await self.store.invoices_of(conversation, name.order_key)
        document = chosen(kept, "") if name.event is None else credit_note_by(kept, name.event)
        if document is None:
            raise NoSuchFile(f"there is no such {name.words} of order {name.order_key} for this customer")
        return File(file_name(document.number), _PDF, await asyncio.to_thread(self.draw, document))
