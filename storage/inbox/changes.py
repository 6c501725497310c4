"""What steps decided, as rows; written with a few statements for a whole batch."""

import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from itertools import chain, islice, repeat
from typing import Any, Final, TypeAlias

from flows.engine import conversation as conversations
from flows.engine import events
from flows.engine.effects import StartTimer
from flows.messages import kinds
from payments.ledger import calls, polling
from payments.ledger.balance import Verdict
from payments.ledger.calls import FetchPayments
from payments.ledger.polling import Poll
from payments.processing.case import Advanced, Arrived, Case, Kind, Notice
from payments.shop.orders import Standing
from payments.shop.stock import Move
from storage.database.encoding import check, dumps
from storage.database.transaction import Transaction
from storage.inbox import notices
from storage.inbox.stock import take

Rows: TypeAlias = list[tuple[Any, ...]]

_LATEST: Final = 7 * 24 * 3600 * 1000
_ERROR: Final = 4000
"""Characters of a traceback that are kept."""


@dataclass(slots=True)
class Changes:
    """Rows to write, by table, in the column order of the statements below."""

    handled: Rows = field(default_factory=list)
    conversations: Rows = field(default_factory=list)
    outbox: Rows = field(default_factory=list)
    timers: Rows = field(default_factory=list)
    orders: Rows = field(default_factory=list)
    attempts: Rows = field(default_factory=list)
    facts: Rows = field(default_factory=list)
    settled: Rows = field(default_factory=list)
    refunds: Rows = field(default_factory=list)
    polls: Rows = field(default_factory=list)
    accounts: Rows = field(default_factory=list)
    left: Rows = field(default_factory=list)
    """Conversations that left a state: what only time asked for there is out of date."""
    moves: list[Move] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)

    def add(self, other: "Changes") -> None:
        """Append what `other` holds."""
        for name in _TABLES:
            getattr(self, name).extend(getattr(other, name))


_TABLES = tuple(f.name for f in fields(Changes))
_ROWS = tuple(name for name in _TABLES if name not in ("moves", "notices"))


def changes(id: int, case: Case, advanced: Advanced, now: int) -> Changes:
    """The rows that store `advanced`, the answer to `case` of conversation number `id`.

    Raises ValueError or TypeError for what cannot be stored, and if an event was left unanswered:
    it would come back for ever.
    """
    if {h.number for h in advanced.handled} != {e.number for e in case.events}:
        raise ValueError("a step must answer each of its events, and no other")
    found = Changes(
        handled=[
            (h.number, str(h.outcome), dumps(h.trace) if h.trace else None, _error(h.outcome, h.error), now)
            for h in advanced.handled
        ],
        conversations=[_conversation(id, case, advanced, now)],
        outbox=_outbox(id, advanced, now),
        timers=[_timer(id, timer, now) for timer in advanced.timers],
        left=[(id,)] if advanced.conversation.visits != case.conversation.visits else [],
    )
    if advanced.orders or advanced.attempts or advanced.facts or advanced.settled or advanced.refunds:
        _money(found, id, advanced, now)
    found.accounts = [(advanced.account,)] if advanced.account else []
    found.polls = [_poll(id, poll, now) for poll in advanced.polls]
    found.moves, found.notices = list(advanced.moves), list(advanced.notices)
    for name in _ROWS:
        for row in getattr(found, name):
            check(row)
    return found


def _error(outcome: str, error: str | None) -> str | None:
    return error or "parked without a reason" if outcome == "parked" else error


def _conversation(id: int, case: Case, advanced: Advanced, now: int) -> tuple[Any, ...]:
    heard = [_sent_at(event) for event in case.events if event.kind is Kind.CHAT]
    snapshot = dumps(conversations.to_json(advanced.conversation))
    return (id, advanced.conversation.state, snapshot, now, max(heard, default=None))


