"""The `Channel` that tells inbox and outbox the rules of WhatsApp.

Source: Meta, WhatsApp Cloud API, "Business-scoped user IDs" (a BSUID belongs to one person at one number, and
changes when the number changes; a number may be given to somebody else), "Throughput" (pair rate limit,
error 131056) and "Webhooks" (one that is not acknowledged is repeated for 7 days).
"""

from typing import Final

from bot.whatsapp import window
from bot.whatsapp.identity import BSUID, PHONE
from payments.processing.notice import Notice, NoticeKind
from storage.inbox.customers import Naming
from storage.outbox.channel import Channel
from storage.outbox.pace import Pace

REPEATED: Final = 7 * 24 * 3600 * 1000
"""Milliseconds for which Meta repeats a webhook, and so by which one may be late."""
_LONGEST_ERROR: Final = 300
"""Maximum characters of an error in a notice."""


def undelivered(name: str, conversation: str, why: str) -> Notice:
    """Return the notice about message `name`, which will never reach its customer because of `why`."""
    message = (
        f"'{name}' did not reach the customer, and is not tried again: {why[:_LONGEST_ERROR]}. See"
        f" 'munshi why {conversation}'; what a code means, Meta's page of error codes says."
    )
    return Notice(NoticeKind.MESSAGE, f"{name} to {conversation}", message)


def undelivered_offer(name: str, why: str) -> Notice:
    """Return the notice that the offer `name` did not reach a customer because of `why`.

    There is one for all customers: WhatsApp withholds many offers from those who get too many.
    """
    message = (
        f"The offer '{name}' did not reach every customer who was to get it, and is not tried again. The"
        f" first reason was: {why[:_LONGEST_ERROR]}. 'munshi why' says it of each customer; what a code"
        " means, Meta's page of error codes says."
    )
    return Notice(NoticeKind.MESSAGE, f"offer {name}", message)


def card_refused(why: str) -> Notice:
    """Return the notice that WhatsApp did not take the order card of a payment, because of `why`.

    There is one for all customers: each of them got a link in its place.
    """
    message = (
        f"WhatsApp did not take an order card, and the customer got a payment link in its place:"
        f" {why[:_LONGEST_ERROR]}. See 'whatsapp_pay' in the flow file, and Meta Business Suite > Billing &"
        " payments > Payment configurations; what a code means, Meta's page of error codes says."
    )
    return Notice(NoticeKind.WHATSAPP, "order card", message)


WHATSAPP: Final = Channel(
    # Meta dates a change of number in whole seconds.
    naming=Naming(lasting=BSUID, passing=PHONE, step=999, late=REPEATED),
    pace=Pace(gap=6_000, burst=45, reserve=15),
    receipt_wait=30_000,
    card_is_over=2046,
    unsent=window.unsent,
    undelivered=undelivered,
    undelivered_offer=undelivered_offer,
)
