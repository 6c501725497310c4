"""Planted bugs of the orders' copies at Shopify: made twice, never ended, or forgotten."""

from itertools import count
from typing import Any, Final

import pytest

from bot.http import shopify_webhook
from bot.workers import mirrors as worker
from payments.ledger import mirrors
from payments.ledger.mirrors import Create, LookUp
from payments.shop.orders import Lifecycle
from payments.shopify import amending, errors
from payments.shopify.errors import Reason, ShopifyError, UserErrors
from storage.outbox import mirrors as stored
from tests.simulation.day.bugs import DayRow


def a_second_order_after_a_lost_answer(patch: pytest.MonkeyPatch) -> None:
    """It is not looked for before it is made again."""
    next_task = mirrors.next_task

    def without_looking(*args: Any) -> Any:
        task = next_task(*args)
        looks = isinstance(task, LookUp) or (args[0].asked_at and isinstance(task, mirrors.Rest))
        return Create() if looks else task

    patch.setattr(worker, "next_task", without_looking)


def an_unclear_answer_counts_as_a_refusal(patch: pytest.MonkeyPatch) -> None:
    answer_of = errors.answer_of

    def refused(*args: Any) -> Any:
        try:
            return answer_of(*args)
        except ShopifyError as error:
            if error.reason is Reason.UNAVAILABLE:
                raise UserErrors(error.description) from error
            raise

    patch.setattr("payments.shopify.client.answer_of", refused)


def asked_is_not_stored_before_the_call(patch: pytest.MonkeyPatch) -> None:
    async def not_stored(*_: Any) -> bool:
        return True

    patch.setattr(stored.Mirrors, "asked", not_stored)


def the_copy_of_a_cancelled_order_stays(patch: pytest.MonkeyPatch) -> None:
    status_of = mirrors.status_of

    def as_if_paid(order: Any) -> mirrors.CopyStatus:
        returned = order.lifecycle is Lifecycle.RETURNED
        return mirrors.CopyStatus.PAID if returned else status_of(order)

    patch.setattr(mirrors, "status_of", as_if_paid)


def restored_books_make_it_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(stored, "_restored_after", lambda *_: None)


def nobody_is_told_of_a_second_copy(patch: pytest.MonkeyPatch) -> None:
    async def silent(*_: Any) -> None: ...

    patch.setattr(shopify_webhook, "_require_one", silent)
    patch.setattr(
        worker.Mirrors, "_others", lambda self, one, _: self._done(one.mirror.doubted(0), one.claimed)
    )


def a_refund_is_recorded_at_each_try(patch: pytest.MonkeyPatch) -> None:
    refund, tries = amending.refund, count()

    def under_another_key(*args: Any) -> Any:
        given = refund(*args)
        return {**given, "key": f"{given['key']}-{next(tries)}"}

    patch.setattr(amending, "refund", under_another_key)
    patch.setattr(amending.Parts, "has", lambda *_: False)


def what_is_taken_off_stays_there(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> tuple[()]:
        return ()

    patch.setattr(worker, "follow", nothing)


def what_went_back_stays_there(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> tuple[()]:
        return ()

    patch.setattr(worker, "give_back", nothing)


def what_was_not_taken_stays_paid_there(patch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: Any) -> tuple[()]:
        return ()

    patch.setattr(worker, "even", nothing)


SHOPIFY_ROWS: Final = (
    DayRow(
        "cash that was not taken stays paid at Shopify",
        what_was_not_taken_stays_paid_there,
        "cash after an allowance",
        "shopify:",
    ),
    DayRow(
        "what went back stays paid at Shopify",
        what_went_back_stays_there,
        "called off",
        "shopify:",
    ),
    DayRow(
        "a second Shopify order after a lost answer",
        a_second_order_after_a_lost_answer,
        "an answer of shopify is lost",
        "shopify:",
    ),
    DayRow(
        "an unclear answer of Shopify counts as a refusal",
        an_unclear_answer_counts_as_a_refusal,
        "shopify says nothing clear",
        "shopify:",
    ),
    DayRow(
        "asked is not stored before the call",
        asked_is_not_stored_before_the_call,
        "it dies after the order was made",
        "shopify:",
    ),
    DayRow(
        "the copy of a cancelled order stays",
        the_copy_of_a_cancelled_order_stays,
        "called off",
        "shopify:",
    ),
    DayRow(
        "restored books make it again",
        restored_books_make_it_again,
        "books without the payment",
        "shopify:",
    ),
    DayRow(
        "nobody is told of a second copy",
        nobody_is_told_of_a_second_copy,
        "shopify is too slow",
        "shopify:",
    ),
    DayRow(
        "a refund is recorded at each try",
        a_refund_is_recorded_at_each_try,
        "taken off there too",
        "shopify:",
    ),
    DayRow(
        "what is taken off stays at Shopify",
        what_is_taken_off_stays_there,
        "taken off there too",
        "shopify:",
    ),
)