def _sent_at(event: Arrived) -> int:
    """When the customer wrote: a webhook may come hours late, and WhatsApp's 24 hours run all the same.

    Meta repeats a webhook for 7 days, so one that says it is older has a wrong clock.
    """
    late = event.received_at - (event.body.get("sent_at") or event.received_at)
    return event.received_at - late if 0 < late <= _LATEST else event.received_at


def _outbox(id: int, advanced: Advanced, now: int) -> Rows:
    says = [("chat", int(s.reminder), s.name, kinds.to_json(s.message)) for s in advanced.sends]
    asks = [(_lane(c), 0, type(c).__name__, calls.to_json(c)) for c in advanced.calls]
    said = _causes(advanced, [h.caused.sends for h in advanced.handled], len(says))
    asked = _causes(advanced, [h.caused.calls for h in advanced.handled], len(asks))
    return [
        (id, lane, urgency, name, dumps(payload), "pending", now, 0, cause, now)
        for (lane, urgency, name, payload), cause in zip(says + asks, (*said, *asked), strict=True)
    ]


def _causes(advanced: Advanced, caused: Sequence[int], count: int) -> Iterator[int]:
    """Of which event each of `count` effects came, `caused` by each: those nobody counted, of the last."""
    numbers = [handled.number for handled in advanced.handled]
    counted = (number for number, own in zip(numbers, caused, strict=True) for _ in range(own))
    return islice(chain(counted, repeat(numbers[-1])), count)


def _lane(call: calls.Call) -> str:
    """What nobody waits for has a lane of its own, so that it holds up nobody."""
    return "poll" if isinstance(call, FetchPayments) and not call.asked else "pay"


def _timer(id: int, timer: StartTimer, now: int) -> tuple[Any, ...]:
    key = f"timer:{timer.state}:{timer.timer}:{timer.visit}"
    body = dumps(events.to_json(events.TimerDue(timer.state, timer.timer, timer.visit, timer.due)))
    return (id, key, str(Kind.TIMER), "pending", timer.due, body, now)


def _poll(id: int, poll: Poll, now: int) -> tuple[Any, ...]:
    key = f"poll:{poll.reference_id}:{poll.since}:{poll.nth}"
    return (id, key, str(Kind.POLL), "pending", poll.due, dumps(polling.to_json(poll)), now)


def _money(found: Changes, id: int, advanced: Advanced, now: int) -> None:
    for o in advanced.orders:
        lines = dumps([(line.sku, line.name, line.quantity, line.price) for line in o.lines])
        placed = (o.placed_at, o.placed_by)
        stands = (str(Verdict.UNPAID), str(Standing.OPEN), 0, 0)
        found.orders.append((o.key, id, o.number, lines, o.total, o.currency, *stands, *placed))
    for a in {a.reference_id: a for a in advanced.attempts}.values():
        link = (a.link_id, a.short_url, a.expires_at)
        terms = (a.ordinal, a.amount, a.currency, str(a.status), a.mode)
        found.attempts.append((a.reference_id, a.order_key, id, *terms, *link, now))
    learned = _causes(advanced, [h.caused.facts for h in advanced.handled], len(advanced.facts))
    for f, cause in zip(advanced.facts, learned, strict=True):
        money = (f.amount, f.currency, f.at, dumps(f.detail))
        found.facts.append((id, f.order_key, *f.identity, *money, now, cause))
    for s in advanced.settled:
        books = (s.fulfilled, s.held, s.held_for)
        paid_at = now if s.balance.settled else None
        found.settled.append((id, s.order.key, str(s.verdict), str(s.standing), *books, paid_at))
    for r in advanced.refunds:
        found.refunds.append(
            (r.key, id, r.order_key, r.payment_id, r.amount, r.reason, str(r.status), r.refund_id, now)
        )


