"""What the page of one chat shows, as values. Pure but for `read`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from bot.console.bubbles import Tick
from bot.console.said import Act
from bot.moment_words import in_words, without_doubles
from bot.whatsapp import window
from bot.whatsapp.channel import WHATSAPP
from bot.whatsapp.limits import LIMITS
from flows.engine import events
from flows.messages.kinds import Sendable, TemplateMessage, from_json
from payments.processing.step_input import EventKind
from payments.shop.handover import WRITTEN
from storage.database.queues import InboxState, OutboxState
from storage.database.records import Records
from storage.inbox.arrivals import conversation_number
from storage.reports import chats
from storage.reports.chats import DeskChat
from storage.reports.timeline import EFFECTS, Story, Subject, TimelineEntry, story, subjects

FIRST: Final = 80
"""Events that are read of a chat at first."""
MOST: Final = 1000
"""Events that are read at most."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the customer did."""

    at: int
    """Milliseconds since 1970, UTC."""
    event: Act


@dataclass(frozen=True, slots=True)
class Sent:
    """What the shop said."""

    at: int
    message: Sendable
    tick: Tick
    by: str
    """Who of the staff wrote it; empty for the bot."""
    error: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that this program cannot read any more, or that is erased."""

    at: int
    what: str


@dataclass(frozen=True, slots=True)
class Steps:
    """What happened between two messages, and why, line by line."""

    at: int
    lines: tuple[str, ...]
    entered: str
    """The state in which the chat was after it; empty if it stayed where it was."""


@dataclass(frozen=True, slots=True)
class Note:
    """What everybody wants to see: an order was placed, a person took the chat over."""

    at: int
    said: str


@dataclass(frozen=True, slots=True)
class Parked:
    """An event that could not be handled, and waits for a person."""

    at: int
    number: int
    what: str
    error: str


Item: TypeAlias = Said | Sent | Unreadable | Steps | Note | Parked


@dataclass(frozen=True, slots=True)
class OneChat:
    """A chat with all that is known of it."""

    chat: DeskChat
    items: Mapping[str, Item]
    """By a key that stays, oldest first."""
    orders: tuple[Mapping[str, Any], ...]
    cut: bool
    """Whether there are earlier events."""
    is_forgotten: bool

    def closes_at(self) -> int | None:
        """Return when WhatsApp takes no text any more, in milliseconds since 1970; None if it takes none."""
        heard = self.chat.heard_at
        return None if heard is None or self.is_forgotten else heard + LIMITS.window


async def read(records: Records, public: str, limit: int, seen: Callable[[Story], Story]) -> OneChat:
    """Return the chat with this public id and its newest `limit` events, its story as `seen` returns it.

    Raises LookupError, StorageError.
    """
    if conversation_number(records.installation, public) is None:
        raise LookupError(f"there is no chat {public}")
    numbers = [subject.conversation for subject in await subjects(records, public, ()) if not subject.order]
    found = await chats.of(records, numbers, WHATSAPP.naming)
    if not found:
        raise LookupError(f"there is no chat {public}")
    told_of = seen(await story(records, Subject(numbers[0]), limit))
    return OneChat(
        chat=found[0],
        items=dict(_items(told_of)),
        orders=told_of.orders,
        cut=told_of.cut,
        is_forgotten=told_of.forgotten_at is not None,
    )


def _items(told_of: Story) -> Iterator[tuple[str, Item]]:
    """Yield the items of a story, oldest first; the steps between two others are one."""
    answers = {one.cause for one in told_of.moments if one.about.get("name") == WRITTEN}
    by_staff = [one for one in told_of.moments if _by_staff(one) and one.cause in answers]
    writers = {one.cause: str(one.about["body"].get("by") or "") for one in by_staff}
    heard: int | None = None
    steps: tuple[str, Steps] | None = None
    for one in without_doubles(_in_time(told_of)):
        if _is_to_come(one):
            continue
        if one.what == EventKind.CHAT:
            heard = one.at
        for key, item in _of(one, writers, heard):
            if isinstance(item, Steps):
                steps = (key, item) if steps is None else (steps[0], _joined(steps[1], item))
                continue
            if steps is not None:
                yield steps
                steps = None
            yield key, item
    if steps is not None:
        yield steps


def _in_time(told_of: Story) -> Sequence[TimelineEntry]:
    """Return the moments from the first event on: a story has all orders, also those from before a cut."""
    first = min((one.at for one in told_of.moments if one.what not in EFFECTS), default=0)
    return [one for one in told_of.moments if one.at >= first] if told_of.cut else told_of.moments


def _by_staff(one: TimelineEntry) -> bool:
    return one.what == EventKind.STAFF and isinstance(one.about["body"], dict)


def _is_to_come(one: TimelineEntry) -> bool:
    return one.about.get("state") == InboxState.PENDING and one.what in _LATER


_LATER: Final = frozenset({EventKind.TIMER, EventKind.POLL, EventKind.HANDOVER})


def _joined(first: Steps, then: Steps) -> Steps:
    return replace(first, lines=first.lines + then.lines, entered=then.entered or first.entered)


def _of(
    one: TimelineEntry, writers: Mapping[int | None, str], heard: int | None
) -> Iterator[tuple[str, Item]]:
    """Yield what one moment of the story becomes: what is seen of it, and then why."""
    key = f"{one.what}.{one.about.get('id') or one.about.get('key') or one.cause}"
    lines = in_words(one)
    if one.what == "message":
        yield key, _sent(one, writers.get(one.cause, ""), heard)
        return
    if one.what == EventKind.CHAT:
        yield key, _said(one, lines)
    if one.about.get("state") == InboxState.PARKED:
        yield f"{key}.parked", _parked(one, lines)
        return
    noted = one.what == "order" or (_by_staff(one) and one.cause not in writers)
    if noted:
        yield key, Note(one.at, lines[0])
    if why := lines[1:] if noted or one.what == EventKind.CHAT else lines:
        yield f"{key}.why", Steps(one.at, tuple(why), _entered(one))


def _entered(one: TimelineEntry) -> str:
    entered = [entry["entered"][-1] for entry in one.about.get("trace") or () if entry.get("entered")]
    return str(entered[-1]) if entered else ""


def _parked(one: TimelineEntry, lines: Sequence[str]) -> Parked:
    # The lines are: what it was, why it was parked, what to do about it in a shell.
    return Parked(one.at, one.about["id"], lines[0], str(one.about["error"]).strip().rpartition("\n")[2])


def _said(one: TimelineEntry, lines: Sequence[str]) -> Said | Unreadable:
    try:
        event = events.from_json(one.about["body"]["event"])
    except (KeyError, TypeError):
        return Unreadable(one.at, lines[0])
    return Said(one.at, event) if isinstance(event, Act) else Unreadable(one.at, lines[0])


def _sent(one: TimelineEntry, by: str, heard: int | None) -> Sent | Unreadable:
    try:
        message = _shown(from_json(one.about["payload"]), one, heard)
    except (KeyError, TypeError, ValueError):
        return Unreadable(one.at, str(one.about["name"]))
    error = str(one.about["error"] or "")
    return Sent(one.at, message, _tick(one.about), by if one.about["name"] == WRITTEN else "", error)


def _shown(message: Sendable, one: TimelineEntry, heard: int | None) -> Sendable:
    """Return what the customer got: the template of the message, if it went when the window was closed."""
    if isinstance(message, TemplateMessage) or message.fallback is None or heard is None:
        return message
    went = one.about["finished_at"]
    return message.fallback if went is not None and window.is_closed(heard, went) else message


def _tick(entry: Mapping[str, Any]) -> Tick:
    """Return how far a message has come: a receipt of WhatsApp's, else what became of it here."""
    receipt = _RECEIPTS.get(entry["receipt"] or "")
    return receipt or _STATES.get(entry["state"], Tick.WAITS)


_RECEIPTS: Final = {
    "sent": Tick.SENT, "delivered": Tick.DELIVERED, "read": Tick.READ, "played": Tick.READ,
    "failed": Tick.FAILED,
}  # fmt: skip
_STATES: Final = {
    OutboxState.DONE: Tick.SENT, OutboxState.FAILED: Tick.FAILED, OutboxState.SUPERSEDED: Tick.LEFT_OUT,
}  # fmt: skip
