"""A fact's detail is stored and read back whole; what cannot be read of it never costs the fact."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger.balance import balance
from payments.ledger.facts import (
    Detail,
    detail_from_json,
    detail_to_json,
    for_people,
    from_json,
    read_all,
    to_json,
)
from payments.ledger.holds import MISMATCHES, Mismatch
from tests.builders import TOTAL, captured

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=4,
)
NAMES = [field.name for field in fields(Detail)]
DETAILS = st.builds(
    Detail,
    on_top=st.integers(min_value=0),
    fee=st.none() | st.integers(min_value=0),
    mismatch=st.none() | st.sampled_from(Mismatch),
)


@given(DETAILS)
def test_a_detail_is_read_as_it_was_written(detail: Detail) -> None:
    assert detail_from_json(json.loads(json.dumps(detail_to_json(detail)))) == detail


@given(DETAILS)
def test_a_fact_is_read_as_it_was_written(detail: Detail) -> None:
    told = replace(captured(), detail=detail)
    assert from_json(json.loads(json.dumps(to_json(told)))) == told


def test_only_what_is_unusual_is_written() -> None:
    assert detail_to_json(Detail()) == {}
    said = {"link": "plink_1", "mismatch": "unverified", "on_top": 425, "fee": 425, "captured": False}
    assert detail_to_json(detail_from_json(said)) == said


@given(
    st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), ANY_JSON, max_size=6) | ANY_JSON,
    st.sampled_from(["payment", "refund", "dispute"]),
)
def test_nothing_in_a_detail_costs_its_fact(said: Any, entity: str) -> None:
    facts, problems = read_all([{**to_json(captured()), "entity": entity, "detail": said}])
    assert problems == ()
    [fact] = facts
    json.dumps(to_json(fact))
    balance(TOTAL, "INR", facts)


@pytest.mark.parametrize(
    "said",
    [
        {"unheard_of": "x"},
        {"link": 5, "method": None, "payment_id": ["pay_1"]},
        {"on_top": "425"},
        {"on_top": -5},
        {"fee": True},
        {"fee": 4.25},
        {"captured": "false"},
        {"payer_bears_fee": "customer"},
        {"mismatch": None},
        {"mismatch": ""},
        None,
        [],
        "x",
    ],
)
def test_what_makes_no_sense_counts_as_missing(said: object) -> None:
    assert detail_from_json(said) == Detail()


@pytest.mark.parametrize("said", ["paid on the moon", 7, ["account"], {"why": "x"}])
def test_a_payment_does_not_fit_because_nobody_knows_why_it_did_not(said: object) -> None:
    detail = detail_from_json({"mismatch": said, "link": "plink_1"})
    assert detail == Detail(link="plink_1", mismatch=Mismatch.UNKNOWN)
    assert balance(TOTAL, "INR", [captured(link="plink_1", mismatch=detail.mismatch)]).paid == 0


def test_people_read_the_mismatch_in_words() -> None:
    assert for_people(Detail(method="upi")) == {"method": "upi"}
    said = for_people(Detail(method="upi", mismatch=Mismatch.ACCOUNT))
    assert said == {"method": "upi", "mismatch": "paid into another Razorpay account"}


def test_each_mismatch_has_its_words() -> None:
    assert MISMATCHES == {
        Mismatch.ACCOUNT: "paid into another Razorpay account",
        Mismatch.LINK: "paid on a link that Munshi did not make",
        Mismatch.UNVERIFIED: "not seen by our own keys yet",
        Mismatch.TEST_MODE: "paid in test mode",
        Mismatch.LIVE_MODE: "paid in live mode",
        Mismatch.CURRENCY: "in another currency",
        Mismatch.UNKNOWN: "for a reason that only another version of Munshi knows",
    }
    assert MISMATCHES.keys() == set(Mismatch)
