"""The events that a changed order sends to its conversation, and the view of the order in templates."""

from dataclasses import replace
from typing import Any, Final

import pytest

from flows.engine.events import Happened
from payments.ledger.facts import Detail, Fact
from payments.ledger.holds import Hold, HoldReason, Mismatch
from payments.ledger.refunds import OUTSIDE
from payments.ledger.state import OrderState
from payments.processing import views
from payments.processing.notifications import events_for
from payments.shop.orders import Attempt, AttemptStatus, Lifecycle
from tests.builders import (
    TOTAL,
    attempt,
    captured,
    fact,
    order_state,
    payment,
    payment_link,
    refund,
    unmade_attempt,
)

ATTEMPT: Final = attempt()
WAITS: Final = Hold(HoldReason.WAITING)


CAPTURED: Final = captured(method="upi", link="plink_1")
SHORT: Final = captured(20_000)
FAILED: Final = payment("failed", error_reason="r", error_description="d")
EXPIRED: Final = payment_link("expired")
STRANGE: Final = replace(CAPTURED, detail=Detail(mismatch=Mismatch.ACCOUNT))


def state(*facts: Fact, attempts: tuple[Attempt, ...] = (ATTEMPT,), **rest: Any) -> OrderState:
    return order_state(*facts, attempts=attempts, **rest)


PAID: Final = state(CAPTURED, lifecycle=Lifecycle.FULFILLED, fulfilled=TOTAL)
HELD: Final = state(STRANGE, held=TOTAL, held_for=Hold(HoldReason.MISMATCH, mismatch=Mismatch.ACCOUNT))
PART: Final = state(SHORT, held=20_000, held_for=WAITS)
BACK: Final = state(SHORT, lifecycle=Lifecycle.RETURNED, refunds=(refund("asked", 20_000),))


def notified(before: OrderState, after: OrderState, *new: Fact) -> list[Happened]:
    return events_for(before, after, new, now=5)


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (state(), "unpaid"),
        (state(FAILED), "unpaid"),
        (state(lifecycle=Lifecycle.LAPSED), "unpaid"),
        (state(payment("authorized")), "authorised"),
        (PART, "short"),
        (replace(PART, held_for=Hold(HoldReason.SHORT)), "held"),
        (HELD, "held"),
        (state(attempts=(replace(ATTEMPT, status=AttemptStatus.PAID),)), "held"),
        (state(CAPTURED, lifecycle=Lifecycle.LAPSED, held=TOTAL, held_for=Hold(HoldReason.LATE)), "held"),
        (PAID, "paid"),
        (replace(PAID, refunds=(refund("processed", 100),), fulfilled=TOTAL - 100), "paid"),
        (replace(PAID, refunds=(refund("processed"),), fulfilled=0), "refunded"),
        (BACK, "refunding"),
        (replace(BACK, refunds=(refund("created"),)), "refunding"),
        (replace(BACK, refunds=(refund("failed"),), held=20_000), "refunding"),
        (replace(BACK, refunds=(refund("processed"),)), "refunded"),
    ],
)
def test_status(order: OrderState, expected: str) -> None:
    assert order.status == expected


@pytest.mark.parametrize("before", [Lifecycle.OPEN, Lifecycle.LAPSED])
def test_success_is_told_once_with_what_came_and_whether_it_came_late(before: Lifecycle) -> None:
    late = before is Lifecycle.LAPSED
    success = Happened("payment.captured", {"amount": TOTAL, "method": "upi", "by": "", "late": late})
    assert notified(state(lifecycle=before), PAID, CAPTURED) == [success]
    assert notified(PAID, PAID, CAPTURED) == []
    # Where an earlier step stored the fact and failed, the order did not move yet.
    assert notified(state(CAPTURED), PAID) == [replace(success, fields={**success.fields, "late": False})]


def test_a_refund_of_a_paid_order_is_no_second_success() -> None:
    returned = replace(PAID, refunds=(refund("processed", reason=OUTSIDE),), fulfilled=0)
    assert [event.name for event in notified(PAID, returned)] == ["refund.processed"]


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (state(), PART, Happened("payment.short", {"amount": 20_000, "due": 30_000})),
        (PART, PART, None),
        (PART, replace(PART, held=10_000), None),
        (state(), HELD, Happened("payment.held", {"amount": TOTAL})),
        (HELD, HELD, None),
        (
            state(),
            replace(PART, held_for=Hold(HoldReason.SHORT)),
            Happened("payment.held", {"amount": 20_000}),
        ),
        (PAID, replace(PAID, held=5, held_for=Hold(HoldReason.REMAINDER)), None),
        (state(), replace(BACK, held=5, held_for=Hold(HoldReason.REMAINDER), refunds=()), None),
    ],
)
def test_money_that_waits_is_told_when_it_comes(
    before: OrderState, after: OrderState, event: Happened | None
) -> None:
    assert notified(before, after) == ([event] if event else [])


