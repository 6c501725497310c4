"""News of an order that arrives together, or while a new link waits: only what is still true is said."""

from dataclasses import replace

import pytest

from flows.engine.effects import StartTimer
from tests.builders import chat, link_of, link_withdrawn, payment_of, payments_fetched, timer, webhook
from tests.payments.memory_shop import NOW, MemoryShop

PART = 10_000


@pytest.mark.parametrize("source", ["webhook", "poll"])
def test_a_part_and_the_end_of_its_link_speak_of_the_link_for_the_rest_only(
    store: MemoryShop, source: str
) -> None:
    key = store.order_with_link()
    part, end = payment_of(key, "captured", PART), link_of(key, "expired")
    before = len(store.said)
    store.take(webhook(part, end) if source == "webhook" else payments_fetched(f"{key}.1", part, end))
    assert store.said[before:] == ["part_received"]


@pytest.mark.parametrize("meanwhile", ["nothing", "paid", "authorised"])
def test_the_delay_of_a_new_link_is_said_only_while_the_customer_waits_for_it(
    store: MemoryShop, meanwhile: str
) -> None:
    key = store.order_with_link()
    store.take(chat("cancel"))
    store.take(chat("retry"))
    [slow] = [due for due in store.last.timers if due.timer == "15 s"]
    if meanwhile == "paid":
        store.take(link_withdrawn(f"{key}.1", "paid"))
    elif meanwhile == "authorised":
        store.take(webhook(replace(payment_of(key, "authorized"), at=NOW // 1000)))
    assert said_at(store, slow) == (["link_slow"] if meanwhile == "nothing" else [])


def said_at(store: MemoryShop, due: StartTimer) -> list[str]:
    """Return what the timer makes the shop say when it is due."""
    before = len(store.said)
    store.take(timer(due), now=due.due)
    return store.said[before:]
