"""Says in words what is in a story: what came and was decided, said, asked and learned. Masks nothing."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from bot.amounts import shown
from bot.event_words import PREVIEW, About, came, cut, decision
from payments.processing.step_input import EventKind
from payments.shop.orders import CURRENCY, is_card
from storage.database.queues import InboxState, Lane, OutboxState
from storage.reports.timeline import TimelineEntry


def in_words(moment: TimelineEntry) -> list[str]:
    """Return what happened and, below it, its details; nothing for what nobody need read of."""
    return list(_FORMATTERS.get(moment.what, _event)(moment.about))


def _event(event: About) -> Iterator[str]:
    """Yield lines about an inbox row: what arrived, what was decided and why."""
    if event["kind"] == EventKind.POLL and event["state"] == InboxState.IGNORED:
        return
    summary = came(event["kind"], event["body"])
    yield f"{summary}{_STATES.get(event['state'], '')}  [event {event['id']}]"
    for entry in event["trace"] or ():
        yield from decision(entry)
    if event["state"] == InboxState.PARKED:
        yield f"error: {event['error'].strip().rpartition(chr(10))[2]}"
        yield f"mend what this says, then: munshi replay {event['id']}"


_STATES: Final[Mapping[str, str]] = {
    InboxState.PENDING: ", which waits",
    InboxState.IGNORED: ", without effect",
    InboxState.KEPT: ", kept and not acted on",
    InboxState.PARKED: ", PARKED",
}


def _order(order: About) -> Iterator[str]:
    lines = ", ".join(f"{quantity} × {name}" for _, name, quantity, *_ in order["lines"])
    amount = shown(order["total"], order["currency"])
    yield f"order #{order['number']} ({order['key']}) placed: {lines}, {amount}"


def _fact(fact: About) -> Iterator[str]:
    detail = fact["detail"] or {}
    why = [
        str(detail[name]) for name in ("method", "mismatch", "error_reason", "payment_id") if detail.get(name)
    ]
    details = f" ({', '.join(why)})" if why else ""
    amount = shown(fact["amount"], fact["currency"])
    yield (
        f"learned: {fact['entity']} {fact['entity_id']} {fact['state']}, {amount}{details}"
        f"  [from event {fact['learned_from']}{', erased' if fact['erased'] else ''}]"
    )


def _refund(refund: About) -> Iterator[str]:
    amount = shown(refund["amount"], CURRENCY)
    yield f"refund {refund['key']} of {amount}, {refund['reason']}: now {refund['status']}"


def _message(entry: About) -> Iterator[str]:
    yield f'said {entry["name"]} "{cut(_words(entry["payload"] or {}))}": {_outcome(entry)}'
    yield from _error(entry)


def _words(payload: About) -> str:
    """Return the text of a stored message: its body or caption, or a template's values; else what it is."""
    if not payload:
        return ""
    words = payload.get("body") or payload.get("caption") or ", ".join(payload.get("values") or ())
    return words or f"[{payload.get('kind', '')}]"


def _call(entry: About) -> Iterator[str]:
    payload = entry["payload"] or {}
    key = payload.get("reference_id") or payload.get("key")
    yield f"asked Razorpay: {entry['name']} {key}: {_outcome(entry)}"
    yield from _error(entry)


def _outcome(entry: About) -> str:
    """Return the outcome of an outbox entry, and its number of tries if over one."""
    done = "accepted" if entry["lane"] == Lane.CHAT else "answered"
    left_out = "superseded: newer answers were to be sent"
    state = {OutboxState.DONE: done, OutboxState.PENDING: "waits", OutboxState.SUPERSEDED: left_out}
    outcome = entry["receipt"] or state.get(entry["state"], entry["state"])
    tries = f", {entry['attempts']} tries" if entry["attempts"] > 1 else ""
    return f"{outcome}{tries}"


def _error(entry: About) -> Iterator[str]:
    if entry["error"]:
        yield f"error: {cut(entry['error'], 4 * PREVIEW)}"


_FORMATTERS: Final[Mapping[str, Callable[[About], Iterator[str]]]] = {
    "order": _order,
    "fact": _fact,
    "refund": _refund,
    "message": _message,
    "call": _call,
}


def without_doubles(moments: Sequence[TimelineEntry]) -> Iterator[TimelineEntry]:
    """Yield `moments` without the timers that could do nothing, as each visit of a state starts its own."""
    newest: dict[tuple[str, str], int] = {}
    for one in moments:
        if one.what == EventKind.TIMER and (body := one.about["body"]):
            key = body["state"], body["timer"]
            newest[key] = max(newest.get(key, 0), body["visit"])
    for one in moments:
        body = one.about["body"] if one.what == EventKind.TIMER else None
        idle = one.about.get("state") in (InboxState.PENDING, InboxState.IGNORED)
        if not (body and idle and body["visit"] < newest[body["state"], body["timer"]]):
            yield one


def order_state(order: About) -> Iterator[str]:
    amounts = [
        f"{shown(order[name], order['currency'])} {name}" for name in ("fulfilled", "held") if order[name]
    ]
    by = f" (by {order['stage_by']})" if order["stage_by"] else ""
    stage = [f"{order['stage']}{by}"] if order["stage"] else []
    yield ", ".join([f"order #{order['number']}: {order['payment']}, {order['lifecycle']}", *stage, *amounts])
    if order["held_for"]:
        yield f"  held for {order['held_for']}"
    for attempt in order["attempts"]:
        what = "card" if is_card(attempt["reference_id"]) else "link"
        yield f"  {what} {attempt['reference_id']}: {attempt['status']} {attempt['short_url'] or ''}".rstrip()
