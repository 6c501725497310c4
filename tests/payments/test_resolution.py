"""How an order and its money are resolved, by the shop's policy and by the order's lifecycle."""

from dataclasses import replace
from typing import Any, Final

import pytest

from payments.ledger.calls import CancelLink
from payments.ledger.facts import Fact, FactState
from payments.ledger.holds import Hold, HoldReason, Mismatch
from payments.ledger.refunds import RefundStatus
from payments.ledger.resolution import resolve, wants_rest
from payments.ledger.state import OrderState
from payments.shop.catalogue import Repairs
from payments.shop.orders import AttemptStatus, Lifecycle, Line
from payments.shop.stock import StockMove
from tests import builders
from tests.builders import KEY, TOTAL, attempt, dispute, order, order_state, payment, refund, refunded

ORDER: Final = order(lines=(Line("a", "A", 2, TOTAL // 2),))
SHIPPED: Final = Repairs()
PLENTY: Final = {"a": 2}
NONE_LEFT: Final = {"a": 1}
WAITS: Final = Hold(HoldReason.WAITING)
REMAINDER: Final = Hold(HoldReason.REMAINDER)


def captured(amount: int = TOTAL, id: str = "pay_1", at: int = 1, **rest: Any) -> Fact:
    """A payment on the order's first link."""
    return builders.captured(amount, id, at=at, **{"link": "plink_1", **rest})


def state(*facts: Fact, lifecycle: Lifecycle = Lifecycle.OPEN, **rest: Any) -> OrderState:
    """The order with one link; if it is fulfilled, its whole total stands for goods."""
    if lifecycle is Lifecycle.FULFILLED:
        rest.setdefault("fulfilled", TOTAL)
    rest.setdefault("attempts", (attempt(),))
    return order_state(*facts, order=ORDER, lifecycle=lifecycle, **rest)


def refunds(done: OrderState) -> dict[str, int]:
    return {refund.key: refund.amount for refund in done.refunds}


OPEN, LAPSED = Lifecycle.OPEN, Lifecycle.LAPSED
FULFILLED, RETURNED = Lifecycle.FULFILLED, Lifecycle.RETURNED


@pytest.mark.parametrize(
    ("before", "late", "left", "after", "held_for"),
    [
        (OPEN, "fulfil", NONE_LEFT, FULFILLED, None),
        (OPEN, "refund", NONE_LEFT, FULFILLED, None),
        (OPEN, "hold", NONE_LEFT, FULFILLED, None),
        (LAPSED, "fulfil", PLENTY, FULFILLED, None),
        (LAPSED, "fulfil", {}, FULFILLED, None),
        (LAPSED, "fulfil", NONE_LEFT, RETURNED, None),
        (LAPSED, "refund", PLENTY, RETURNED, None),
        (LAPSED, "hold", PLENTY, LAPSED, Hold(HoldReason.LATE)),
        (RETURNED, "fulfil", PLENTY, RETURNED, None),
        (FULFILLED, "refund", PLENTY, FULFILLED, None),
    ],
)
def test_the_whole_total_came(
    before: Lifecycle, late: Any, left: dict[str, int], after: Lifecycle, held_for: Hold | None
) -> None:
    done = resolve(state(captured(), lifecycle=before), Repairs(late=late), left)
    assert (done.state.lifecycle, done.state.held_for) == (after, held_for)
    assert refunds(done.state) == ({"pay_1-1": TOTAL} if after is RETURNED else {})
    assert done.state.fulfilled == (TOTAL if after is FULFILLED else 0)
    assert done.state.held == (TOTAL if after is LAPSED else 0)
    assert done.asked == done.state.refunds


@pytest.mark.parametrize(
    ("before", "short", "amount", "after", "held_for"),
    [
        (OPEN, "top up", 20_000, OPEN, WAITS),
        (OPEN, "top up", TOTAL - 100, OPEN, WAITS),
        (OPEN, "top up", TOTAL - 99, RETURNED, None),  # Razorpay makes no link under ₹1
        (OPEN, "top up", 99, OPEN, REMAINDER),
        (OPEN, "refund", 20_000, RETURNED, None),
        (OPEN, "refund", 99, RETURNED, REMAINDER),
        (OPEN, "hold", 20_000, OPEN, Hold(HoldReason.SHORT)),
        (LAPSED, "top up", 20_000, RETURNED, None),
        (LAPSED, "refund", 20_000, RETURNED, None),
        (LAPSED, "hold", 20_000, LAPSED, Hold(HoldReason.SHORT)),
        (RETURNED, "top up", 20_000, RETURNED, None),
        (RETURNED, "hold", 20_000, RETURNED, None),
    ],
)
def test_too_little_came(
    before: Lifecycle, short: Any, amount: int, after: Lifecycle, held_for: Hold | None
) -> None:
    rules = Repairs(short=short)
    done = resolve(state(captured(amount), lifecycle=before), rules, PLENTY).state
    assert (done.lifecycle, done.held_for) == (after, held_for)
    assert refunds(done) == ({"pay_1-1": amount} if after is RETURNED and amount >= 100 else {})
    assert (done.fulfilled, done.held) == (0, amount if held_for else 0)
    assert wants_rest(done, rules) is (after is OPEN and short == "top up")
    assert done.due == TOTAL - amount


@pytest.mark.parametrize(
    ("surplus", "extra", "asked", "held_for"),
    [
        ("refund", 2_000, {"pay_1-1": 2_000}, None),
        ("refund", 99, {}, REMAINDER),
        ("hold", 2_000, {}, Hold(HoldReason.SURPLUS)),
        ("hold", 99, {}, REMAINDER),
    ],
)
def test_too_much_came(surplus: Any, extra: int, asked: dict[str, int], held_for: Hold | None) -> None:
    done = resolve(state(captured(TOTAL + extra)), Repairs(surplus=surplus), PLENTY).state
    assert (done.lifecycle, done.fulfilled, done.held_for) == (FULFILLED, TOTAL, held_for)
    assert (refunds(done), done.held) == (asked, extra - sum(asked.values()))


def test_small_remainders_of_several_payments_are_no_less_explained() -> None:
    """Razorpay refunds nothing under ₹1 of a payment, and together they are more."""
    halves = [captured(25_000), captured(25_000, "pay_2", 2)]
    by_hand = [refunded("processed", 24_940), refunded("processed", 24_940, "rfnd_2", "pay_2")]
    done = resolve(state(*halves, *by_hand, lifecycle=LAPSED), SHIPPED, NONE_LEFT)
    assert (done.state.lifecycle, done.state.held, done.state.held_for) == (RETURNED, 120, REMAINDER)
    assert done.asked == ()


def test_of_two_payments_the_later_one_goes_back_whichever_is_known_first() -> None:
    first, second = captured(), captured(id="pay_2", at=2)
    for known in ((first, second), (second, first)):
        done = resolve(state(known[0]), SHIPPED, PLENTY).state
        assert refunds(done) == {}
        done = resolve(replace(done, facts=known), SHIPPED, PLENTY).state
        assert refunds(done) == {"pay_2-1": TOTAL}
        assert (done.fulfilled, done.held, done.held_for) == (TOTAL, 0, None)


@pytest.mark.parametrize(
    ("fact", "reason", "held"),
    [
        (
            captured(mismatch=Mismatch.TEST_MODE),
            Hold(HoldReason.MISMATCH, mismatch=Mismatch.TEST_MODE),
            TOTAL,
        ),
        (captured(currency="USD"), Hold(HoldReason.MISMATCH, mismatch=Mismatch.CURRENCY), 0),
    ],
)
@pytest.mark.parametrize("before", [OPEN, LAPSED])
def test_money_that_does_not_fit_waits_for_a_person_until_it_is_back(
    fact: Fact, reason: Hold, held: int, before: Lifecycle
) -> None:
    ended = (attempt(status=AttemptStatus.PAID),)
    done = resolve(state(fact, lifecycle=before, attempts=ended), SHIPPED, PLENTY)
    assert (done.state.lifecycle, done.state.held, done.state.held_for) == (before, held, reason)
    assert (done.asked, done.moves) == ((), ())
    back = replace(done.state, facts=(fact, replace(refunded("processed", TOTAL), currency=fact.currency)))
    done = resolve(back, SHIPPED, PLENTY)
    assert (done.state.lifecycle, done.state.held, done.state.held_for) == (LAPSED, 0, None)
    assert done.moves == ((StockMove("a", -2, 0),) if before is OPEN else ())


def test_money_beside_what_does_not_fit_is_not_decided_about() -> None:
    both = state(captured(20_000), captured(id="pay_2", mismatch=Mismatch.TEST_MODE))
    done = resolve(both, SHIPPED, PLENTY).state
    assert (done.lifecycle, done.held) == (OPEN, TOTAL + 20_000)
    assert not wants_rest(done, SHIPPED)


@pytest.mark.parametrize(
    ("statuses", "facts", "after"),
    [
        (["expired"], (), LAPSED),
        (["cancelled", "refused"], (), LAPSED),
        (["expired", "withdrawing"], (), OPEN),
        (["expired", "created"], (), OPEN),
        (["creating"], (), OPEN),
        ([], (), OPEN),
        (["paid"], (), OPEN),  # its capture is on its way
        (["expired"], (payment("authorized"),), OPEN),
        (["expired"], (payment("failed"),), LAPSED),
    ],
)
def test_an_order_lapses_when_nothing_can_come_any_more(
    statuses: list[str], facts: tuple[Fact, ...], after: Lifecycle
) -> None:
    attempts = tuple(attempt(n, status=AttemptStatus(status)) for n, status in enumerate(statuses, 1))
    done = resolve(state(*facts, attempts=attempts), SHIPPED, PLENTY)
    assert done.state.lifecycle is after
    assert done.moves == ((StockMove("a", -2, 0),) if after is LAPSED else ())


@pytest.mark.parametrize("status", ["refused", "expired", "cancelled"])
def test_all_goes_back_when_the_rest_can_never_come(status: str) -> None:
    rest = attempt(2, 30_000, AttemptStatus(status))
    done = resolve(state(captured(20_000), attempts=(attempt(), rest)), SHIPPED, PLENTY)
    assert (done.state.lifecycle, refunds(done.state)) == (RETURNED, {"pay_1-1": 20_000})
    assert done.moves == (StockMove("a", -2, 0),)
    late = replace(done.state, facts=(captured(20_000), captured(30_000, "pay_2", 2)))
    done = resolve(late, SHIPPED, PLENTY)
    assert (done.state.lifecycle, refunds(done.state)) == (RETURNED, {"pay_1-1": 20_000, "pay_2-1": 30_000})
    assert done.moves == ()


@pytest.mark.parametrize(
    ("before", "late", "after", "moves"),
    [
        (OPEN, "fulfil", FULFILLED, (StockMove("a", -2, 2),)),
        (LAPSED, "fulfil", FULFILLED, (StockMove("a", 0, 2),)),
        (LAPSED, "refund", RETURNED, ()),
        (LAPSED, "hold", LAPSED, ()),
        (FULFILLED, "fulfil", FULFILLED, ()),
        (RETURNED, "fulfil", RETURNED, ()),
    ],
)
def test_goods_are_sold_once(
    before: Lifecycle, late: Any, after: Lifecycle, moves: tuple[StockMove, ...]
) -> None:
    done = resolve(state(captured(), lifecycle=before), Repairs(late=late), PLENTY)
    assert (done.state.lifecycle, done.moves) == (after, moves)
    assert resolve(state(captured(), lifecycle=before), Repairs(late=late), {}).moves == ()


def test_what_must_not_be_paid_any_more_is_withdrawn() -> None:
    links = (attempt(), attempt(2, status=AttemptStatus.CREATING), attempt(3, status=AttemptStatus.EXPIRED))
    assert resolve(state(attempts=links), SHIPPED, PLENTY).withdrawn == ()
    for lifecycle, facts in ((LAPSED, ()), (RETURNED, ()), (OPEN, (captured(20_000),))):
        done = resolve(state(*facts, attempts=links, lifecycle=lifecycle), SHIPPED, PLENTY)
        assert done.withdrawn == (CancelLink(f"{KEY}.1", "plink_1"), CancelLink(f"{KEY}.2", "plink_2"))
        assert [str(a.status) for a in done.state.attempts] == ["withdrawing", "withdrawing", "expired"]
        assert resolve(done.state, SHIPPED, PLENTY).withdrawn == ()
    rest = (*links, attempt(4, 30_000))
    done = resolve(state(captured(20_000), attempts=rest), SHIPPED, PLENTY)
    assert len(done.withdrawn) == 2


def test_a_link_that_took_its_amount_needs_no_withdrawing() -> None:
    links = (attempt(), attempt(2, status=AttemptStatus.CREATING))
    done = resolve(state(captured(), attempts=links), SHIPPED, PLENTY)
    assert [call.reference_id for call in done.withdrawn] == [f"{KEY}.2"]
    assert [str(a.status) for a in done.state.attempts] == ["created", "withdrawing"]


@pytest.mark.parametrize(
    ("status", "held", "reason"),
    [
        (RefundStatus.FAILED, 2_000, Hold(HoldReason.REFUND_FAILED)),
        (RefundStatus.REFUSED, 2_000, Hold(HoldReason.REFUND_REFUSED)),
        (RefundStatus.ASKED, 0, None),
        (RefundStatus.PROCESSED, 0, None),
    ],
)
def test_a_refund_that_did_not_work_is_a_persons_task(
    status: RefundStatus, held: int, reason: Hold | None
) -> None:
    row = refund(status, 2_000)
    done = resolve(state(captured(TOTAL + 2_000), refunds=(row,)), SHIPPED, PLENTY)
    assert (done.state.held, done.state.held_for, done.asked) == (held, reason, ())


def test_a_dispute_waits_for_a_person() -> None:
    done = resolve(state(captured(), dispute("created")), SHIPPED, PLENTY).state
    assert done.held_for == Hold(HoldReason.DISPUTED)
    assert (done.lifecycle, done.fulfilled, done.held) == (FULFILLED, TOTAL, 0)


def test_goods_and_the_whole_money_back_only_if_somebody_did_it_by_hand() -> None:
    paid = resolve(state(captured()), SHIPPED, PLENTY).state
    done = resolve(replace(paid, facts=(captured(), refunded("processed", TOTAL))), SHIPPED, PLENTY).state
    assert (done.lifecycle, done.fulfilled, done.held, done.held_for) == (FULFILLED, 0, 0, None)


def test_more_can_not_go_back_than_came() -> None:
    """A refund failed, a person made another, and the failure is not known yet."""
    facts = (captured(), refunded("created", TOTAL, key="pay_1-1"), refunded("created", TOTAL, id="rfnd_2"))
    row = refund(reason="order returned")
    done = resolve(state(*facts, lifecycle=RETURNED, refunds=(row,)), SHIPPED, PLENTY).state
    assert (done.fulfilled, done.held, done.held_for) == (0, 0, None)
    known = replace(done, facts=(*facts, refunded("failed", TOTAL)))
    done = resolve(known, SHIPPED, PLENTY).state
    assert (done.fulfilled, done.held, done.held_for) == (0, 0, None)
    assert {refund.status for refund in done.refunds} == {RefundStatus.FAILED, RefundStatus.CREATED}


OUTSIDE_REFUND = refunded("processed", TOTAL, "rfnd_9")


def test_money_that_went_back_before_it_was_known_buys_nothing() -> None:
    done = resolve(state(captured(), OUTSIDE_REFUND), SHIPPED, PLENTY)
    assert (done.state.lifecycle, done.state.fulfilled, done.state.held) == (RETURNED, 0, 0)
    short = replace(OUTSIDE_REFUND, amount=20_000)
    links = (attempt(status=AttemptStatus.CANCELLED), attempt(2, 30_000))
    done = resolve(state(captured(20_000), short, attempts=links), SHIPPED, PLENTY)
    assert (done.state.lifecycle, [call.reference_id for call in done.withdrawn]) == (RETURNED, [f"{KEY}.2"])


def test_a_payment_after_the_goods_money_went_back_is_a_persons_task() -> None:
    again = captured(id="pay_2")
    before = resolve(state(captured(), lifecycle=FULFILLED), SHIPPED, PLENTY).state
    back = resolve(replace(before, facts=(*before.facts, OUTSIDE_REFUND)), SHIPPED, PLENTY).state
    assert (back.lifecycle, back.fulfilled, back.held) == (FULFILLED, 0, 0)
    done = resolve(replace(back, facts=(*back.facts, again)), SHIPPED, PLENTY)
    assert (done.asked, done.state.fulfilled, done.state.held) == ((), 0, 50_000)
    assert done.state.held_for == Hold(HoldReason.PAID_AGAIN)


@pytest.mark.parametrize("end", ["created", "lost"])
def test_what_is_disputed_is_not_given_back_as_well(end: str) -> None:
    course = [dispute(state, payment_id="pay_1") for state in ("created", end)]
    done = resolve(state(captured(), *course, lifecycle=LAPSED), Repairs(late="refund"), PLENTY)
    assert (done.state.lifecycle, done.asked, done.state.held) == (RETURNED, (), 50_000)
    reason = HoldReason.DISPUTED if end == "created" else HoldReason.DISPUTE_LOST
    assert done.state.held_for == Hold(reason)


def test_a_lost_dispute_stays_in_sight_and_a_won_one_does_not() -> None:
    lost, won = dispute("lost", payment_id="pay_1"), dispute("won", payment_id="pay_1")
    assert resolve(state(captured(), lost), SHIPPED, PLENTY).state.held_for == Hold(HoldReason.DISPUTE_LOST)
    assert resolve(state(captured(), won), SHIPPED, PLENTY).state.held_for is None


def test_while_a_paid_link_lacks_its_payment_no_other_may_be_paid() -> None:
    links = (attempt(status=AttemptStatus.PAID), attempt(2))
    done = resolve(state(attempts=links), SHIPPED, PLENTY)
    assert [call.reference_id for call in done.withdrawn] == [f"{KEY}.2"]


def test_goods_are_paid_for_again_once_a_refund_came_to_nothing() -> None:
    paid = resolve(state(captured()), SHIPPED, PLENTY).state
    back = resolve(
        replace(paid, facts=(*paid.facts, replace(OUTSIDE_REFUND, state=FactState.CREATED))), SHIPPED, PLENTY
    )
    assert back.state.fulfilled == 0
    failed = replace(OUTSIDE_REFUND, state=FactState.FAILED)
    done = resolve(replace(back.state, facts=(*back.state.facts, failed)), SHIPPED, PLENTY)
    assert (done.state.fulfilled, done.state.held) == (50_000, 0)
