"""Orders, their keys, and the JSON of lines, facts and calls."""

import string

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.ledger import calls, facts
from payments.ledger.calls import CancelLink, CreateLink
from payments.shop import orders
from payments.shop.orders import Line
from storage.inbox.nonces import LETTERS
from tests.builders import captured

CONVERSATIONS = st.from_regex(r"[a-z]{8}-[0-9]{1,10}", fullmatch=True)
NONCES = st.text(string.ascii_lowercase, min_size=LETTERS, max_size=LETTERS)


@given(CONVERSATIONS, st.integers(1, 9999), st.integers(1, 99), NONCES)
def test_keys_come_apart_again(conversation: str, ordinal: int, attempt: int, nonce: str) -> None:
    key = orders.order_key(conversation, ordinal, nonce)
    reference = orders.reference_id(key, attempt, nonce)
    assert reference == f"{conversation}-{ordinal}{nonce[:6]}.{attempt}{nonce[6:]}"
    assert orders.order_key_of(reference) == key
    assert orders.conversation_of(key) == conversation
    assert len(reference) <= 40


@pytest.mark.parametrize(
    "key", ["", "order_1", "sim-1", "SIM-1-1", "a-1-1.1", "a-1-x", "a-१-1", "a-1-1\n", "x/a-1-1"]
)
def test_keys_of_others_belong_to_no_conversation(key: str) -> None:
    assert orders.conversation_of(key) is None


def test_a_reference_of_another_system_stays() -> None:
    assert orders.order_key_of("receipt#7") == "receipt#7"


def test_values_survive_json() -> None:
    lines = (Line("a", "अ", 2, 24_950), Line("b", "B", 1, 1))
    told = orjson.loads(orjson.dumps(orders.lines_to_json(lines)))
    assert told == [
        {"sku": "a", "name": "अ", "quantity": 2, "price": 24_950, "total": 49_900},
        {"sku": "b", "name": "B", "quantity": 1, "price": 1, "total": 1},
    ]
    fact = captured(5, order_key="k-1-1", at=7, method="upi")
    assert facts.from_json(orjson.loads(orjson.dumps(facts.to_json(fact)))) == fact
    for call in (CreateLink("k-1-1.1", "k-1-1", 5, "INR", "Order", 9), CancelLink("k-1-1.1", None)):
        assert calls.from_json(orjson.loads(orjson.dumps(calls.to_json(call)))) == call
    with pytest.raises(KeyError):
        calls.from_json({"call": "Refund"})
