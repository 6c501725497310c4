"""Receipts: later statuses of our messages at the channel. They only move forward, and settle doubts.

What a receipt says is kept with its message. Its own row is deleted once it is applied: if it comes again, it
finds that its message is as far already, and changes nothing.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final, TypeAlias

import structlog

from flows.messages.kinds import Message
from payments.processing import card_results
from payments.processing.card_results import decides
from payments.processing.notice import Notice
from payments.processing.results import Result
from storage.database.encoding import dumps, loads
from storage.database.queues import InboxState, OutboxState, Urgency
from storage.database.transaction import Row, Transaction
from storage.inbox import notices
from storage.inbox.arrivals import conversation_number
from storage.inbox.changes import error_text, park
from storage.inbox.merge import same
from storage.outbox import deliveries, resend
from storage.outbox.channel import Channel
from storage.outbox.entry import Entry, entry_of
from storage.outbox.resend import Remedy

_TRIES: Final = (2_000, 10_000, 60_000, 300_000)
"""Milliseconds after arrival at which a receipt that matches no message of ours is tried again."""
_ERROR: Final = 4000
"""The longest error that is stored, in characters."""
_UNFINISHED: Final = (OutboxState.PENDING, OutboxState.SENDING)

_Left: TypeAlias = tuple[int, InboxState, int | None, int | None]
"""(number, state, due at, handled at) of a receipt that stays. Without a due time it keeps its own."""

log = structlog.get_logger()


class Meaning(StrEnum):
    """What a status means for the message."""

    TAKEN = "taken"
    """It is on its way."""
    FAILED = "failed"
    """It did not reach the customer; a later status may still say that it did."""
    ARRIVED = "arrived"
    """It reached the customer."""


@dataclass(frozen=True, slots=True)
class _Receipt:
    number: int
    received_at: int
    copy: str | None
    """The channel's id of this copy of the message: every send gets a new one."""
    status: str
    """The status, as the channel names it."""
    rank: int
    """Statuses come in any order: one is ignored after another of a higher rank."""
    meaning: Meaning | None
    """None for a status that is not known here; it is ignored."""
    target: tuple[int, int] | None
    """(conversation, outbox number) from our own callback id."""
    error: str | None
    code: int | None
    remedy: Remedy | None
    """What may help a message that failed."""

    @property
    def why(self) -> str:
        """Why the message failed."""
        return self.error or "failed"

    @property
    def too_late(self) -> bool:
        """Whether the message was too late to be sent as it is."""
        return self.remedy is Remedy.TEMPLATE


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A message that the channel accepted and then could not deliver."""

    id: int
    """The number of its outbox entry."""
    name: str
    code: int | None
    """The channel's error code."""


@dataclass(frozen=True, slots=True)
class Applied:
    """The result of one round of receipts."""

    looked_at: int = 0
    undelivered: tuple[Undelivered, ...] = ()


async def apply_receipts(tx: Transaction, now: int, limit: int, channel: Channel) -> Applied:
    """Apply up to `limit` due receipts. A receipt that cannot be read is parked."""
    rows = await tx.fetch(_DUE, now, limit)
    if not rows:
        return Applied()
    receipts = await _parse_receipts(tx, rows, now)
    entries = await _entries(tx, receipts)
    pairs = [(receipt, entries.of(receipt)) for receipt in receipts]
    await resend.load(tx, [e for r, e in pairs if e is not None and _needs_payload(r, e)])
    changes = _Changes(tx.installation, channel)
    for receipt, entry in pairs:
        _apply(receipt, entry, changes, now)
    await _write(tx, changes, now)
    return Applied(len(rows), tuple(changes.undelivered))


@dataclass(slots=True)
class _Changes:
    """What one round of receipts changes and reports."""

    installation: str
    channel: Channel
    entries: dict[int, Entry] = field(default_factory=dict)
    applied: list[int] = field(default_factory=list)
    """The numbers of receipts whose messages say all that they said."""
    left: list[_Left] = field(default_factory=list)
    undelivered: list[Undelivered] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    results: list[tuple[Entry, _Receipt, Result]] = field(default_factory=list)
    """What receipts say of cards in the chat."""

    def unsent_notice(self, entry: Entry, why: str) -> Notice:
        """Return the notice that `entry` was too late to be sent, and has no template."""
        if entry.urgency is Urgency.OFFER:
            return self.channel.undelivered_offer(entry.name, why)
        return self.channel.unsent(entry.name, self._public(entry))

    def undelivered_notice(self, entry: Entry, why: str) -> Notice:
        """Return the notice that `entry` will never reach its customer."""
        if entry.urgency is Urgency.OFFER:
            return self.channel.undelivered_offer(entry.name, why)
        return self.channel.undelivered(entry.name, self._public(entry), why)

    def _public(self, entry: Entry) -> str:
        return f"{self.installation}-{entry.conversation_id}"


