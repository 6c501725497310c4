"""What a conversation is told when an order changed, and how its templates see the order."""

from dataclasses import replace
from typing import Any, Final

import pytest

from flows.engine.conversation import Conversation
from flows.engine.events import Happened
from payments.ledger.balance import Verdict
from payments.ledger.facts import Fact
from payments.ledger.refunds import OUTSIDE, Refund, RefundStatus
from payments.ledger.state import OrderState
from payments.processing.notifications import about, happened, order_of, status, with_link
from payments.shop.orders import Attempt, AttemptStatus, Line, Order, Standing

TOTAL: Final = 50_000
ORDER: Final = Order("c-1-1", "12345", "c-1", (Line("a", "A", 1, TOTAL),), TOTAL, "INR", 0, 1)
ATTEMPT: Final = Attempt(
    "c-1-1.1", "c-1-1", 1, TOTAL, "INR", 9, AttemptStatus.CREATED, "plink_1", "https://x"
)
LINK: Final = {"reference": "c-1-1.1", "expires_at": 9, "id": "plink_1", "url": "https://x"}
WAITS: Final = "short: waiting for the rest"


def fact(entity: str, state: str, id: str = "pay_1", amount: int = TOTAL, **detail: Any) -> Fact:
    return Fact("c-1-1", entity, id, state, amount, "INR", 0, detail)


CAPTURED: Final = fact("payment", "captured", method="upi", link="plink_1")
SHORT: Final = fact("payment", "captured", amount=20_000)
FAILED: Final = fact("payment", "failed", error_reason="r", error_description="d")
EXPIRED: Final = fact("payment_link", "expired", "plink_1")
STRANGE: Final = replace(CAPTURED, detail={"misfit": "paid into another Razorpay account"})


def state(*facts: Fact, standing: Standing = Standing.OPEN, **rest: Any) -> OrderState:
    return OrderState(ORDER, facts, Verdict.UNPAID, rest.pop("attempts", (ATTEMPT,)), standing, **rest)


def refund(status: str, amount: int = TOTAL, reason: str = "surplus") -> Refund:
    return Refund("pay_1-1", "c-1-1", "pay_1", amount, reason, RefundStatus(status))


PAID: Final = state(CAPTURED, standing=Standing.FULFILLED, fulfilled=TOTAL)
HELD: Final = state(STRANGE, held=TOTAL, held_for="mismatch: paid into another Razorpay account")
PART: Final = state(SHORT, held=20_000, held_for=WAITS)
BACK: Final = state(SHORT, standing=Standing.RETURNED, refunds=(refund("asked", 20_000),))


def told(before: OrderState, after: OrderState, *new: Fact) -> list[Happened]:
    return list(happened(before, after, new, LINK))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (state(), "unpaid"),
        (state(FAILED), "unpaid"),
        (state(standing=Standing.LAPSED), "unpaid"),
        (state(fact("payment", "authorized")), "authorised"),
        (PART, "short"),
        (replace(PART, held_for="short: less than the total was paid"), "held"),
        (HELD, "held"),
        (state(attempts=(replace(ATTEMPT, status=AttemptStatus.PAID),)), "held"),
        (state(CAPTURED, standing=Standing.LAPSED, held=TOTAL, held_for="late: …"), "held"),
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
    assert status(order) == expected


@pytest.mark.parametrize("before", [Standing.OPEN, Standing.LAPSED])
def test_success_is_told_once_with_what_came_and_whether_it_came_late(before: Standing) -> None:
    late = before is Standing.LAPSED
    captured = Happened("payment.captured", {"amount": TOTAL, "method": "upi", "late": late})
    assert told(state(standing=before), PAID, CAPTURED) == [captured]
    assert told(PAID, PAID, CAPTURED) == []
    # Where the telling failed before, the fact is known already and the standing is not.
    assert told(state(CAPTURED), PAID) == [replace(captured, fields={**captured.fields, "late": False})]


def test_a_refund_of_a_paid_order_is_no_second_success() -> None:
    returned = replace(PAID, refunds=(refund("processed", reason=OUTSIDE),), fulfilled=0)
    assert [event.name for event in told(PAID, returned)] == ["refund.processed"]


