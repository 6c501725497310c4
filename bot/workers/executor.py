"""Performs one outbox entry and turns the answer into an outcome to record."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import structlog

from bot.clock import Clock
from bot.kept_files import Files, NoSuchFile
from bot.log import mask
from bot.notices import elsewhere, halted
from bot.retry import DOUBT, Failure, GiveUp, decide
from bot.whatsapp import window
from bot.whatsapp.channel import card_refused, undelivered, undelivered_offer
from bot.whatsapp.client import CALL_SECONDS as SEND_SECONDS
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.errors import SendError
from bot.whatsapp.payloads import PayloadError
from bot.workers.razorpay_handler import FIRST, event_for_refusal, make_call, notice_for_refusal
from bot.workers.traffic import Traffic
from bot.workers.whatsapp_handler import WindowClosed, send
from flows.messages.kinds import from_json
from payments.ledger import calls
from payments.processing import card_results
from payments.processing.notice import Notice
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import CALL_SECONDS, Gateway
from storage.database.queues import Lane, Urgency
from storage.outbox.deliveries import Again, Delivery, Done, Failed, Outcome

SENDS: Final = 4
"""Maximum calls for one message: its upload, as it is, without its media, and as its template.

An offer has no upload, and its template may be sent twice.
"""
CALLS: Final = 3
"""Maximum calls for an entry of `pay`. A poll may need more: it is then cut off and starts again."""
LONGEST: Final[Mapping[Lane, float]] = {
    Lane.CHAT: SENDS * SEND_SECONDS,
    Lane.PAY: CALLS * CALL_SECONDS,
    Lane.POLL: CALLS * CALL_SECONDS,
}
"""Seconds after which an entry of each lane is cut off."""
RECORDING: Final = 5.0
"""Maximum seconds for storing an outcome."""
LEASE: Final = 2 * DOUBT * 1000
"""Lease of a claimed entry in milliseconds: longer than performing it and storing its outcome takes.

