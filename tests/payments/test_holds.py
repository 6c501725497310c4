"""Why money is held: stored as codes, shown to people in words, and never in the way of anything."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger import hints
from payments.ledger.holds import (
    REASONS,
    Hold,
    HoldReason,
    Mismatch,
    from_codes,
    in_words,
    needs_person,
    to_codes,
)

MISMATCHED = "mismatch: "
DISPUTED = "disputed: answer the dispute in Razorpay's dashboard"
LOST = "dispute lost: the payer's bank took the money back"
REFUSED = "refund refused: Razorpay would not make it"
FAILED = "refund failed: Razorpay could not give the money back"

WORDS = {
    "waiting": "short: waiting for the rest",
    "short": "short: less than the total was paid",
    "uncaptured": "authorised: the bank said yes, and nobody has captured the payment",
    "mismatch account": MISMATCHED + "paid into another Razorpay account",
    "mismatch link": MISMATCHED + "paid on a link that Munshi did not make",
    "mismatch unverified": MISMATCHED + "not seen by our own keys yet",
    "mismatch test_mode": MISMATCHED + "paid in test mode",
    "mismatch live_mode": MISMATCHED + "paid in live mode",
    "mismatch currency": MISMATCHED + "in another currency",
    "mismatch unknown": MISMATCHED + "for a reason that only another version of Munshi knows",
    "disputed": DISPUTED,
    "disputed refund_refused": f"{DISPUTED}; {REFUSED}",
    "disputed refund_failed": f"{DISPUTED}; {FAILED}",
    "dispute_lost": LOST,
    "dispute_lost refund_refused": f"{LOST}; {REFUSED}",
    "dispute_lost refund_failed": f"{LOST}; {FAILED}",
    "refund_refused": REFUSED,
    "refund_failed": FAILED,
    "remainder": "remainder: too little for Razorpay to give back",
    "late": "late: paid after the order had ended",
    "surplus": "surplus: more than the total was paid",
    "paid_again": "paid again: after money for the goods had been given back",
    "delivery": "delivery: the goods were refused, and a person decides about the fee",
    "delivery_kept": "delivery kept: the goods were refused, and the shop keeps the fee",
    "unexplained": "unexplained",
}
"""Every hold that there is: its codes, and what people read."""


@pytest.mark.parametrize("codes", WORDS)
def test_what_is_stored_is_read_back_and_shown_in_the_same_words(codes: str) -> None:
    hold = from_codes(codes)
    assert hold is not None
    assert to_codes(hold) == codes
    assert in_words(hold) == WORDS[codes]


def test_every_reason_and_every_mismatch_is_in_the_table() -> None:
    holds = [hold for codes in WORDS if (hold := from_codes(codes))]
    assert {hold.reason for hold in holds} == set(HoldReason) == REASONS.keys()
    assert {hold.mismatch for hold in holds} == {None, *Mismatch}
    assert len(set(holds)) == len(set(WORDS.values())) == len(WORDS)


HOLDS = st.one_of(
    st.builds(Hold, st.sampled_from([reason for reason in HoldReason if reason is not HoldReason.MISMATCH])),
    st.builds(Hold, st.just(HoldReason.MISMATCH), mismatch=st.sampled_from(Mismatch)),
    st.builds(
        Hold,
        st.sampled_from([HoldReason.DISPUTED, HoldReason.DISPUTE_LOST]),
        refund=st.none() | st.sampled_from([HoldReason.REFUND_REFUSED, HoldReason.REFUND_FAILED]),
    ),
)


@given(HOLDS)
def test_a_hold_is_read_as_it_was_written(hold: Hold) -> None:
    codes = to_codes(hold)
    assert codes is not None
    assert re.fullmatch("[a-z_ ]+", codes), "codes only"
    assert from_codes(codes) == hold


def test_nothing_held_is_nothing_stored() -> None:
    assert (to_codes(None), from_codes(None)) == (None, None)


@pytest.mark.parametrize(
    "codes",
    [
        "",
        "on_the_moon",
        "mismatch",
        "mismatch on_the_moon",
        "mismatch refund_failed",
        "disputed account",
        "late late",
        "WAITING",
        "short: waiting for the rest",
    ],
)
def test_what_cannot_be_read_waits_for_a_person(codes: str) -> None:
    hold = from_codes(codes)
    assert hold == Hold(HoldReason.UNEXPLAINED)
    assert needs_person(hold)
    assert hints.for_held(hold)


@given(st.text() | st.sampled_from(sorted(WORDS)).map(lambda codes: f"{codes} x"))
def test_no_stored_text_stops_anybody(text: str) -> None:
    hold = from_codes(text)
    assert hold is not None
    assert in_words(hold)
