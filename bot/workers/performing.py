"""One outbox entry, performed: what the outside answered becomes an outcome to record."""

import random
from dataclasses import dataclass
from typing import Final

import structlog

from bot.clock import Clock
from bot.retry import DOUBT, Failure, GiveUp, decide
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.errors import SendError
from bot.whatsapp.payloads import PayloadError, Recipient, build
from flows import messages
from payments import calls
from payments.calls import CancelLink, CreateLink, FetchPayments
from payments.facts import to_json
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway, Link
from payments.razorpay.links import ensure_link, payments_of, withdraw_link
from payments.telling import CREATED, FETCHED, REFUSED, WITHDRAWN
from storage.deliveries import Again, Delivery, Done, Failed, Outcome

LEASE: Final = 2 * DOUBT * 1000
"""Milliseconds an entry is ours once claimed: longer than the three calls that making a link may take
at their slowest, and than the word on a send that was cut off may take to come."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Performer:
    """Performs entries of both lanes. Never raises: whatever goes wrong is an outcome."""

    whatsapp: WhatsAppClient
    gateway: Gateway
    clock: Clock
    dice: random.Random
    """Spreads retries; seeded in tests."""

    async def perform(self, delivery: Delivery) -> Outcome:
        """Send the message or make the call; what became of it."""
        try:
            if delivery.lane == "chat":
                return await self._send(delivery)
            return await self._call(delivery, calls.from_json(delivery.payload))
        except Exception as error:
            log.exception("delivery failed unexpectedly", delivery=delivery.id, name=delivery.name)
            # A call to Razorpay is looked up before it is repeated; a message may already be out.
            failure = Failure.UNKNOWN if delivery.lane == "chat" else Failure.RETRY
            return self._failed(delivery, failure, None, f"{type(error).__name__}: {error}")

    async def _send(self, delivery: Delivery) -> Outcome:
        to = Recipient(delivery.phone, delivery.bsuid)
        try:
            payload = build(messages.from_json(delivery.payload), to, delivery.opaque)
            wamid = await self.whatsapp.send(payload)
        except PayloadError as error:
            return self._failed(delivery, Failure.PERMANENT, None, str(error))
        except SendError as error:
            return self._failed(delivery, error.verdict, error.retry_after, str(error))
        return Done(delivery.id, wamid)

    async def _call(self, delivery: Delivery, call: calls.Call) -> Outcome:
        try:
            match call:
                case CreateLink():
                    # Any try before this one may have made the link: look before making another.
                    link = await ensure_link(self.gateway, call, may_exist=delivery.attempts > 1)
                    return Done(delivery.id, link.id, (CREATED, _created(link)))
                case CancelLink():
                    withdrawn = await withdraw_link(self.gateway, call)
                    status = withdrawn.status if withdrawn else "cancelled"
                    fields = {"reference_id": call.reference_id, "status": status}
                    return Done(delivery.id, withdrawn.id if withdrawn else None, (WITHDRAWN, fields))
                case FetchPayments():
                    facts, problems = await payments_of(self.gateway, call)
                    told = [to_json(fact) for fact in facts]
                    fetched = {"reference_id": call.reference_id, "facts": told, "problems": list(problems)}
                    return Done(delivery.id, None, (FETCHED, fetched))
        except GatewayError as error:
            failed = self._failed(delivery, _failure(error), error.retry_after, str(error))
            if isinstance(failed, Failed) and isinstance(call, CreateLink):
                fields = {"reference_id": call.reference_id, "reason": error.description}
                return Failed(delivery.id, failed.error, (REFUSED, fields))
            return failed

    def _failed(
        self, delivery: Delivery, failure: Failure, retry_after: float | None, error: str
    ) -> Again | Failed:
        """When to try again, or that it is over. The log names the entry, never the customer."""
        now = self.clock.now()
        decision = decide(
            attempts=delivery.attempts,
            verdict=failure,
            retry_after=retry_after,
            now=now,
            jitter=self.dice.random(),
        )
        told = log.error if failure in (Failure.PERMANENT, Failure.HALT) else log.warning
        told(
            "delivery failed",
            delivery=delivery.id,
            name=delivery.name,
            tries=delivery.attempts,
            failure=failure,
            error=error,
        )
        if isinstance(decision, GiveUp):
            return Failed(delivery.id, f"{decision.reason}: {error}")
        return Again(delivery.id, decision.at, error, counts=failure is not Failure.HALT)


def _created(link: Link) -> dict[str, str]:
    return {
        "reference_id": link.reference_id,
        "link_id": link.id,
        "short_url": link.short_url,
        "status": link.status,
    }


def _failure(error: GatewayError) -> Failure:
    """A call to Razorpay is repeated by reference id, so doubt needs no waiting."""
    if error.reason is Reason.AUTH:
        return Failure.HALT
    return Failure.RETRY if error.retryable else Failure.PERMANENT
