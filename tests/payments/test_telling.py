"""What a conversation is told of its money."""

from dataclasses import replace
from typing import Any, Final

import pytest

from flows.conversation import Conversation
from flows.events import Happened
from payments.calls import CancelLink
from payments.case import OrderState
from payments.facts import Fact
from payments.ledger import Verdict
from payments.orders import Attempt, AttemptStatus, Line, Order
from payments.telling import after_facts, after_result, displaced, known_to_conversation

ORDER: Final = Order("c-1-1", "12345", "c-1", (Line("a", "A", 1, 500),), 500, "INR", 0, 1)
ATTEMPT: Final = Attempt("c-1-1.1", "c-1-1", 1, 500, "INR", 9, AttemptStatus.CREATED, "plink_1", "https://x")
LINK: Final = {"reference": "c-1-1.1", "expires_at": 9, "id": "plink_1", "url": "https://x"}


def conversation(**order: Any) -> Conversation:
    held = {"key": "c-1-1", "status": "unpaid", "link": LINK, **order}
    return Conversation("c-1", data={"cart": [], "order": held})


def state(verdict: Verdict = Verdict.UNPAID, *facts: Fact) -> OrderState:
    return OrderState(ORDER, facts, verdict, (ATTEMPT,))


def fact(entity: str, state: str, id: str = "pay_1", **detail: Any) -> Fact:
    return Fact("c-1-1", entity, id, state, 500, "INR", 0, detail)


CAPTURED: Final = fact("payment", "captured", method="upi")
FAILED: Final = fact("payment", "failed", error_reason="r", error_description="d")
EXPIRED: Final = fact("payment_link", "expired", "plink_1")


@pytest.mark.parametrize(
    ("before", "after", "name"),
    [
        (Verdict.UNPAID, Verdict.PAID, "payment.captured"),
        (Verdict.AUTHORISED, Verdict.PAID, "payment.captured"),
        (Verdict.SHORT, Verdict.PAID, "payment.captured"),
        (Verdict.SHORT, Verdict.OVERPAID, "payment.captured"),
        (Verdict.UNPAID, Verdict.OVERPAID, "payment.captured"),
        (Verdict.UNPAID, Verdict.SHORT, "payment.short"),
        (Verdict.UNPAID, Verdict.UNKNOWN, "payment.held"),
        (Verdict.PAID, Verdict.PAID, None),
        (Verdict.PAID, Verdict.OVERPAID, None),
        (Verdict.OVERPAID, Verdict.OVERPAID, None),
        (Verdict.SHORT, Verdict.SHORT, None),
        (Verdict.UNPAID, Verdict.UNPAID, None),
        (Verdict.UNPAID, Verdict.AUTHORISED, None),
    ],
)
def test_a_change_of_verdict_is_told_once(before: Verdict, after: Verdict, name: str | None) -> None:
    _, told = after_facts(conversation(), state(before, CAPTURED), after, (CAPTURED,))
    assert told == ((Happened(name, {"amount": 500, "method": "upi"}),) if name else ())


def test_money_for_another_order_makes_it_the_conversations_own() -> None:
    other = conversation(key="c-1-2", link={"reference": "c-1-2.1", "id": None, "url": ""})
    changed, told = after_facts(other, state(Verdict.UNPAID, CAPTURED), Verdict.PAID, (CAPTURED,))
    assert [happened.name for happened in told] == ["payment.captured"]
    assert changed.data["order"] == known_to_conversation(state(), "paid")
    assert changed.data["order"]["attempts"] == 1
    assert displaced(other, changed) == (CancelLink("c-1-2.1", None),)


def test_only_an_unpaid_order_with_a_link_is_displaced() -> None:
    changed = conversation(key="c-1-9")
    assert displaced(conversation(), changed) == (CancelLink("c-1-1.1", "plink_1"),)
    assert displaced(conversation(), conversation(status="paid")) == ()
    assert displaced(conversation(status="paid"), changed) == ()
    assert displaced(conversation(link=None), changed) == ()
    assert displaced(Conversation("c-1"), changed) == ()


def test_a_failure_is_told_with_its_reason_and_only_while_unpaid() -> None:
    told = after_facts(conversation(), state(), Verdict.UNPAID, (FAILED,))[1]
    assert told == (Happened("payment.failed", {"reason": "r", "description": "d"}),)
    bare = after_facts(conversation(), state(), Verdict.UNPAID, (fact("payment", "failed"),))[1]
    assert bare == (Happened("payment.failed", {"reason": "", "description": ""}),)
    assert after_facts(conversation(), state(Verdict.PAID), Verdict.PAID, (FAILED,))[1] == ()
    assert after_facts(conversation(key="c-1-2"), state(), Verdict.UNPAID, (FAILED,))[1] == ()


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_the_end_of_the_current_link_is_told_and_forgotten(status: str) -> None:
    ended = fact("payment_link", status, "plink_1")
    changed, told = after_facts(conversation(), state(), Verdict.UNPAID, (ended,))
    assert told == (Happened(f"payment_link.{status}", {}),)
    assert changed.data["order"]["link"] is None
    assert changed.data["cart"] == []