After the lease another worker may claim the entry. An entry is started only if enough of its lease is left
(`fits`), so a message that is cut off by a crash still has `DOUBT` seconds for its status webhook.
"""

log = structlog.get_logger()


def fits(delivery: Delivery, now: int) -> bool:
    """Return whether the rest of the lease is enough to perform `delivery` and to store its outcome."""
    return now + (LONGEST[delivery.lane] + RECORDING) * 1000 <= delivery.claim.leased_until


@dataclass(frozen=True, slots=True)
class Executor:
    """Performs entries of all lanes. Never raises: every failure is an outcome."""

    whatsapp: WhatsAppClient
    gateway: Gateway
    clock: Clock
    dice: random.Random
    """Source of the retries' jitter; seeded in tests."""
    files: Files
    """Finds the files that the shop keeps, to send them."""
    traffic: Traffic = field(default_factory=Traffic)
    """Receives the result of each entry."""

    async def perform(self, delivery: Delivery) -> Outcome:
        """Send the message or make the call, and return the outcome."""
        # A retried call looks at Razorpay first for what an earlier try made; a message may already be sent.
        failure = Failure.UNKNOWN if delivery.lane == Lane.CHAT else Failure.RETRY
        try:
            async with asyncio.timeout(LONGEST[delivery.lane]):
                outcome = await self._dispatch(delivery)
        except TimeoutError:
            return self._fail(delivery, failure, None, f"cut off after {LONGEST[delivery.lane]:g} seconds")
        except Exception as error:
            log.exception("delivery failed unexpectedly", delivery=delivery.id, name=delivery.name)
            return self._fail(delivery, failure, None, mask(f"{type(error).__name__}: {error}"))
        if isinstance(outcome, Done):
            self._log_recovery(delivery, self.traffic.record_success(delivery.lane, _claimed_at(delivery)))
        return outcome

    async def _dispatch(self, delivery: Delivery) -> Outcome:
        if delivery.lane == Lane.CHAT:
            return _with_result(delivery, await self._send(delivery))
        return await self._call(delivery, calls.from_json(delivery.payload))

    async def _send(self, delivery: Delivery) -> Outcome:
        try:
            accepted = await send(self.whatsapp, self.files, delivery, self.clock.now())
            new_names = tuple(name for name in accepted.recipient if name not in delivery.to)
            return Done(delivery.claim, accepted.wamid, recipient=new_names)
        except (PayloadError, NoSuchFile) as error:
            notice = _undelivered(delivery, str(error))
            return self._fail_unsent(delivery, str(error), notice)
        except WindowClosed as error:
            return self._fail_unsent(delivery, str(error), _unsent(delivery, str(error)))
        except SendError as error:
            failed = self._fail(delivery, error.failure, error.retry_after, str(error))
            if isinstance(failed, Again) and error.is_foreign:
                return replace(failed, notice=elsewhere(str(error)))
            return failed

    async def _call(self, delivery: Delivery, call: calls.Call) -> Outcome:
        try:
            provider_id, answer = await make_call(self.gateway, call, delivery.attempts)
        except GatewayError as error:
            failed = self._fail(delivery, _failure_of(error), error.retry_after, str(error))
            if isinstance(failed, Failed):
                return replace(
                    failed, result=event_for_refusal(call, error), notice=notice_for_refusal(call, error)
                )
            return failed
        return Done(delivery.claim, provider_id, answer)

    def _fail(
        self, delivery: Delivery, failure: Failure, retry_after: float | None, error: str
    ) -> Again | Failed:
        """Return the outcome of a failed try: when to try again, or that the entry has failed for good."""
        now = self.clock.now()
        recovered = self.traffic.record_failure(delivery.lane, failure, _claimed_at(delivery), now)
        self._log_recovery(delivery, recovered)
        decision = decide(
            attempts=delivery.attempts,
            failure=failure,
            retry_after=retry_after,
            now=now,
            jitter=self.dice.random(),
        )
        _log_failure(delivery, failure, error)
        if isinstance(decision, GiveUp):
            reason = f"{decision.reason}: {error}"
            chat = delivery.lane == Lane.CHAT
            notice = _undelivered(delivery, reason) if chat else None
            return Failed(delivery.claim, reason, notice=notice)
        if failure is not Failure.HALT:
            return Again(delivery.claim, decision.at, error)
        notice = halted(delivery.lane, error)
        return Again(delivery.claim, decision.at, error, counts=False, notice=notice)

    def _fail_unsent(self, delivery: Delivery, error: str, notice: Notice) -> Failed:
        """Return the outcome of an entry that was not sent and never will be."""
        self.traffic.record_unsent(delivery.lane, self.clock.now())
        _log_failure(delivery, Failure.PERMANENT, error)
        return Failed(delivery.claim, error, notice=notice)

    def _log_recovery(self, delivery: Delivery, recovered: bool) -> None:
        if recovered:
            log.warning("the account is taken again", lane=delivery.lane)


def _with_result(delivery: Delivery, outcome: Outcome) -> Outcome:
    """Return the outcome of a message; if it shows or closes a card and failed, with what that means for it.

    Then its customer is not without it: they get a link. An earlier try may have arrived all the same.
    """
    message = from_json(delivery.payload)
    if not isinstance(outcome, Failed) or not card_results.decides(message):
        return outcome
    result = card_results.unsent(message, outcome.error, certain=delivery.attempts == FIRST)
    return replace(outcome, result=result, notice=card_refused(outcome.error))


def _log_failure(delivery: Delivery, failure: Failure, error: str) -> None:
    """Log the failure. The log names the entry, never the customer."""
    log_at_level = log.error if failure in (Failure.PERMANENT, Failure.HALT) else log.warning
    log_at_level(
        "delivery failed",
        delivery=delivery.id,
        name=delivery.name,
        tries=delivery.attempts,
        failure=failure,
        error=error,
    )


def _undelivered(delivery: Delivery, why: str) -> Notice:
    if delivery.urgency is Urgency.OFFER:
        return undelivered_offer(delivery.name, why)
    return undelivered(delivery.name, delivery.conversation, why)


def _unsent(delivery: Delivery, why: str) -> Notice:
    if delivery.urgency is Urgency.OFFER:
        return undelivered_offer(delivery.name, why)
    return window.unsent(delivery.name, delivery.conversation)


def _claimed_at(delivery: Delivery) -> int:
    return delivery.claim.leased_until - LEASE


def _failure_of(error: GatewayError) -> Failure:
    """Return the failure that `error` is. A call of unknown outcome may be retried: it has a reference id."""
    if error.reason is Reason.AUTH:
        return Failure.HALT
    return Failure.RETRY if error.retryable else Failure.PERMANENT
