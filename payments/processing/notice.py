"""Notices: what an operator must know and act on."""

from dataclasses import dataclass
from enum import StrEnum


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


@dataclass(frozen=True, slots=True)
class Notice:
    """Something an operator must know and act on. It is shown once for each (kind, subject)."""

    kind: NoticeKind
    subject: str
    """What it is about within its kind (an order, a message's name). Holds no personal data."""
    said: str
    """What happened and what to do, for people."""
