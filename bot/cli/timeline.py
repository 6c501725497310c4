"""Formats a story from the database as lines of text. Masks nothing: `why` has done that."""

from collections.abc import Iterator
from datetime import datetime

from bot.cli.shop_zone import shop_zone
from bot.clock import SystemClock
from bot.moment_words import in_words, order_state, without_doubles
from storage.reports.timeline import Story


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
    for moment in without_doubles(story.moments):
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


def _local(milliseconds: int) -> datetime:
    """Convert milliseconds since 1970, UTC, to the shop's time zone."""
    return datetime.fromtimestamp(milliseconds / 1000, shop_zone())
