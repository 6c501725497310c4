"""Copies orders to Shopify and keeps the copies up to date, beside everything else."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final, assert_never

import structlog

from bot.context import Context
from bot.ingest import sent_there
from bot.log import mask
from bot.workers import mirror_notices
from bot.workers.mirror_amendments import even, follow, give_back
from bot.workers.rounds import Rounds
from payments.ledger.mirrors import (
    LOOK_AFTER,
    Change,
    CopyStatus,
    Create,
    LookUp,
    Mirror,
    MirrorState,
    Read,
    Rest,
    next_task,
)
from payments.ledger.state import OrderState
from payments.processing.notice import Notice
from payments.shop.catalogue import Shop
from payments.shopify.answers import Copy
from payments.shopify.client import CALL_SECONDS, ShopifyClient
from payments.shopify.errors import Reason, ShopifyError, UserErrors
from payments.shopify.requests import Buyer, Copying
from storage.outbox.mirrors import ClaimedMirror, Tried

LOOK_SECONDS: Final = 1.0
"""Seconds between two looks whether a copy is due."""
AT_ONCE: Final = 4
"""Maximum copies that one process works on."""
CALLS: Final = 6
"""Maximum calls for one copy: a look, a customer and the order, the last two twice, and a new token."""
LEASE: Final = 2 * CALLS * int(CALL_SECONDS) * 1000
"""Milliseconds: longer than performing a copy and storing its outcome takes."""
CANCELLED_AFTER: Final = 60_000
"""Milliseconds after which a copy that was to be cancelled is cancelled, or never will be."""
CANCEL_AGAIN: Final = 3_600_000
"""Milliseconds between later tries to cancel it, for a day: what keeps it may be gone by then."""
DAY: Final = 86_400_000
_REFUSED: Final = 3_600_000
"""Milliseconds after which a refused order is tried again: a person may have mended the cause."""
_NO_ACCESS: Final = 300_000
"""Milliseconds after which a refused token is tried again."""
_LONGEST_GAP: Final = 300_000
_JITTER_SHARE: Final = 0.25
_UNMADE: Final = {Reason.REFUSED: MirrorState.FAILED}

log = structlog.get_logger()


@dataclass(slots=True)
class _Attempt:
    """One try for one copy: what is known of it changes as the calls are made."""

    claimed: ClaimedMirror
    mirror: Mirror


class Mirrors:
    """Works on the copies that are due, until closed. Each process has one, if the shop has a store."""

    def __init__(self, context: Context, client: ShopifyClient, dice: random.Random) -> None:
        """`dice` is the source of the retries' jitter."""
        self._context, self._client, self._dice = context, client, dice
        self._rounds = Rounds()

    def close(self) -> None:
        """Begin no other copy; `run` ends after those that are being made."""
        self._rounds.close()

    async def run(self) -> None:
        """Work on whatever is due, until closed."""
        await self._rounds.run(self.copy_due, LOOK_SECONDS, "copies of orders were not looked at")

    async def copy_due(self) -> int:
        """Work on all that is due. Return how many copies that were."""
        done = 0
        while not self._rounds.closed:
            claimed = await self._context.store.mirrors.claim(self._context.clock.now(), AT_ONCE, LEASE)
            if not claimed:
                break
            await asyncio.gather(*map(self._try, claimed))
            done += len(claimed)
        return done

    async def _try(self, claimed: ClaimedMirror) -> None:
        attempt = _Attempt(claimed, claimed.mirror)
        try:
            async with asyncio.timeout(CALLS * CALL_SECONDS):
                tried = await self._perform(attempt)
        except ShopifyError as error:
            tried = self._failed(attempt, error)
        except TimeoutError:
            tried = self._failed(attempt, ShopifyError(Reason.LOST, "cut off"))
        except Exception as error:
            log.exception("the copy of an order failed unexpectedly", order=claimed.mirror.order_key)
            tried = self._failed(attempt, ShopifyError(Reason.LOST, mask(f"{type(error).__name__}: {error}")))
        if tried is None:
            return
        for notice in tried.notices:
            log.error("notice", kind=notice.kind, subject=notice.subject, mend=notice.said)
        try:
            await self._context.store.mirrors.record(claimed, tried, self._context.clock.now())
        except Exception:
            # It is due again when its lease ends; what was asked before is stored.
            log.exception("what became of the copy of an order was not recorded", order=claimed.order.key)

    async def _perform(self, attempt: _Attempt) -> Tried | None:
        """Do what is next for one copy. Return None if another worker has it meanwhile."""
        claimed = attempt.claimed
        task = next_task(attempt.mirror, claimed.order, self._context.clock.now())
        match task:
            case Rest():
                return Tried(attempt.mirror, task.until)
            case LookUp():
                return await self._found(attempt, await self._client.find(claimed.order.key))
            case Read():
                copy = await self._client.read(task.copy_id)
                found = [] if copy is None else [copy]
                return (
                    await self._adopt(attempt, found)
                    if found
                    else self._done(attempt.mirror.not_seen(), claimed)
                )
            case Create():
                return await self._create(attempt)
            case Change():
                return await self._change(attempt, task)
            case _:
                assert_never(task)

    async def _found(self, attempt: _Attempt, copies: list[Copy]) -> Tried:
        mirror, now = attempt.mirror, self._context.clock.now()
        if mirror.copy_id is not None:
            return self._others(attempt, copies)
        if copies:
            return await self._adopt(attempt, copies)
        return self._done(mirror.not_found(now), attempt.claimed)

    def _others(self, attempt: _Attempt, copies: list[Copy]) -> Tried:
        """See whether there is another copy than the one that is followed: both can be found by now."""
        mirror, order = attempt.mirror.doubted(0), attempt.claimed.order
        copies.sort(key=lambda copy: copy.id != mirror.copy_id)
        found = [mirror_notices.two_copies(order, copies)] if len(copies) > 1 else []
        return self._done(mirror, attempt.claimed, *found)

    async def _create(self, attempt: _Attempt) -> Tried | None:
        claimed, now, restored_at = attempt.claimed, self._context.clock.now(), attempt.claimed.restored_at
        # The lost books may have had it made a moment before: it is looked for once it can be found.
        if restored_at is not None and now < (until := restored_at + LOOK_AFTER[-1]):
            return Tried(attempt.mirror, until)
        is_old = restored_at is not None or now - claimed.wanted_at >= LOOK_AFTER[0]
        if is_old and (copies := await self._client.find(claimed.order.key)):
            return await self._adopt(attempt, copies)
        copying = await self._copying(claimed)
        asked = attempt.mirror.asked(now)
        if restored_at is not None:
            asked = asked.doubted(now)
        if not await self._context.store.mirrors.asked(claimed, asked):
            return None
        attempt.mirror = asked
        return await self._adopt(attempt, [await self._made(copying)])

    async def _made(self, copying: Copying) -> Copy:
        """Make the copy. If it is refused and its customer is known by now, make it once more, as theirs.

        Another order of theirs may have been copied at the same time, and a number belongs to one customer.
        """
        try:
            return await self._client.create(copying)
        except UserErrors:  # after any other error it may be there
            buyer = copying.buyer
            if not buyer.phone or buyer.customer_id:
                raise
            known = await self._client.customer(buyer.phone)
            if known is None:
                raise
        return await self._client.create(replace(copying, buyer=replace(buyer, customer_id=known)))

    async def _copying(self, claimed: ClaimedMirror) -> Copying:
        phone = f"+{claimed.phone}" if claimed.phone else ""
        known = await self._client.customer(phone) if phone else None
        return Copying(
            claimed.order, Buyer(claimed.name, phone, known), variants(self._context), paid_through="Razorpay"
        )

    async def _adopt(self, attempt: _Attempt, copies: list[Copy]) -> Tried:
        """Follow the oldest of `copies` from now on."""
        order, copy = attempt.claimed.order, copies[0]
        found = [mirror_notices.total_differs(order, copy.name, order.order.total, copy.total)]
        if len(copies) > 1:
            found.append(mirror_notices.two_copies(order, copies))
        await self._see_sent(order, copy)
        mirror = attempt.mirror.made(copy.id, copy.status)
        return self._done(mirror, attempt.claimed, *filter(None, found))

    async def _see_sent(self, order: OrderState, copy: Copy) -> None:
        """Move the goods if they were sent from Shopify, and the news of it named no copy that was known."""
        arrival = sent_there(order.order, order.stage) if copy.sent else None
        if arrival is not None:
            await self._context.store.arrive([arrival], self._context.clock.now())

    async def _change(self, attempt: _Attempt, task: Change) -> Tried:
        """Make the copy say what the order is. It is read first, so that nothing is done twice."""
        claimed, mirror = attempt.claimed, replace(attempt.mirror, recheck=False)
        copy = await self._client.read(task.copy_id)
        if task.status is CopyStatus.CANCELLED:
            return await self._call_off(claimed, mirror, copy)
        if copy is None or copy.status is CopyStatus.CANCELLED:
            gone = mirror_notices.gone(claimed.order, copy)
            return self._done(replace(mirror, told=CopyStatus.GONE), claimed, gone)
        await self._see_sent(claimed.order, copy)
        if task.status is CopyStatus.PAID and mirror.told is not CopyStatus.PAID:
            if copy.status is not CopyStatus.PAID:
                await self._client.mark_as_paid(task.copy_id)
            told = await even(self._client, claimed, copy)
            return self._done(replace(mirror, told=task.status), claimed, *told)
        found = list[Notice]()
        if task.status is CopyStatus.PENDING and copy.status is CopyStatus.PAID:
            found.append(mirror_notices.owed_again(claimed.order, copy))
        for amendment in task.new[:1]:  # each is stored as followed before the next one
            found += await follow(self._client, claimed, copy, amendment, variants(self._context))
            mirror = replace(mirror, amendments=mirror.amendments + 1)
        return self._done(replace(mirror, told=task.status), claimed, *found)

    async def _call_off(self, claimed: ClaimedMirror, mirror: Mirror, copy: Copy | None) -> Tried:
        """Cancel the copy, and record what goes back before: then Shopify takes it for sure."""
        followed = len(claimed.order.amendments)
        ended = replace(mirror, told=CopyStatus.CANCELLED, amendments=followed)
        if copy is None:
            return self._done(ended, claimed)
        paid = copy.status is not CopyStatus.PENDING
        news = mirror.told is not CopyStatus.CANCELLED or followed > mirror.amendments
        told = await give_back(self._client, claimed, copy) if paid and news else ()
        if copy.status is CopyStatus.CANCELLED:
            return self._done(ended, claimed, *told)
        asked_before, refusal = mirror.told is CopyStatus.CANCELLED, await self._cancel(claimed, copy)
        stands = asked_before or refusal is not None
        if stands:
            told = (*told, mirror_notices.not_cancelled(claimed.order, copy, refusal))
        now = self._context.clock.now()
        # The first request may come later than a day after the order was called off: it is looked at, too.
        if asked_before and now - claimed.order.stage_at >= DAY:
            return self._done(ended, claimed, *told)
        # Shopify does it a moment later, or does not, and says so nowhere: it is read once more.
        done = self._done(replace(ended, recheck=True), claimed, *told)
        return replace(done, again=now + (CANCEL_AGAIN if stands else CANCELLED_AFTER))

    async def _cancel(self, claimed: ClaimedMirror, copy: Copy) -> UserErrors | None:
        """Ask Shopify to cancel `copy`. Return its refusal; None if it says yes."""
        try:
            await self._client.cancel(copy.id, claimed.order.order.number, restock=claimed.mirror.restock)
        except UserErrors as refusal:
            return refusal
        return None

    def _done(self, mirror: Mirror, claimed: ClaimedMirror, *notices: Notice) -> Tried:
        """Return the outcome of a call that was answered: what is next may be due at once, or later."""
        # That nothing was found is no success: whoever waits for the copy is told after a day.
        mirror = mirror if mirror.copy_id is None else mirror.succeeded()
        now = self._context.clock.now()
        task = next_task(mirror, claimed.order, now)
        return Tried(mirror, task.until if isinstance(task, Rest) else now, notices=notices)

    def _failed(self, attempt: _Attempt, error: ShopifyError) -> Tried:
        now, order = self._context.clock.now(), attempt.claimed.order
        mirror, notices = attempt.mirror.failed(now), list[Notice]()
        log.warning(
            "the copy of an order failed", order=order.key, error=str(error), failures=mirror.failures
        )
        # Only the call that makes the copy changes what is known before it is answered.
        if attempt.mirror is not attempt.claimed.mirror and not error.ambiguous:
            mirror = mirror.unmade(_UNMADE.get(error.reason, MirrorState.WANTED))
        if error.reason is Reason.REFUSED:
            notices.append(mirror_notices.refused(order, error))
        elif error.for_people:
            notices.append(mirror_notices.no_access(error))
        elif now - mirror.failing_since >= DAY:
            notices.append(mirror_notices.down(error))
        return Tried(mirror, now + self._gap(mirror, error), str(error), tuple(notices))

    def _gap(self, mirror: Mirror, error: ShopifyError) -> int:
        """Return the milliseconds until the next try."""
        if error.reason is Reason.REFUSED:
            return _REFUSED
        if error.for_people:
            return _NO_ACCESS
        growing = min(1000 << min(mirror.failures - 1, 16), _LONGEST_GAP)
        asked = int((error.wait or 0) * 1000)
        return int(max(growing, asked) * (1 + self._dice.random() * _JITTER_SHARE))


def variants(context: Context) -> Mapping[str, str]:
    """Return Shopify's id of the variant that is sold by each sku."""
    shop: Shop = context.flow.sections["shop"]
    articles = (article for product in shop.products for article in product.articles())
    return {article.sku: article.shopify for article in articles if article.shopify}
