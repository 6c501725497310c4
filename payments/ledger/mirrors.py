"""Mirrors: an order's copy in the shop's other system, and what has to be done about it next. Pure.

An order is copied when its goods become due. The copy follows it from then on: it is marked as paid when cash
comes, and cancelled when the goods are not due any more. Nothing waits for it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, TypeAlias

from payments.ledger.state import OrderState
from payments.shop.amendments import Amendment
from payments.shop.orders import Lifecycle

LOOK_AFTER: Final = (60_000, 300_000)
"""Milliseconds after a call of unknown outcome at which the copy is looked for. The other system may find an
order by our key only some time after it was made; only if no look finds it, it is made again."""

LOOK_AGAIN: Final = 3_600_000
"""Milliseconds after a copy was made though another may be there, at which both would be found."""


class MirrorState(StrEnum):
    """How far the copy of an order is."""

    WANTED = "wanted"
    """It is not made."""
    ASKED = "asked"
    """The call that makes it has begun, and its outcome is not known."""
    MADE = "made"
    FAILED = "failed"
    """The other system refuses it; a person has to see why."""


class CopyStatus(StrEnum):
    """What the other system was last told of the order."""

    PENDING = "pending"
    """The goods are due, and cash is to come."""
    PAID = "paid"
    CANCELLED = "cancelled"
    GONE = "gone"
    """Nothing: it is cancelled or deleted there though the goods are due, and a person was told."""


@dataclass(frozen=True, slots=True)
class Mirror:
    """The copy of one order, as far as we know. Times are milliseconds since 1970, UTC."""

    order_key: str
    state: MirrorState = MirrorState.WANTED
    copy_id: str | None = None
    """The other system's id of the copy; None until it is made."""
    told: CopyStatus | None = None
    """None until it is made."""
    amendments: int = 0
    """How many amendments of the order it follows, or people were asked to have it follow."""
    asked_at: int = 0
    """When the last call that makes it began; 0 unless its outcome is not known."""
    looks: int = 0
    """How many looks since then found nothing."""
    failures: int = 0
    """Failures in a row."""
    failing_since: int = 0
    """When the first of them was."""
    seen_id: str | None = None
    """The id that the other system gave in its own news of a copy, while its call has no answer."""
    recheck: bool = False
    """Whether there was news of the copy since it was read last."""
    restock: bool = False
    """Whether the goods of a cancelled order lie on the shelf again."""
    doubted_at: int = 0
    """When it was to be made though another copy may be there that was not found; 0 if there is none."""

    def made(self, copy_id: str, told: CopyStatus) -> "Mirror":
        """Return it as made, or found, with the id and the status that the other system has."""
        return replace(self.unmade(MirrorState.MADE), copy_id=copy_id, told=told)

    def asked(self, now: int) -> "Mirror":
        """Return it as it is stored before the call that makes it."""
        return replace(self, state=MirrorState.ASKED, asked_at=now, looks=0)

    def unmade(self, state: MirrorState = MirrorState.WANTED) -> "Mirror":
        """Return it after a call that surely made nothing."""
        return replace(self, state=state, asked_at=0, looks=0, seen_id=None)

    def not_found(self, now: int) -> "Mirror":
        """Return it after a look that found nothing: to be made again after the last one."""
        looked = replace(self, looks=self.looks + 1)
        return looked.unmade().doubted(now) if looked.looks == len(LOOK_AFTER) else looked

    def doubted(self, now: int) -> "Mirror":
        """Return it as one that is made though another copy may be there."""
        return replace(self, doubted_at=now)

    def not_seen(self) -> "Mirror":
        """Return it after what the other system said is there was not: it is looked for as ever."""
        return replace(self, seen_id=None)

    def failed(self, now: int) -> "Mirror":
        """Return it after one more failure."""
        return replace(self, failures=self.failures + 1, failing_since=self.failing_since or now)

    def succeeded(self) -> "Mirror":
        """Return it after an answer."""
        return replace(self, failures=0, failing_since=0)


@dataclass(frozen=True, slots=True)
class Create:
    """Make the copy."""


@dataclass(frozen=True, slots=True)
class LookUp:
    """Look for a copy that an earlier call may have made: the only one, or another."""


@dataclass(frozen=True, slots=True)
class Read:
    """Read the copy `copy_id`, which the other system says is there."""

    copy_id: str


@dataclass(frozen=True, slots=True)
class Change:
    """Make the copy `copy_id` say `status`, and follow the amendments `new`."""

    copy_id: str
    status: CopyStatus
    new: tuple[Amendment, ...]


@dataclass(frozen=True, slots=True)
class Rest:
    """Do nothing until `until` (milliseconds since 1970, UTC); None: until the order changes."""

    until: int | None = None


Task: TypeAlias = Create | LookUp | Read | Change | Rest


def status_of(order: OrderState) -> CopyStatus:
    """Return what the copy of `order` should say."""
    if not order.goods_due:
        return CopyStatus.CANCELLED
    return CopyStatus.PENDING if order.lifecycle is Lifecycle.PROMISED else CopyStatus.PAID


def next_task(mirror: Mirror, order: OrderState, now: int) -> Task:
    """Return what to do about the copy of `order` at `now`."""
    if mirror.copy_id is not None:
        change = _change(mirror, mirror.copy_id, order)
        doubts = mirror.doubted_at and isinstance(change, Rest)
        return _look(mirror.doubted_at + LOOK_AGAIN, now) if doubts else change
    if mirror.state is MirrorState.ASKED:
        if mirror.seen_id is not None:
            return Read(mirror.seen_id)
        return _look(mirror.asked_at + LOOK_AFTER[mirror.looks], now)
    return Create() if order.goods_due else Rest()


def _look(at: int, now: int) -> LookUp | Rest:
    return LookUp() if at <= now else Rest(at)


def _change(mirror: Mirror, copy_id: str, order: OrderState) -> Task:
    status, new = status_of(order), order.amendments[mirror.amendments :]
    if mirror.told is CopyStatus.GONE and status is not CopyStatus.CANCELLED:
        return Rest()
    differs = new or mirror.recheck or status is not mirror.told
    return Change(copy_id, status, new) if differs else Rest()


@dataclass(frozen=True, slots=True)
class Concerned:
    """An order whose copy may have to be made or changed."""

    order_key: str
    is_new: bool = False
    """Whether its goods became due now. The others have a copy already, or are to have none."""
    restock: bool = False
    """As in `Mirror`."""


def concerned(
    before: Mapping[str, OrderState],
    after: Mapping[str, OrderState],
    amended: Iterable[str],
    shelved: Collection[str] = (),
) -> Iterator[Concerned]:
    """Yield the orders whose copies may have to be made or changed after a step.

    `after`: the orders that it changed; `amended`: the keys of those that it amended; `shelved`: of those
    that it called off, and whose goods can be sold again.
    """
    changed = set(amended)
    for key, order in after.items():
        was_due = key in before and before[key].goods_due
        if order.goods_due:
            yield Concerned(key, is_new=not was_due)
        elif was_due or key in changed:
            yield Concerned(key, restock=key in shelved)
    yield from (Concerned(key) for key in changed.difference(after))