@pytest.mark.parametrize(
    ("before", "after", "event"),
    [
        (state(), PART, Happened("payment.short", {"amount": 20_000, "due": 30_000})),
        (PART, PART, None),
        (PART, replace(PART, held=10_000), None),
        (state(), HELD, Happened("payment.held", {"amount": TOTAL})),
        (HELD, HELD, None),
        (state(), replace(PART, held_for="short: less"), Happened("payment.held", {"amount": 20_000})),
        (PAID, replace(PAID, held=5, held_for="remainder: too little"), None),
        (state(), replace(BACK, held=5, held_for="remainder", refunds=()), None),
    ],
)
def test_money_that_waits_is_told_when_it_comes(
    before: OrderState, after: OrderState, event: Happened | None
) -> None:
    assert told(before, after) == ([event] if event else [])


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
    old = replace(PAID, refunds=(refund(before, 700, reason),) if before else ())
    assert told(old, replace(PAID, refunds=(refund(after, 700, reason),))) == [
        Happened(name, {"amount": 700}) for name in names
    ]


def test_money_of_an_order_that_is_off_is_told_as_returned_in_one_sum() -> None:
    two = (refund("asked", 700), replace(refund("asked", 300), key="pay_2-1"))
    assert told(state(), replace(BACK, refunds=two)) == [Happened("payment.returned", {"amount": 1_000})]


def test_a_failure_is_told_with_its_reason_and_only_while_it_matters() -> None:
    assert told(state(), state(FAILED), FAILED) == [
        Happened("payment.failed", {"reason": "r", "description": "d"})
    ]
    bare = fact("payment", "failed")
    assert told(state(), state(bare), bare) == [Happened("payment.failed", {"reason": "", "description": ""})]
    assert told(PART, PART, FAILED) != []
    for after in (PAID, HELD, BACK, state(fact("payment", "authorized"))):
        assert told(after, after, FAILED) == []


@pytest.mark.parametrize("ending", ["expired", "cancelled"])
def test_the_end_of_the_link_they_have_is_told(ending: str) -> None:
    ended = fact("payment_link", ending, "plink_1")
    assert told(state(), state(ended), ended) == [Happened(f"payment_link.{ending}")]


@pytest.mark.parametrize(
    ("link", "ended"),
    [
        (LINK, fact("payment_link", "expired", "plink_9")),
        ({}, EXPIRED),
        ({"reference": "c-1-1.2", "url": ""}, EXPIRED),
        (LINK, fact("order", "expired", "plink_1")),
        (LINK, fact("payment_link", "paid", "plink_1")),
    ],
)
def test_the_end_of_any_other_link_is_not(link: dict[str, Any], ended: Fact) -> None:
    assert list(happened(state(), state(ended), (ended,), link)) == []


def conversation(**order: Any) -> Conversation:
    return Conversation(
        "c-1", data={"cart": [], "order": {"key": "c-1-1", "status": "unpaid", "link": LINK, **order}}
    )


def test_the_conversation_knows_how_its_order_stands() -> None:
    changed = about(conversation(asked_at=7), PART)
    assert changed.data["cart"] == []
    assert order_of(changed) == {
        "key": "c-1-1", "status": "short", "due": 30_000, "lapsed": False, "link": LINK, "asked_at": 7,
    }  # fmt: skip
    assert about(changed, PART) == changed
    assert order_of(about(conversation(), state(standing=Standing.LAPSED)))["lapsed"] is True


def test_an_order_that_the_conversation_never_had_is_taken_up_whole() -> None:
    assert order_of(Conversation("c-1")) == {}
    assert order_of(about(Conversation("c-1"), state())) == {
        "key": "c-1-1", "number": "12345", "total": TOTAL, "due": TOTAL, "currency": "INR", "attempts": 1,
        "lines": [{"sku": "a", "name": "A", "quantity": 1, "price": TOTAL, "total": TOTAL}],
        "status": "unpaid", "lapsed": False, "link": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("ended", "shown"),
    [
        (AttemptStatus.CREATING, {**LINK, "id": None, "url": ""}),
        (AttemptStatus.CREATED, LINK),
        (AttemptStatus.WITHDRAWING, None),
        (AttemptStatus.EXPIRED, None),
        (AttemptStatus.PAID, None),
        (AttemptStatus.REFUSED, None),
    ],
)
def test_a_link_is_shown_only_while_it_can_be_paid(ended: AttemptStatus, shown: Any) -> None:
    waiting = conversation(link={**LINK, "id": None, "url": ""})
    known = about(waiting, state(attempts=(replace(ATTEMPT, status=ended),)))
    assert order_of(known)["link"] == shown


def test_a_new_link_is_waited_for() -> None:
    rest = Attempt("c-1-1.2", "c-1-1", 2, 30_000, "INR", 99)
    order = order_of(with_link(conversation(attempts=1), rest))
    assert order["link"] == {"reference": "c-1-1.2", "expires_at": 99, "url": ""}
    assert (order["attempts"], order["status"]) == (2, "unpaid")
