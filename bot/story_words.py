"""What a moment of a story says, as lines of text: what arrived, what was decided and why, what was said.

Masks nothing.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from bot import staff_words
from bot.order_words import shown
from flows.engine.going_over import VERSION
from flows.engine.traced import said_place
from flows.messages import replies
from payments.processing.step_input import EventKind
from payments.shop.orders import CURRENCY
from storage.database.queues import InboxState, Lane, OutboxState
from storage.reports.timeline import TimelineEntry

_PREVIEW: Final = 70
"""Maximum characters shown of a text."""

About: TypeAlias = Mapping[str, Any]


def told(moment: TimelineEntry) -> list[str]:
    """Return what happened, in its first line, and why in those below; nothing of what has no meaning."""
    return list(_FORMATTERS.get(moment.what, _event)(moment.about))


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


def _event(event: About) -> Iterator[str]:
    """Yield lines about an inbox row: what arrived, what was decided and why."""
    if event["kind"] == EventKind.POLL and event["state"] == InboxState.IGNORED:
        return
    summary = _SUMMARIES.get(event["kind"], _other)(event["body"])
    yield f"{summary}{_STATES.get(event['state'], '')}  [event {event['id']}]"
    for entry in event["trace"] or ():
        yield from _decision(entry)
    if event["state"] == InboxState.PARKED:
        yield f"error: {event['error'].strip().rpartition(chr(10))[2]}"
        yield f"mend what this says, then: munshi replay {event['id']}"


_STATES: Final[Mapping[str, str]] = {
    InboxState.PENDING: ", which waits",
    InboxState.IGNORED: ", without effect",
    InboxState.KEPT: ", kept and not acted on",
    InboxState.PARKED: ", PARKED",
}


def _chat(body: About) -> str:
    event = body.get("event") or {}
    match event.get("kind"):
        case "text":
            return f'customer wrote "{_cut(event["text"])}"'
        case "tap":
            return f'customer tapped "{_cut(event["title"])}" ({_asked(event["id"])})'
        case _:
            return f"customer sent {event.get('what', 'something')}"


def _asked(reply_id: str) -> str:
    """Return what a tap asks for: a trigger with its value, or a page of a list."""
    match replies.decode(reply_id):
        case None:
            return "not ours"
        case replies.PageId(message=message, page=page):
            return f"page {page} of {message}"
        case replies.ReplyId(trigger=trigger, value=value):
            return f"{trigger} {value}".rstrip()


def _facts(body: About) -> str:
    return f"Razorpay told {body.get('event') or 'something'}"


def _result(body: About) -> str:
    fields = body.get("fields") or {}
    details = [str(fields[name]) for name in ("reference_id", "key", "status", "reason") if fields.get(name)]
    return f"Razorpay answered {body.get('name')}" + (f" ({', '.join(details)})" if details else "")


def _timer(body: About) -> str:
    return f"timer '{body.get('timer')}' of {body.get('state')}"


def _poll(body: About) -> str:
    return f"time to ask Razorpay about {body.get('reference_id')}"


def _request(body: About) -> str:
    items = [f"{item['quantity']} × {item['sku']}" for item in body.get("items") or ()]
    return f"order asked for over the API: {', '.join(items) or 'what is in the cart'}"


def _receipt(body: About) -> str:
    return f"WhatsApp told that a message was {body.get('status')}"


def _staff(body: About) -> str:
    did = staff_words.in_words(str(body.get("verb") or ""), str(body.get("value") or ""))
    seen = f", seen as {body['expected']}" if body.get("expected") else ""
    return f"{body.get('by') or 'the staff'} {_cut(did)}{seen}"


def _handover(body: About) -> str:
    return "time to see whether the person who has the chat is done"


def _offer(body: About) -> str:
    return f"the offer '{body.get('message')}' came to this customer (broadcast {body.get('broadcast')})"


def _preference(body: About) -> str:
    return f"customer {'stopped' if body.get('stopped') else 'allowed'} offers in WhatsApp's settings"


def _joined(body: About) -> str:
    return f"this customer turned out to be {body.get('conversation')} too, whose chat goes on here"


def _forget(body: About) -> str:
    return f"the {body.get('by')} asked that this customer be forgotten"


def _other(body: About) -> str:
    return f"came, and was not for us: {body.get('reason') or body.get('event') or 'no reason'}"


_SUMMARIES: Final[Mapping[str, Callable[[About], str]]] = {
    "chat": _chat,
    "facts": _facts,
    "result": _result,
    "timer": _timer,
    "poll": _poll,
    "request": _request,
    "staff": _staff,
    "handover": _handover,
    "preference": _preference,
    "offer": _offer,
    "receipt": _receipt,
    "joined": _joined,
    "forget": _forget,
}


def _decision(entry: About) -> Iterator[str]:
    """Yield lines about one entry of a trace: the rules passed over, and the one that was taken."""
    for passed in entry.get("passed", ()):
        yield f"passed  {passed['rule']}, {said_place(passed)}: {passed['because']}"
    if taken := entry.get("taken"):
        yield f"took    {taken['rule']}, {said_place(taken)}{_effects(entry)}"
    elif page := entry.get("page"):
        yield f"showed  page {page}, or the last that there was{_effects(entry)}"
    elif entry.get("forgotten"):
        yield "erased name, chat and cart; orders and money stay"
    elif entry.get("event") == "staff" and entry.get("stage"):
        yield f"now {entry['stage']}"
    elif entry.get("event") == "joined":
        yield from _took_over(entry)
    elif entry.get("event") == VERSION:
        yield _version(entry)
    elif entry.get("ended") or "forwarded" in entry:
        yield _person(entry)
    elif entry.get("unanswered"):
        yield f"nobody answers {entry['event']} in {entry['state']}"
    elif reason := entry.get("refused") or entry.get("ignored"):
        yield f"not taken: {reason}"
    elif entry.get("about") and entry.get("did"):
        yield f"told {', '.join(entry['did'])} to the chat {entry['about']}"


def _took_over(entry: About) -> Iterator[str]:
    if entry.get("took"):
        yield f"took over its {entry['took']}"
    if entry.get("ended"):
        yield f"ended its order #{entry['ended']}, the older one"


def _version(entry: About) -> str:
    if because := entry.get("stays"):
        kept = "can't be read any more, so the chat starts again" if entry.get("unreadable") else "goes on"
        return f"version {entry['from']} {kept}, and not {entry['to']}: {because}"
    moved = (
        f": {entry['state']} → {entry['entered'][-1]}" if entry.get("entered") else f", in {entry['state']}"
    )
    by = f" (migrate, {said_place(entry)})" if entry.get("line") else ""
    return f"went over from version {entry['from']} to {entry['to']}{moved}{by}"


def _person(entry: About) -> str:
    if entry.get("ended"):
        return f"the bot has the chat again ({entry['ended']})"
    return f"held for a person: went to {entry['forwarded']} of the staff"


def _effects(entry: About) -> str:
    parts = [f": {entry['state']} → {entry['entered'][-1]}" if entry.get("entered") else ""]
    effects = ("did", "said", "unsaid", "told", "untold")
    parts += [f"; {name} {', '.join(entry[name])}" for name in effects if entry.get(name)]
    parts += [f"; {name}: {entry[name]}" for name in ("instead", "ignored") if entry.get(name)]
    parts += ["; undone: nobody would have seen it" if entry.get("undone") else ""]
    parts += ["; aside: the chat is about another order" if entry.get("aside") else ""]
    return "".join(parts)


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
    yield f'said {entry["name"]} "{_cut(_words(entry["payload"] or {}))}": {_outcome(entry)}'
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
        yield f"error: {_cut(entry['error'], 4 * _PREVIEW)}"


_FORMATTERS: Final[Mapping[str, Callable[[About], Iterator[str]]]] = {
    "order": _order,
    "fact": _fact,
    "refund": _refund,
    "message": _message,
    "call": _call,
}


def _cut(text: str, length: int = _PREVIEW) -> str:
    """Return `text` on one line, cut to `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
