"""How an order was paid is said in the words that people use."""

import pytest

from payments.ledger.methods import paid_by


@pytest.mark.parametrize(
    ("method", "words"),
    [
        ("upi", "paid by UPI"),
        ("card", "paid by card"),
        ("netbanking", "paid by net banking"),
        ("emi", "paid by EMI"),
        ("cash", "paid in cash"),
        ("paper_money", "paid by paper money"),
        ("", "paid"),
    ],
)
def test_words(method: str, words: str) -> None:
    assert paid_by(method) == words
