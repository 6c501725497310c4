"""Store the change sets of a batch of steps with a few statements.

`TABLES` says, for each kind of change and in the order of writing, which rows a change set makes and how the
rows of a batch are written.
"""

import traceback
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from flows.engine import conversation as conversations
from flows.engine import events
from flows.engine.effects import Say
from flows.messages import kinds
from payments.ledger import polling
from payments.ledger.facts import detail_to_json
from payments.ledger.holds import to_codes
from payments.ledger.state import PaymentStatus
from payments.processing import card_results
from payments.processing.bodies import staff_action_to_json
from payments.processing.changes import ChangeSet, Outcome
from payments.processing.conversation_data import hears_in, in_hand, wants_offers, wants_reminders
from payments.processing.step_input import EventKind, InboxEvent, StepInput
from payments.shop.handover import check_to_json
from payments.shop.order_terms import destination_to_json, terms_to_json
from payments.shop.orders import Lifecycle, line_values, order_key_of
from storage.database.encoding import check, dumps
from storage.database.queues import InboxState, Lane, OutboxState, Urgency
from storage.database.transaction import Transaction
from storage.inbox import (
    amended,
    call_rows,
    forgetting,
    hook_events,
    invoice_numbers,
    mirrored,
    notices,
    order_numbers,
    product_switch,
    quotas,
    stock,
    superseded,
    tallies,
    to_audit,
)

_ERROR: Final = 4000
"""The longest traceback that is stored, in characters."""


@dataclass(frozen=True, slots=True)
class Saving:
    """A change set to be stored, with the step input that it answers."""

    id: int
    """The conversation's number."""
    given: StepInput
    changes: ChangeSet
    now: int
    """Milliseconds since 1970, UTC."""