def _apply(receipt: _Receipt, entry: Entry | None, changes: _Changes, now: int) -> None:
    retry_at = _retry_at(receipt, now)
    if entry is None or (retry_at is not None and _is_early(receipt, entry)):
        changes.left.append(_postponed(receipt, retry_at, now))
        return
    if receipt.meaning is None:
        changes.left.append((receipt.number, InboxState.IGNORED, None, now))
        return
    changes.applied.append(receipt.number)
    if _is_of_another_copy(receipt, entry):
        return
    changes.entries[entry.id] = entry
    if entry.order_key is not None and (message := resend.message_of(entry)) and decides(message):
        result = _said_of_card(message, receipt, entry, changes.channel)
        if _advance(entry, receipt, now) and result:
            changes.results.append((entry, receipt, result))
        return
    if receipt.remedy and _outranks(receipt, entry):
        if resend.schedule(entry, receipt.remedy, receipt.copy, receipt.error, now):
            return
        if receipt.too_late and resend.has_no_template(entry):
            changes.notices.append(changes.unsent_notice(entry, receipt.why))
    if _advance(entry, receipt, now) and receipt.meaning is Meaning.FAILED:
        changes.undelivered.append(Undelivered(entry.id, entry.name, receipt.code))
        if not receipt.too_late:
            changes.notices.append(changes.undelivered_notice(entry, receipt.why))


def _needs_payload(receipt: _Receipt, entry: Entry) -> bool:
    return receipt.remedy is not None or _awaits_resend(entry) or entry.order_key is not None


def _said_of_card(message: Message, receipt: _Receipt, entry: Entry, channel: Channel) -> Result | None:
    """Return what a receipt says of the card that its message shows or closes. Neither is sent again.

    Call this before `_advance`. A message that was tried more than once may have arrived by another copy than
    the one that failed.
    """
    match receipt.meaning:
        case Meaning.FAILED:
            over = receipt.code == channel.card_is_over
            return card_results.unsent(message, receipt.why, certain=entry.attempts <= 1, over=over)
        case Meaning.ARRIVED:
            return card_results.arrived(message, failed=entry.error is not None)
        case _:
            return None


async def _write(tx: Transaction, changes: _Changes, now: int) -> None:
    # In id order, like every update of several entries, so that none deadlock.
    changed = [_columns(changes.entries[id]) for id in sorted(changes.entries)]
    await tx.fetch_rows(_UPDATE, "bigint text text text bigint text bigint", changed)
    await resend.write(tx, changes.entries.values())
    await tx.fetch_rows(_LEFT, "bigint text bigint bigint", changes.left)
    if changes.applied:
        await tx.fetch(_APPLIED, changes.applied)
    await notices.add(tx, changes.notices, now)
    await deliveries.add_results(
        tx,
        [
            (entry.conversation_id, entry.order_key, f"receipt:{entry.id}:{receipt.status}", result)
            for entry, receipt, result in changes.results
        ],
        now,
    )


async def _parse_receipts(tx: Transaction, rows: Iterable[Row], now: int) -> list[_Receipt]:
    receipts = []
    for row in rows:
        try:
            receipts.append(_receipt(tx.installation, row))
        except Exception as error:  # noqa: BLE001 - any error concerns only this receipt
            log.warning("receipt parked", event_number=row["id"], error=type(error).__name__)
            await park(tx, row["id"], error_text(error), now)
    return receipts


_DUE = """
SELECT id, body, received_at FROM inbox
WHERE state = 'pending' AND kind = 'receipt' AND due_at <= $1
ORDER BY due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED"""

_COLUMNS = """
    id, conversation_id, order_key, name, state, urgency, provider_id, receipt, receipt_rank, error,
    finished_at, attempts"""
_BY_ID = f"SELECT {_COLUMNS} FROM outbox WHERE id = ANY($1::bigint[]) ORDER BY id FOR UPDATE"  # noqa: S608
_BY_COPY = f"SELECT {_COLUMNS} FROM outbox WHERE provider_id = ANY($1::text[]) ORDER BY id FOR UPDATE"  # noqa: S608

_UPDATE = """
UPDATE outbox SET state = v.column2, provider_id = v.column3, receipt = v.column4, receipt_rank = v.column5,
    error = v.column6, finished_at = v.column7
FROM (VALUES {rows}) AS v WHERE outbox.id = v.column1"""

_APPLIED = "DELETE FROM inbox WHERE id = ANY($1::bigint[])"
_LEFT = """
UPDATE inbox SET state = v.column2, due_at = COALESCE(v.column3, due_at), handled_at = v.column4
FROM (VALUES {rows}) AS v WHERE inbox.id = v.column1"""


def _receipt(installation: str, row: Row) -> _Receipt:
    body = loads(row["body"])
    public, _, digits = (_text(body, "opaque") or "").rpartition(".")
    conversation = conversation_number(installation, public)
    ours = conversation is not None and digits.isascii() and digits.isdigit() and len(digits) <= 18
    return _Receipt(
        number=row["id"],
        received_at=row["received_at"],
        copy=_text(body, "provider_id"),
        status=_text(body, "status") or "",
        rank=int(body.get("rank") or 0),
        meaning=Meaning(body["meaning"]) if body.get("meaning") else None,
        target=(conversation, int(digits)) if conversation is not None and ours else None,
        error=_error(body.get("error")),
        code=body.get("code"),
        remedy=Remedy(body["remedy"]) if body.get("remedy") else None,
    )


