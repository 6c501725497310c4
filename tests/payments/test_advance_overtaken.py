"""Timers that run out in the same step as later events, as after the server was down."""

from tests.builders import chat, payment_of, timer, webhook
from tests.payments.memory_shop import NOW, MemoryShop

MINUTE = 60_000


def test_that_a_link_ran_out_is_not_told_together_with_its_payment(store: MemoryShop) -> None:
    key = store.order_with_link()
    [*_, last] = store.last.timers
    before = len(store.said)
    store.take(timer(last), webhook(payment_of(key, "captured")), now=NOW + 60 * MINUTE)
    assert store.said[before:] == ["payment_successful"]
    [expiry, paid] = store.last.results
    assert [entry["unsaid"] for entry in expiry.trace if "unsaid" in entry] == [["link_expired"]]
    assert [entry["said"] for entry in paid.trace if "said" in entry] == [["payment_successful"]]
    assert {cause for cause, _ in store.last.changes.messages} <= {expiry.number, paid.number}


def test_what_the_customer_asked_for_is_told_whatever_came_after_it(store: MemoryShop) -> None:
    key = store.order_with_link()
    before = len(store.said)
    store.take(chat("pay"), webhook(payment_of(key, "captured")))
    assert store.said[before:] == ["payment_url", "payment_successful"]


def test_time_that_ran_out_where_the_customer_still_is_is_told(store: MemoryShop) -> None:
    store.order_with_link()
    reminder = store.last.timers[1]
    before = len(store.said)
    store.take(chat("pay"), timer(reminder), now=NOW + 11 * MINUTE)
    assert store.said[before:] == ["payment_url", "payment_reminder"]
