"""Notices: what an operator must know and act on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class NoticeKind(StrEnum):
    """Topic of a notice. The manual (docs/operations.md, Notices) says what to do about each."""

    TOKEN = "token"  # noqa: S105 - a kind, no secret
    SIGNATURE = "signature"
    UNSTORED = "unstored"
    UNREADABLE = "unreadable"
    WEBHOOK = "webhook"
    CAPTURE = "capture"
    REFUSED = "refused"
    LINK = "link"
    COPY = "copy"
    RESTORED = "restored"
    STRAY_MONEY = "stray money"
    MESSAGE = "message"
    WINDOW = "window"
    PROXY = "proxy"
    WHATSAPP = "whatsapp"
    LOOP = "loop"
    LIMITED = "limited"
    UNASKED = "unasked"
    CLOCK = "clock"
    OUTBOX = "outbox"
    STAFF = "staff"
    FORGOTTEN = "forgotten"
    GIVEN_TWICE = "given twice"
    HOOK = "hook"
    SHOPIFY = "shopify"
    INVOICES = "invoices"
    BOOKS = "books"
    GUESSES = "guesses"


ELSEWHERE: Final = NoticeKind.SHOPIFY
"""Of what was done in the shop's other system."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something an operator must know and act on. It is shown once for each (kind, subject)."""

    kind: NoticeKind
    subject: str
    """What it is about within its kind (an order, a message's name). Holds no personal data."""
    said: str
    """What happened and what to do, for people."""


def known_elsewhere(order_key: str, copy_id: str, others: int) -> Notice:
    """Return the notice that the shop's other system goes on knowing a customer who was forgotten here.

    `copy_id` is its id of their order `order_key`; `others` is how many more of their orders it has.
    """
    more = f" and {others} more of their orders" if others else ""
    said = (
        f"A customer was forgotten here, and Shopify still knows them: {copy_id}{more} names them, with"
        " number and address. Erase the customer at Shopify too: open this order there (the number is the"
        " last one of its page's address), then its customer, and choose to erase their personal data."
    )
    return Notice(ELSEWHERE, f"forgotten {order_key}", said)
