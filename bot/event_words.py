"""Says in words what came to the bot, and what it decided and why. Masks nothing."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from bot import staff_words
from flows.engine.going_over import VERSION
from flows.engine.traced import said_place
from flows.messages import replies

PREVIEW: Final = 70
"""Maximum characters shown of a text."""

About: TypeAlias = Mapping[str, Any]


def came(kind: str, body: About) -> str:
    """Return what an event of this kind is: `customer tapped "Confirm order" (confirm)`."""
    return _SUMMARIES.get(kind, _other)(body)


def _chat(body: About) -> str:
    event = body.get("event") or {}
    match event.get("kind"):
        case "text":
            return f'customer wrote "{cut(event["text"])}"'
        case "tap":
            return f'customer tapped "{cut(event["title"])}" ({_asked(event["id"])})'
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
    return f"{body.get('by') or 'the staff'} {cut(did)}{seen}"


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


def decision(entry: About) -> Iterator[str]:
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


def cut(text: str, length: int = PREVIEW) -> str:
    """Return `text` on one line, cut to `length` characters."""
    line = " ".join(text.split())
    return line if len(line) <= length else f"{line[: length - 1]}…"