Rows: TypeAlias = list[Any]
Write: TypeAlias = Callable[[Transaction, Rows, int], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Table:
    """How one kind of change is stored."""

    rows: Callable[[Saving], Iterable[Any]]
    write: Write
    """(transaction, the rows of a batch, now) -> stores them."""


def _insert(sql: str) -> Write:
    return lambda tx, rows, now: tx.insert(sql, rows)


def _upsert(sql: str) -> Write:
    """Insert or update rows. Of several rows with one key (the first column) only the last is written.

    One statement must not change a row twice.
    """
    return lambda tx, rows, now: tx.insert(sql, list({row[0]: row for row in rows}.values()))


def _update(sql: str, types: str) -> Write:
    return lambda tx, rows, now: tx.fetch_rows(sql, types, rows)


def _update_each(sql: str) -> Write:
    return lambda tx, rows, now: tx.each(sql, rows)


async def _drop_reminders(tx: Transaction, rows: Rows, now: int) -> None:
    """Fail pending reminders of who has left their state, wants none, or talks to a person."""
    await tx.fetch(_DROP_REMINDERS, sorted(row[0] for row in rows), now)


async def _drop_offers(tx: Transaction, rows: Rows, now: int) -> None:
    """Fail pending offers to those who want none any more, or talk to a person."""
    await tx.fetch(_DROP_OFFERS, sorted(row[0] for row in rows), now)


def _results(saving: Saving) -> Iterator[tuple[Any, ...]]:
    for result in saving.changes.results:
        parked = result.outcome is Outcome.PARKED
        error = result.error or "parked without a reason" if parked else result.error
        trace = dumps(result.trace) if result.trace else None
        yield (result.number, str(result.outcome), trace, error, saving.now)


def _conversation(saving: Saving) -> Iterator[tuple[Any, ...]]:
    heard = [_written_at(event) for event in saving.given.events if event.kind is EventKind.CHAT]
    after = saving.changes.conversation
    snapshot = dumps(conversations.to_json(after))
    wrote = [event.number for event in saving.given.events if event.kind is EventKind.CHAT]
    stands = (str(hears_in(after.data)), in_hand(after.data))
    newest = (max(heard, default=None), *stands, max(wrote, default=None), saving.changes.version)
    yield (saving.id, after.state, snapshot, saving.now, *newest)


def _written_at(event: InboxEvent) -> int:
    """Return when the customer wrote. The message may have arrived hours later."""
    return min(event.body.get("sent_at") or event.received_at, event.received_at)


def _moved(saving: Saving) -> Iterator[str]:
    """Yield the state that the step left and the one that it led to, if it led to another."""
    before, after = saving.given.conversation.state, saving.changes.conversation.state
    if before != after:
        yield f"{before}>{after}"


def _without_reminders(saving: Saving) -> Iterator[tuple[int]]:
    after = saving.changes.conversation
    if after.visits != saving.given.conversation.visits or not wants_reminders(after.data):
        yield (saving.id,)


def _without_offers(saving: Saving) -> Iterator[tuple[int]]:
    """Yield the conversation if offers may wait that its customer is not to get any more."""
    joined = any(event.kind is EventKind.JOINED for event in saving.given.events)
    had = joined or wants_offers(saving.given.conversation.data)
    if had and not wants_offers(saving.changes.conversation.data):
        yield (saving.id,)


def _outbox(saving: Saving) -> Iterator[tuple[Any, ...]]:
    rest = (str(OutboxState.PENDING), saving.now, 0)
    heard = {event.number: event.received_at for event in saving.given.events if event.kind is EventKind.CHAT}
    for cause, say in saving.changes.messages:
        said = (int(_urgency(say)), say.name, dumps(kinds.to_json(say.message)))
        card = card_results.order_of(say.message)
        answers = (say.topic, heard.pop(cause, None))
        yield (saving.id, card, None, str(Lane.CHAT), *said, *rest, cause, saving.now, *answers)
    for cause, told in saving.changes.told:
        said = (0, told.name, dumps(kinds.to_json(told.message)))
        for to in map(_number, told.to):
            about = None if to == saving.id else saving.id
            yield (to, None, about, str(Lane.CHAT), *said, *rest, cause, saving.now, None, None)
    for cause, call in saving.changes.calls:
        asked = (0, type(call).__name__, dumps(call_rows.payload(call)))
        lane = str(call_rows.lane(call))
        yield (saving.id, call.order_key, None, lane, *asked, *rest, cause, saving.now, None, None)


def _urgency(say: Say) -> Urgency:
    if say.offer:
        return Urgency.OFFER
    return Urgency.REMINDER if say.reminder else Urgency.ANSWER


def _number(public: str) -> int:
    """Return the number in a public conversation id of this installation."""
    return int(public.rpartition("-")[2])


def _waiting(saving: Saving) -> Iterator[tuple[Any, ...]]:
    """Yield the rows that are due later: timers, polls, checks of hand-overs, wishes to be forgotten."""
    state = str(InboxState.PENDING)
    for timer in saving.changes.timers:
        key = f"timer:{timer.state}:{timer.timer}:{timer.visit}"
        body = events.to_json(events.TimerDue(timer.state, timer.timer, timer.visit, timer.due))
        yield (saving.id, None, key, str(EventKind.TIMER), state, timer.due, dumps(body), saving.now)
    for poll in saving.changes.polls:
        key = f"poll:{poll.reference_id}:{poll.since}:{poll.nth}"
        order, body = order_key_of(poll.reference_id), polling.to_json(poll)
        yield (saving.id, order, key, str(EventKind.POLL), state, poll.due, dumps(body), saving.now)
    for look in saving.changes.checks:
        key, body = f"handover:{look.since}:{look.due}", check_to_json(look)
        yield (saving.id, None, key, str(EventKind.HANDOVER), state, look.due, dumps(body), saving.now)
    for number in saving.changes.to_forget:
        wish, due = dumps({"by": "customer"}), saving.now + forgetting.FAREWELL
        yield (saving.id, None, f"forget:{number}", str(EventKind.FORGET), state, due, wish, saving.now)


def _commands(saving: Saving) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of what the staff want done, for the conversations of those whom it is about."""
    for cause, command in saving.changes.commands:
        body = dumps(staff_action_to_json(command.action))
        order = command.action.order_key or None
        yield (_number(command.conversation), order, f"staff:{cause}", str(EventKind.STAFF), body, saving.now)


def _forgotten(saving: Saving) -> Iterator[tuple[int]]:
    if saving.changes.forgotten:
        yield (saving.id,)


def _placed(saving: Saving) -> Iterator[tuple[Any, ...]]:
    for order in saving.changes.placed:
        lines = dumps([line_values(line) for line in order.lines])
        goods = (order.number, lines, order.total, order.currency)
        terms = (dumps(terms_to_json(order.terms)), dumps(destination_to_json(order.to)))
        books = (str(PaymentStatus.UNPAID), str(Lifecycle.OPEN), 0, 0)
        yield (order.key, saving.id, *goods, *terms, *books, order.placed_at, order.placed_by)


def _numbers(saving: Saving) -> Iterator[int]:
    return (int(order.number) for order in saving.changes.placed)


def _takes(saving: Saving) -> Iterator[bool]:
    """Yield a row if the step takes pieces or places of which there may be too few for all."""
    moves, bookings = saving.changes.moves, saving.changes.bookings
    if any(move.taken > 0 for move in moves) or any(booking.places > 0 for booking in bookings):
        yield True


def _attempts(saving: Saving) -> Iterator[tuple[Any, ...]]:
    for attempt in saving.changes.attempts.values():
        terms = (attempt.ordinal, attempt.amount, attempt.currency, str(attempt.status), attempt.mode)
        link = (attempt.link_id, attempt.short_url, attempt.expires_at)
        yield (attempt.reference_id, attempt.order_key, saving.id, *terms, *link, saving.now)


def _facts(saving: Saving) -> Iterator[tuple[Any, ...]]:
    for cause, fact in saving.changes.facts:
        money = (fact.amount, fact.currency, fact.at, dumps(detail_to_json(fact.detail)))
        yield (saving.id, fact.order_key, *fact.identity, *money, saving.now, cause)


def _order_books(saving: Saving) -> Iterator[tuple[Any, ...]]:
    for state in saving.changes.orders.values():
        money = (state.fulfilled, state.held, to_codes(state.held_for))
        paid_at = saving.now if state.balance.paid_in_full else None
        stage = (state.stage, state.stage_by or None, state.stage_at or None, ",".join(state.tasks) or None)
        stands = (str(state.status), str(state.lifecycle), *stage)
        due_at = saving.now if state.goods_due else None
        yield (saving.id, state.key, *stands, *money, paid_at, state.rating, due_at)


def _refunds(saving: Saving) -> Iterator[tuple[Any, ...]]:
    for refund in saving.changes.refunds.values():
        terms = (refund.payment_id, refund.amount, refund.reason, str(refund.status), refund.refund_id)
        yield (refund.key, saving.id, refund.order_key, *terms, saving.now)


def _account(saving: Saving) -> Iterator[tuple[str]]:
    if saving.changes.account:
        yield (saving.changes.account,)


# What an event says is in its body. How it came is evidence of what could not be handled.
_RESULT = """
UPDATE inbox SET state = v.column2, trace = v.column3, error = v.column4, handled_at = v.column5,
    raw = CASE WHEN v.column2 = 'parked' THEN raw END
FROM (VALUES {rows}) AS v WHERE inbox.id = v.column1"""

_CONVERSATION = """
UPDATE conversation SET state = v.column2, snapshot = v.column3, updated_at = v.column4,
    last_inbound_at = CASE
        WHEN v.column5 IS NULL OR last_inbound_at > v.column5 THEN last_inbound_at ELSE v.column5 END,
    hears = v.column6, in_hand = v.column7, last_chat = COALESCE(v.column8, last_chat),
    version = COALESCE(v.column9, version), counted = NULL
FROM (VALUES {rows}) AS v WHERE conversation.id = v.column1"""

_DROP_REMINDERS = """
UPDATE outbox SET state = 'failed', error = 'the customer had moved on', finished_at = $2
WHERE conversation_id = ANY($1::bigint[]) AND lane = 'chat' AND urgency = 1 AND finished_at IS NULL
    AND state = 'pending'"""

_DROP_OFFERS = """
UPDATE outbox SET state = 'failed', error = 'the customer is to get no offers now', finished_at = $2
WHERE conversation_id = ANY($1::bigint[]) AND lane = 'chat' AND urgency = 2 AND finished_at IS NULL
    AND state = 'pending'"""

_OUTBOX = """
INSERT INTO outbox
    (conversation_id, order_key, about, lane, urgency, name, payload, state, due_at, attempts, caused_by,
    created_at, topic, heard_at)
VALUES {rows}"""

_TIMERS = """
INSERT INTO inbox (conversation_id, order_key, key, kind, state, due_at, body, received_at) VALUES {rows}
ON CONFLICT DO NOTHING"""

# A conversation that was merged takes no more events: its survivor does.
_COMMANDS = """
INSERT INTO inbox (conversation_id, order_key, key, kind, state, due_at, body, received_at)
SELECT COALESCE(c.merged_into, c.id), v.column2, v.column3, v.column4, 'pending', v.column6, v.column5,
    v.column6
FROM (VALUES {rows}) AS v JOIN conversation c ON c.id = v.column1 WHERE true
ON CONFLICT DO NOTHING"""

_ORDERS = """
INSERT INTO orders
    (key, conversation_id, number, lines, total, currency, terms, destination, payment, lifecycle, fulfilled,
    held, placed_at, placed_by)
VALUES {rows}"""

_ATTEMPTS = """
INSERT INTO attempt (reference_id, order_key, conversation_id, ordinal, amount, currency, status, mode,
    link_id, short_url, expires_at, created_at)
VALUES {rows}
ON CONFLICT (reference_id) DO UPDATE SET amount = excluded.amount, currency = excluded.currency,
    status = excluded.status, mode = excluded.mode, link_id = excluded.link_id,
    short_url = excluded.short_url, expires_at = excluded.expires_at"""

_ACCOUNT = "UPDATE installation SET account = $1 WHERE account IS NULL"

_FACTS = """
INSERT INTO fact (conversation_id, order_key, entity, entity_id, state, amount, currency, at, detail,
    learned_at, learned_from)
VALUES {rows} ON CONFLICT DO NOTHING"""

# A payment by hand may be undone, so that the order is not paid after all.
_ORDER_BOOKS = """
UPDATE orders SET payment = $3, lifecycle = $4, stage = $5, stage_by = $6, stage_at = $7, todo = $8,
    fulfilled = $9, held = $10, held_for = $11, rating = $13, due_at = COALESCE(due_at, $14::bigint),
    audited = NULL, counted = NULL,
    paid_at = CASE WHEN $12::bigint IS NULL THEN NULL ELSE COALESCE(paid_at, $12::bigint) END
WHERE conversation_id = $1 AND key = $2"""

_REFUNDS = """
INSERT INTO refund (key, conversation_id, order_key, payment_id, amount, reason, status, refund_id,
    created_at)
VALUES {rows}
ON CONFLICT (key) DO UPDATE SET payment_id = excluded.payment_id, amount = excluded.amount,
    reason = excluded.reason, status = excluded.status, refund_id = excluded.refund_id"""

TABLES: Final = (
    Table(_results, _update(_RESULT, "bigint text text text bigint")),
    Table(_conversation, _update(_CONVERSATION, "bigint text text bigint bigint text text bigint bigint")),
    Table(_moved, tallies.add_moves),
    Table(_without_reminders, _drop_reminders),
    Table(_without_offers, _drop_offers),
    Table(_outbox, _insert(_OUTBOX)),
    Table(lambda saving: superseded.by(saving.id, saving.changes.messages), superseded.supersede),
    Table(_waiting, _insert(_TIMERS)),
    Table(_commands, _update(_COMMANDS, "bigint text text text text bigint")),
    Table(_placed, _insert(_ORDERS)),
    Table(_attempts, _insert(_ATTEMPTS)),
    Table(_facts, _insert(_FACTS)),
    Table(_order_books, _update_each(_ORDER_BOOKS)),
    Table(lambda saving: to_audit.rows(saving.changes), to_audit.write),
    Table(_refunds, _upsert(_REFUNDS)),
    Table(lambda saving: amended.rows(saving.id, saving.changes.amendments), _insert(amended.INSERT)),
    Table(lambda saving: saving.changes.mirrored, mirrored.store),
    # From here on rows that processes share: the installation's first, so that no two wait for each other.
    Table(_account, lambda tx, rows, now: tx.each(_ACCOUNT, rows[:1])),
    Table(_numbers, lambda tx, rows, now: order_numbers.take(tx, rows)),
    Table(_takes, lambda tx, rows, now: order_numbers.wait(tx)),
    Table(lambda saving: saving.changes.moves, lambda tx, rows, now: stock.take(tx, rows)),
    Table(lambda saving: saving.changes.bookings, lambda tx, rows, now: quotas.take(tx, rows)),
    Table(lambda saving: saving.changes.switches, product_switch.write),
    Table(lambda saving: saving.changes.notices, notices.add),
    Table(lambda saving: invoice_numbers.due(saving.id, saving.changes.invoices), invoice_numbers.issue),
    # After the invoices, whose numbers they tell.
    Table(lambda saving: hook_events.rows(saving.id, saving.changes.hooks), hook_events.add),
    Table(_forgotten, forgetting.erase),
)
"""Every kind of change, in the order in which they are written."""


def rows_of(saving: Saving) -> list[Rows]:
    """Return the rows of a change set for each of `TABLES`.

    Raises ValueError or TypeError for a value that cannot be stored, and ValueError if an event has no
    answer: it would be stepped again for ever.
    """
    if {r.number for r in saving.changes.results} != {e.number for e in saving.given.events}:
        raise ValueError("a step must answer each of its events, and no other")
    found = [list(table.rows(saving)) for table in TABLES]
    for rows in found:
        for row in rows:
            if isinstance(row, tuple):
                check(row)
    return found


async def write(tx: Transaction, batch: Sequence[list[Rows]], now: int) -> None:
    """Write the rows of all change sets. Raises SoldOut if another transaction took the last pieces."""
    for table, *parts in zip(TABLES, *batch, strict=True):
        if rows := [row for part in parts for row in part]:
            await table.write(tx, rows, now)


def error_text(error: Exception) -> str:
    """Return the end of the traceback of `error`, which says what went wrong, as text for a column."""
    return "".join(traceback.format_exception(error)).replace("\x00", "")[-_ERROR:]


async def park(tx: Transaction, number: int, error: str, now: int) -> None:
    """Park event `number`, with its error, for a person."""
    await tx.fetch(
        "UPDATE inbox SET state = 'parked', error = $2, handled_at = $3 WHERE id = $1", number, error, now
    )
