"""A payment counts only if its account, mode and link are ours, however valid its signature is."""

from typing import Any, Final

import pytest

from payments.ledger.facts import Detail, Fact
from payments.ledger.holds import Mismatch
from payments.ledger.matching import judged, known_account, may_have_taken
from payments.ledger.state import OrderState
from payments.shop.orders import Attempt, AttemptStatus, Mode
from tests import builders
from tests.builders import attempt, order_state, payment_link, refunded, unmade_attempt

MADE: Final = attempt(mode="live")
UNMADE: Final = unmade_attempt(2)
PLANNED: Final = unmade_attempt(2, status=AttemptStatus.PLANNED)


def state(*attempts: Attempt) -> OrderState:
    return order_state(attempts=attempts)


def payment(link: str = "plink_1", status: str = "captured", **detail: Any) -> Fact:
    """A payment of the whole total on `link`; if it is empty, the payment names no link."""
    linked: dict[str, Any] = {"link": link} if link else {}
    return builders.payment(status, **linked, **detail)


def mismatch(
    fact: Fact,
    of: OrderState,
    *,
    ours: str | None = "acc_1",
    account: str | None = None,
    mode: Mode | None = None,
) -> Mismatch | None:
    (found,) = judged([fact], of, ours=ours, account=account, mode=mode)
    return found.detail.mismatch


@pytest.mark.parametrize(
    ("ours", "account", "reason"),
    [
        ("acc_1", "acc_1", None),
        ("acc_1", "acc_2", Mismatch.ACCOUNT),
        ("acc_1", None, None),
        (None, "acc_2", None),
        (None, None, None),
    ],
)
def test_the_account_must_be_ours_once_we_know_it(
    ours: str | None, account: str | None, reason: Mismatch | None
) -> None:
    assert mismatch(payment(), state(MADE), ours=ours, account=account) is reason


@pytest.mark.parametrize(
    ("link", "attempts", "reason"),
    [
        ("plink_1", (MADE,), None),
        ("plink_9", (MADE,), Mismatch.LINK),
        ("plink_9", (MADE, UNMADE), Mismatch.UNVERIFIED),  # the answer that names it may be on its way
        ("plink_1", (MADE, UNMADE), None),
        ("plink_9", (MADE, PLANNED), Mismatch.LINK),  # Razorpay was not asked for it
        ("plink_1", (), Mismatch.LINK),
        ("", (MADE,), Mismatch.UNVERIFIED),
        ("", (PLANNED,), Mismatch.LINK),
        ("", (), Mismatch.LINK),
    ],
)
def test_the_link_must_be_one_that_we_made(
    link: str, attempts: tuple[Attempt, ...], reason: Mismatch | None
) -> None:
    assert mismatch(payment(link), state(*attempts)) is reason


@pytest.mark.parametrize(
    ("made", "keys", "reason"),
    [
        (Mode.LIVE, Mode.LIVE, None),
        (Mode.TEST, Mode.TEST, None),
        (Mode.TEST, Mode.LIVE, Mismatch.TEST_MODE),
        (Mode.LIVE, Mode.TEST, Mismatch.LIVE_MODE),
        (Mode.LIVE, None, None),
        (None, Mode.LIVE, None),
    ],
)
def test_the_mode_must_be_that_of_the_keys(
    made: Mode | None, keys: Mode | None, reason: Mismatch | None
) -> None:
    assert mismatch(payment(), state(attempt(mode=made)), mode=keys) is reason


def test_razorpay_is_asked_about_the_links_over_which_it_may_have_come() -> None:
    attempts = (MADE, UNMADE, PLANNED)
    assert may_have_taken(payment("plink_1"), attempts) == (MADE,)
    assert may_have_taken(payment("plink_9"), attempts) == (UNMADE,)
    assert may_have_taken(payment(""), attempts) == (MADE, UNMADE)


def test_only_money_that_came_is_judged() -> None:
    others = [
        payment("plink_9", "failed"),
        payment_link("paid", id="plink_9"),
        refunded("created"),
    ]
    assert judged(others, state(MADE), ours="acc_1", account="acc_2", mode=Mode.TEST) == others
    assert mismatch(payment("plink_9", "authorized"), state(MADE)) is Mismatch.LINK


def test_what_a_fact_says_else_stays() -> None:
    (found,) = judged([payment("plink_9", method="upi")], state(MADE), ours=None, account=None, mode=None)
    assert found.detail == Detail(link="plink_9", method="upi", mismatch=Mismatch.LINK)


@pytest.mark.parametrize(
    ("fact", "known"),
    [
        (payment(), "acc_7"),
        (payment("plink_9"), None),
        (payment(""), None),
        (payment_link("paid"), None),
    ],
)
def test_our_account_is_learned_only_from_a_payment_on_a_link_that_only_we_can_have_made(
    fact: Fact, known: str | None
) -> None:
    assert known_account([fact], state(MADE, UNMADE), "acc_7") == known
    assert known_account([fact], state(MADE), None) is None