async def write(tx: Transaction, batch: Changes, now: int) -> None:
    """Write all of `batch`. Raises storage.inbox.stock.SoldOut if others were faster to the last pieces."""
    await tx.fetch_rows(_HANDLED, "bigint text text text bigint", batch.handled)
    await tx.fetch_rows(_CONVERSATION, "bigint text text bigint bigint", batch.conversations)
    if batch.left:
        await tx.fetch(_OVERTAKEN, sorted({row[0] for row in batch.left}), now)
    await tx.insert(_OUTBOX, batch.outbox)
    await tx.insert(_TIMERS, batch.timers + batch.polls)
    await tx.insert(_ORDERS, batch.orders)
    await tx.insert(_ATTEMPTS, batch.attempts)
    await tx.insert(_FACTS, batch.facts)
    await tx.each(_SETTLED, batch.settled)
    await tx.insert(_REFUNDS, list({row[0]: row for row in batch.refunds}.values()))
    await tx.each("UPDATE installation SET account = $1 WHERE account IS NULL", batch.accounts[:1])
    await take(tx, batch.moves)
    await notices.add(tx, batch.notices, now)


_HANDLED = """
UPDATE inbox SET state = v.column2, trace = v.column3, error = v.column4, handled_at = v.column5
FROM (VALUES {rows}) AS v WHERE inbox.id = v.column1"""

_CONVERSATION = """
UPDATE conversation SET state = v.column2, snapshot = v.column3, revision = revision + 1,
    updated_at = v.column4, last_inbound_at = CASE
        WHEN v.column5 IS NULL OR last_inbound_at > v.column5 THEN last_inbound_at ELSE v.column5 END
FROM (VALUES {rows}) AS v WHERE conversation.id = v.column1"""

_OVERTAKEN = """
UPDATE outbox SET state = 'failed', error = 'the customer had moved on', finished_at = $2
WHERE conversation_id = ANY($1::bigint[]) AND lane = 'chat' AND urgency = 1 AND finished_at IS NULL
    AND state = 'pending'"""

_OUTBOX = """
INSERT INTO outbox
    (conversation_id, lane, urgency, name, payload, state, due_at, attempts, caused_by, created_at)
VALUES {rows}"""

_TIMERS = """
INSERT INTO inbox (conversation_id, key, kind, state, due_at, body, received_at) VALUES {rows}
ON CONFLICT DO NOTHING"""

_ORDERS = """
INSERT INTO orders
    (key, conversation_id, number, lines, total, currency, verdict, standing, fulfilled, held, placed_at,
    placed_by)
VALUES {rows}"""

_ATTEMPTS = """
INSERT INTO attempt (reference_id, order_key, conversation_id, ordinal, amount, currency, status, mode,
    link_id, short_url, expires_at, created_at)
VALUES {rows}
ON CONFLICT (reference_id) DO UPDATE SET status = excluded.status, link_id = excluded.link_id,
    short_url = excluded.short_url, expires_at = excluded.expires_at, mode = excluded.mode"""

_FACTS = """
INSERT INTO fact (conversation_id, order_key, entity, entity_id, state, amount, currency, at, detail,
    learned_at, learned_from)
VALUES {rows} ON CONFLICT DO NOTHING"""

_SETTLED = """
UPDATE orders SET verdict = $3, standing = $4, fulfilled = $5, held = $6, held_for = $7,
    paid_at = COALESCE(paid_at, $8)
WHERE conversation_id = $1 AND key = $2"""

_REFUNDS = """
INSERT INTO refund (key, conversation_id, order_key, payment_id, amount, reason, status, refund_id,
    created_at)
VALUES {rows}
ON CONFLICT (key) DO UPDATE SET status = excluded.status, refund_id = excluded.refund_id"""


def error_text(error: Exception) -> str:
    """The traceback of `error`, as a row may keep it; its end says what went wrong."""
    return "".join(traceback.format_exception(error)).replace("\x00", "")[-_ERROR:]


async def park(tx: Transaction, number: int, error: str, now: int) -> None:
    """Set event `number` aside, with its error, for a person."""
    await tx.fetch(
        "UPDATE inbox SET state = 'parked', error = $2, handled_at = $3 WHERE id = $1", number, error, now
    )