@pytest.mark.parametrize(
    ("held", "ended"),
    [
        (conversation(), fact("payment_link", "expired", "plink_9")),
        (conversation(link=None), EXPIRED),
        (conversation(link={"reference": "c-1-1.2", "url": ""}), EXPIRED),
        (conversation(), fact("order", "expired", "plink_1")),
        (Conversation("c-1"), EXPIRED),
    ],
)
def test_the_end_of_any_other_link_is_not(held: Conversation, ended: Fact) -> None:
    assert after_facts(held, state(), Verdict.UNPAID, (ended,)) == (held, ())


MADE: Final = {
    "reference_id": "c-1-1.1",
    "link_id": "plink_1",
    "short_url": "https://x",
    "status": "created",
}
CREATING: Final = replace(ATTEMPT, status=AttemptStatus.CREATING, link_id=None, short_url=None)


def test_a_made_link_is_told_and_known() -> None:
    waiting = conversation(link={"reference": "c-1-1.1", "expires_at": 9, "url": ""})
    attempt, changed, told, calls = after_result(waiting, CREATING, "payment_link.created", MADE)
    assert attempt == ATTEMPT
    assert changed.data["order"]["link"] == LINK
    assert told == (Happened("payment_link.created", {"short_url": "https://x"}),)
    assert calls == ()


@pytest.mark.parametrize(
    "held",
    [conversation(link=None), conversation(link={"reference": "c-1-1.2"}), conversation(status="paid"),
     conversation(status="held"), Conversation("c-1")],
)  # fmt: skip
def test_a_made_link_that_nobody_waits_for_is_cancelled(held: Conversation) -> None:
    attempt, changed, told, calls = after_result(held, CREATING, "payment_link.created", MADE)
    assert attempt == ATTEMPT
    assert (changed, told) == (held, ())
    assert calls == (CancelLink("c-1-1.1", "plink_1"),)


def test_a_refused_link_is_told_if_it_is_the_current_one() -> None:
    attempt, changed, told, _ = after_result(
        conversation(), CREATING, "payment_link.refused", {"reason": "no"}
    )
    assert attempt.status is AttemptStatus.REFUSED
    assert changed.data["order"]["link"] is None
    assert told == (Happened("payment_link.refused", {"reason": "no"}),)
    other = conversation(link=None)
    assert after_result(other, CREATING, "payment_link.refused", {"reason": "no"})[1:] == (other, (), ())


@pytest.mark.parametrize("status", ["cancelled", "expired"])
def test_a_withdrawn_link_ends_as_razorpay_says_and_is_not_told(status: str) -> None:
    held = conversation()
    attempt, changed, told, calls = after_result(held, ATTEMPT, "payment_link.withdrawn", {"status": status})
    assert attempt.status == status
    assert (changed, told, calls) == (held, (), ())


def test_other_answers_are_refused() -> None:
    with pytest.raises(KeyError, match="unknown answer"):
        after_result(conversation(), ATTEMPT, "payment.captured", {})


def test_an_ending_that_razorpay_has_added_since_changes_nothing() -> None:
    held = conversation()
    unknown = {"status": "vanished"}
    assert after_result(held, ATTEMPT, "payment_link.withdrawn", unknown) == (ATTEMPT, held, (), ())


@pytest.mark.parametrize("status", ["expired", "cancelled"])
def test_an_adopted_link_that_has_ended_is_told_as_ended(status: str) -> None:
    waiting = conversation(link={"reference": "c-1-1.1", "expires_at": 9, "url": ""})
    answer = (CREATING, "payment_link.created", {**MADE, "status": status})
    attempt, changed, told, calls = after_result(waiting, *answer)
    assert attempt.status == status
    assert changed.data["order"]["link"] is None
    assert (told, calls) == ((Happened(f"payment_link.{status}"),), ())


def test_what_a_webhook_said_of_a_link_before_its_answer_came_stays() -> None:
    paid = replace(CREATING, status=AttemptStatus.PAID)
    answer = ("payment_link.created", MADE)
    attempt, _, told, calls = after_result(conversation(status="paid"), paid, *answer, settled=True)
    assert (attempt.status, attempt.link_id) == (AttemptStatus.PAID, "plink_1")
    assert (told, calls) == ((), ())
