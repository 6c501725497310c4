"""The signature of Razorpay's callback after a payment."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.razorpay.callback import signature_matches
from payments.signature import sign

SECRET = "the-api-keys-own-secret"


def returned(reference: str = "k3f9-27-4.2", status: str = "paid") -> dict[str, str]:
    link, payment = "plink_Ra7RmPd8KyWe33", "pay_Ra7TqLw2ZbXk91"
    return {
        "razorpay_payment_id": payment,
        "razorpay_payment_link_id": link,
        "razorpay_payment_link_reference_id": reference,
        "razorpay_payment_link_status": status,
        "razorpay_signature": sign(f"{link}|{reference}|{status}|{payment}".encode(), SECRET),
    }


def test_what_razorpay_signed_matches() -> None:
    assert signature_matches(returned(), SECRET)
    assert signature_matches(returned(reference=""), SECRET)
    assert signature_matches({**returned(), "utm_source": "x"}, SECRET)


@pytest.mark.parametrize("key", sorted(returned()))
def test_a_missing_or_a_changed_value_does_not_match(key: str) -> None:
    query = returned()
    assert not signature_matches({**query, key: query[key] + "1"}, SECRET)
    assert not signature_matches({**query, key: ""}, SECRET)
    del query[key]
    assert not signature_matches(query, SECRET)


def test_another_key_s_secret_does_not_match() -> None:
    assert not signature_matches(returned(), "the-webhooks-own-secret")


def test_a_bar_in_a_value_is_refused_although_the_signature_fits() -> None:
    signed = returned(reference="k3f9-27-4.2", status="paid|x")
    assert not signature_matches(signed, SECRET)
    moved = {
        **signed,
        "razorpay_payment_link_reference_id": "k3f9-27-4.2|paid",
        "razorpay_payment_link_status": "x",
    }
    assert not signature_matches(moved, SECRET)


def test_a_secret_too_short_to_be_trusted_matches_nothing() -> None:
    assert not signature_matches(returned(), "")
    assert not signature_matches(returned(), "short")


@given(
    st.dictionaries(
        st.sampled_from(sorted(returned())),
        st.text(st.characters(), max_size=80) | st.sampled_from(["\ud800", "\udc80", "é", "|"]),
        min_size=1,
    )
)
def test_nothing_raises_and_nothing_changed_matches(changes: dict[str, str]) -> None:
    query = {**returned(), **changes}
    assert signature_matches(query, SECRET) == (query == returned())
