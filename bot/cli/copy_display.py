"""An order's copy at Shopify as a person of the shop reads it."""

from datetime import datetime
from typing import Final

from bot.cli.shop_zone import shop_zone
from bot.counted import counted
from payments.ledger.mirrors import CopyStatus, Mirror, MirrorState
from storage.outbox.mirrors import OpenMirror


def stands(one: OpenMirror) -> str:
    """Return how the copy of an order stands, in words: what is there, what failed, when it is tried next."""
    if one.mirror.state is MirrorState.WANTED and one.due_at is None:
        return "none is made there: the order ended before"
    parts = [_words(one.mirror)]
    if one.mirror.failures and one.error:
        parts.append(f"{counted(one.mirror.failures, 'failure')}, the last: {one.error}")
    if one.due_at is not None:
        what = "next try" if one.mirror.failures else "looked at again"
        parts.append(f"{what} {datetime.fromtimestamp(one.due_at // 1000, shop_zone()):%Y-%m-%d %H:%M %Z}")
    return "; ".join(parts)


def _words(mirror: Mirror) -> str:
    if mirror.told is None:
        return _MADE[mirror.state]
    return f"{_THERE[mirror.told]} ({mirror.copy_id})"


_MADE: Final = {
    MirrorState.WANTED: "not there yet",
    MirrorState.ASKED: "asked for, and looked for there",
    MirrorState.MADE: "there",
    MirrorState.FAILED: "refused",
}
_THERE: Final = {
    CopyStatus.PENDING: "there, its payment pending",
    CopyStatus.PAID: "there, paid",
    CopyStatus.CANCELLED: "there, cancelled",
    CopyStatus.GONE: "cancelled or deleted there, though its goods are due here",
}