def _text(body: Mapping[str, Any], name: str) -> str | None:
    value = body.get(name)
    return value.replace("\x00", "") if isinstance(value, str) else None


def _error(value: Any) -> str | None:
    if value is None:
        return None
    text = value if isinstance(value, str) else dumps(value)
    return text.replace("\x00", "")[:_ERROR]


@dataclass(slots=True)
class _Entries:
    """The outbox entries of receipts: one object each, whichever way a receipt names it."""

    by_target: dict[tuple[int, int], Entry] = field(default_factory=dict)
    by_copy: dict[str, Entry] = field(default_factory=dict)

    def of(self, receipt: _Receipt) -> Entry | None:
        """Return the entry that the receipt names by our callback id, or else by the channel's id."""
        by_target = self.by_target.get(receipt.target) if receipt.target else None
        return by_target or (self.by_copy.get(receipt.copy) if receipt.copy else None)


async def _entries(tx: Transaction, receipts: Iterable[_Receipt]) -> _Entries:
    """Load and lock the outbox entries of `receipts`."""
    ids = sorted({r.target[1] for r in receipts if r.target})
    copies = sorted({r.copy for r in receipts if r.copy})
    entries = _Entries()
    by_id = {row["id"]: entry_of(row) for row in await tx.fetch(_BY_ID, ids)} if ids else {}
    for target in await _valid_targets(tx, {r.target for r in receipts if r.target}, by_id):
        entries.by_target[target] = by_id[target[1]]
    for row in await tx.fetch(_BY_COPY, copies) if copies else ():
        entries.by_copy[row["provider_id"]] = by_id.setdefault(row["id"], entry_of(row))
    return entries


async def _valid_targets(
    tx: Transaction, targets: set[tuple[int, int]], by_id: Mapping[int, Entry]
) -> list[tuple[int, int]]:
    """Return those of `targets` whose entry belongs to that conversation, or to one merged with it."""
    owners = {target: by_id[target[1]].conversation_id for target in targets if target[1] in by_id}
    moved = [(target[0], owner) for target, owner in owners.items() if target[0] != owner]
    merged = await same(tx, moved) if moved else set()
    return [target for target, owner in owners.items() if target[0] == owner or (target[0], owner) in merged]


def _is_early(receipt: _Receipt, entry: Entry) -> bool:
    """Whether `receipt` reports a failure while `entry` is being sent.

    The sender may get the same failure as its answer, or has not recorded its outcome yet.
    """
    return receipt.remedy is not None and entry.state is OutboxState.SENDING


def _is_of_another_copy(receipt: _Receipt, entry: Entry) -> bool:
    """Whether `receipt` is about a copy that no longer matters: another follows, or was accepted.

    A copy that arrived after all always matters: then nothing more is sent.
    """
    if entry.provider_id is None or receipt.copy is None:
        return False
    if _awaits_resend(entry):
        return receipt.meaning is not Meaning.ARRIVED and resend.failed_before(entry, receipt.copy)
    return receipt.meaning is Meaning.FAILED and entry.provider_id != receipt.copy


def _awaits_resend(entry: Entry) -> bool:
    """Whether a copy of `entry` has failed, and no other was accepted since."""
    return entry.provider_id is not None and entry.state in _UNFINISHED


def _outranks(receipt: _Receipt, entry: Entry) -> bool:
    return (entry.receipt_rank or 0) < receipt.rank


def _advance(entry: Entry, receipt: _Receipt, now: int) -> bool:
    """Apply `receipt` to `entry`; return whether its status moved.

    The end is the same in whatever order receipts come.
    """
    moved = _outranks(receipt, entry)
    if moved:
        entry.receipt, entry.receipt_rank = receipt.status, receipt.rank
    failed = receipt.meaning is Meaning.FAILED
    if failed:
        entry.error = receipt.why
    if entry.state in _UNFINISHED:
        entry.state = OutboxState.FAILED if failed else OutboxState.DONE
        entry.finished_at = now
        entry.provider_id = receipt.copy or entry.provider_id
    entry.provider_id = entry.provider_id or receipt.copy
    return moved


def _columns(entry: Entry) -> tuple[Any, ...]:
    receipt = (entry.receipt, entry.receipt_rank)
    return (entry.id, entry.state, entry.provider_id, *receipt, entry.error, entry.finished_at)


def _retry_at(receipt: _Receipt, now: int) -> int | None:
    """Return when to try `receipt` again, if it cannot be applied now; None after the last try."""
    return next((receipt.received_at + t for t in _TRIES if receipt.received_at + t > now), None)


def _postponed(receipt: _Receipt, retry_at: int | None, now: int) -> _Left:
    """Return what becomes of a receipt that matches no message of ours yet.

    Its message may have been accepted, with the answer that says so not yet recorded.
    """
    if retry_at is None or receipt.meaning is None:
        return (receipt.number, InboxState.IGNORED, None, now)
    return (receipt.number, InboxState.PENDING, retry_at, None)