@pytest.mark.parametrize(
    ("before", "after", "reason", "names"),
    [
        (None, "asked", "surplus", ["payment.surplus"]),
        (None, "created", OUTSIDE, ["refund.created"]),
        (None, "processed", OUTSIDE, ["refund.processed"]),
        (None, "failed", OUTSIDE, ["refund.failed"]),
        ("asked", "created", "surplus", []),
        ("created", "processed", "surplus", ["refund.processed"]),
        ("processed", "failed", "surplus", ["refund.failed"]),
        ("asked", "refused", "surplus", ["refund.failed"]),
        ("processed", "processed", "surplus", []),
        ("failed", "failed", OUTSIDE, []),
    ],
)
def test_each_step_of_a_refund_is_told_once(
    before: str | None, after: str, reason: str, names: list[str]
) -> None:
    old = replace(PAID, refunds=(refund(before, 700, reason=reason),) if before else ())
    assert notified(old, replace(PAID, refunds=(refund(after, 700, reason=reason),))) == [
        Happened(name, {"amount": 700, "by_hand": 0}) for name in names
    ]


def test_money_of_an_order_that_is_off_is_told_as_returned_in_one_sum() -> None:
    two = (refund("asked", 700), refund("asked", 300, payment="pay_2"))
    assert notified(state(), replace(BACK, refunds=two)) == [
        Happened("payment.returned", {"amount": 1_000, "by_hand": 0})
    ]


def test_a_failure_is_told_with_its_reason_and_only_while_it_matters() -> None:
    assert notified(state(), state(FAILED), FAILED) == [
        Happened("payment.failed", {"reason": "r", "description": "d"})
    ]
    bare = payment("failed")
    assert notified(state(), state(bare), bare) == [
        Happened("payment.failed", {"reason": "", "description": ""})
    ]
    assert notified(PART, PART, FAILED) != []
    for after in (PAID, HELD, BACK, state(payment("authorized"))):
        assert notified(after, after, FAILED) == []


@pytest.mark.parametrize("ending", ["expired", "cancelled"])
def test_the_end_of_the_link_they_have_is_told(ending: str) -> None:
    ended = payment_link(ending)
    assert notified(state(), state(ended), ended) == [Happened(f"payment_link.{ending}")]


@pytest.mark.parametrize(
    ("before", "ended"),
    [
        (state(), payment_link("expired", id="plink_9")),
        (state(attempts=()), EXPIRED),
        (state(attempts=(replace(ATTEMPT, status=AttemptStatus.WITHDRAWING),)), EXPIRED),
        (state(attempts=(ATTEMPT, unmade_attempt(2, status=AttemptStatus.CREATED))), EXPIRED),
        (state(), fact("order", "expired", "plink_1")),
        (state(), payment_link("paid")),
    ],
)
def test_the_end_of_any_other_link_is_not(before: OrderState, ended: Fact) -> None:
    assert notified(before, before.with_facts([ended]), ended) == []


def test_of_an_order_that_the_chat_is_not_about_only_money_is_told() -> None:
    assert events_for(state(), state(EXPIRED), (EXPIRED,), now=5, current=False) == []
    assert events_for(state(), state(FAILED), (FAILED,), now=5, current=False) == []
    assert len(events_for(state(), PAID, (CAPTURED,), now=5, current=False)) == 1


def test_templates_see_how_the_order_stands() -> None:
    seen = views.order(PART, now=5)
    assert seen == {
        "key": "c-1-1", "number": "12345", "total": TOTAL, "due": 30_000, "currency": "INR", "attempts": 1,
        "lines": [{"sku": "a", "name": "A", "quantity": 1, "price": TOTAL, "total": TOTAL}], "count": 1,
        "status": "short", "lapsed": False, "link": "https://x", "expired": False, "making": False,
        "card": "",
        "items": "1 × A", "goods": TOTAL, "discount": 0, "delivery": 0, "gst": 0, "coupon": "", "owed": TOTAL,
        "how": "", "address": "", "recipient": "", "slot": "", "note": "", "stage": "", "invoice": "",
        "running": False,
        "can_cancel": False, "rating": 0,
    }  # fmt: skip
    assert views.order(state(lifecycle=Lifecycle.LAPSED), now=5)["lapsed"] is True
    assert views.order(None, now=5).keys() == seen.keys()


@pytest.mark.parametrize(
    ("status", "link", "making"),
    [
        (AttemptStatus.PLANNED, "", True),
        (AttemptStatus.CREATING, "", True),
        (AttemptStatus.CREATED, "https://x", False),
        (AttemptStatus.WITHDRAWING, "", False),
        (AttemptStatus.EXPIRED, "", False),
        (AttemptStatus.PAID, "", False),
        (AttemptStatus.REFUSED, "", False),
    ],
)
def test_a_link_is_shown_only_while_it_can_be_paid(status: AttemptStatus, link: str, making: bool) -> None:
    url = "https://x" if status is not AttemptStatus.PLANNED and not making else None
    seen = views.order(state(attempts=(replace(ATTEMPT, status=status, short_url=url),)), now=5)
    assert (seen["link"], seen["making"], seen["expired"]) == (link, making, False)


def test_a_link_that_has_run_out_is_not_shown() -> None:
    seen = views.order(state(), now=ATTEMPT.expires_at)
    assert (seen["link"], seen["expired"], seen["making"]) == ("", True, False)


def test_a_new_link_is_waited_for() -> None:
    rest = unmade_attempt(2, 30_000, expires_at=99)
    withdrawing = replace(ATTEMPT, status=AttemptStatus.WITHDRAWING)
    seen = views.order(state(attempts=(withdrawing, rest)), now=5)
    assert (seen["link"], seen["making"], seen["attempts"]) == ("", True, 2)
