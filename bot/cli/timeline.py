"""Formats a story from the database as lines of text. Masks nothing: `why` has done that."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from bot.cli.shop_zone import shop_zone
from bot.clock import SystemClock
from bot.moment_words import in_words, order_state
from payments.processing.step_input import EventKind
from storage.database.queues import InboxState
from storage.reports.timeline import Story, TimelineEntry


def lines(story: Story) -> Iterator[str]:
    """Yield lines: the customer, what happened in order of time, and the current state."""
    names = ", ".join(f"{kind} {value}" for kind, value in story.aliases)
    yield f"customer {story.conversation} ({names or 'known by no name'})"
    yield f"times are {_local(SystemClock().now()):%Z (UTC%z)}"
    if story.cut:
        yield "… what happened earlier is left out"
    if story.forgotten_at is not None:
        at = _local(story.forgotten_at)
        yield f"this customer was forgotten on {at:%Y-%m-%d %H:%M:%S}: their chat is erased"
    elif story.erased:
        yield "… what is older than the time for which chats are kept (MUNSHI_KEEP_CHATS) is erased"
    day = ""
    for moment in _without_doubles(story.moments):
        described = in_words(moment)
        if not described:
            continue
        at = _local(moment.at)
        if (today := f"{at:%Y-%m-%d}") != day:
            day = today
            yield from ("", day)
        yield f"{at:%H:%M:%S}  {described[0]}"
        yield from (f"          {line}" for line in described[1:])
    yield from ("", "now")
    yield f"  in state {story.state or '(none yet)'}"
    for order in story.orders:
        yield from (f"  {line}" for line in order_state(order))


def _without_doubles(moments: Sequence[TimelineEntry]) -> Iterator[TimelineEntry]:
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


def _local(milliseconds: int) -> datetime:
    """Convert milliseconds since 1970, UTC, to the shop's time zone."""
    return datetime.fromtimestamp(milliseconds / 1000, shop_zone())
