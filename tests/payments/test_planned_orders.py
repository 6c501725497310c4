"""Orders whose link is only planned: what ends the plan, what begins it, what becomes of goods."""

from typing import Final

from bot.whatsapp.limits import LIMITS
from flows.engine.model import Flow
from flows.language.load import load
from payments.ledger.calls import CancelLink
from payments.processing.actions import SHOP
from payments.processing.changes import Outcome
from payments.shop.orders import AttemptStatus, Lifecycle
from tests.builders import (
    chat,
    link_created,
    link_of,
    link_withdrawn,
    payment_of,
    refunded,
    request,
    webhook,
)
from tests.payments.memory_shop import NOW, MemoryShop
from tests.payments.two_orders import LAST, LIFE, ordered_again, paid, requested_links

PLACED_FIRST: Final = "do: [order.place, payment.request], to: awaiting_payment"


def test_an_order_that_is_placed_before_its_link_is_asked_for_waits_too(
    store: MemoryShop, shop_text: str
) -> None:
    assert shop_text.count(PLACED_FIRST) == 1
    apart = shop_text.replace(PLACED_FIRST, PLACED_FIRST.replace(", payment.request", ""))
    store.flow = load(apart, "flows.yaml", SHOP, limits=LIMITS)
    first = store.order()
    store.take(chat("retry"))
    store.take(link_created(f"{first}.1"))
    second = store.order()
    assert store.last.calls == (CancelLink(f"{first}.1", f"plink_{first}.1"),)
    store.take(chat("retry"))
    assert store.last.calls == (CancelLink(f"{first}.1", None),)
    third = store.order()
    store.take(chat("retry"))
    assert requested_links(store) == []
    store.take(link_withdrawn(f"{first}.1"))
    assert requested_links(store) == [f"{third}.1"]
    assert store.status(second) is AttemptStatus.CANCELLED


def test_an_end_that_is_parked_begins_nothing_until_it_is_replayed(
    store: MemoryShop, shop_text: str, shop_flow: Flow
) -> None:
    old, new = ordered_again(store)
    end = link_withdrawn(f"{old}.1", "paid")
    store.flow = load(
        shop_text.replace("Your earlier order was paid", "{{ 1 // (cart.count - cart.count) }}"),
        "flows.yaml",
        SHOP,
        limits=LIMITS,
    )
    store.take(end)
    assert (store.outcomes, store.status(new)) == ([Outcome.PARKED], AttemptStatus.PLANNED)
    assert store.status(old) is AttemptStatus.WITHDRAWING
    store.flow = shop_flow
    store.take(end)
    assert (store.said[-1], store.status(new)) == ("earlier_order_paid", AttemptStatus.REFUSED)


def test_two_orders_and_the_end_of_a_link_in_one_step(store: MemoryShop) -> None:
    old = store.order_with_link()
    store.take(request(("ginger-250", 1)), webhook(link_of(old, "expired")), request(("ginger-250", 1)))
    second, third = list(store.orders)[1:]
    ended = [call.reference_id for call in store.last.calls if isinstance(call, CancelLink)]
    assert (ended, requested_links(store)) == ([f"{old}.1", f"{second}.1"], [f"{second}.1"])
    assert (store.status(second), store.status(third)) == (AttemptStatus.WITHDRAWING, AttemptStatus.PLANNED)


def test_an_order_that_never_meets_another_is_asked_for_at_once(store: MemoryShop) -> None:
    key = store.order()
    assert requested_links(store) == [f"{key}.1"]
    assert not store.conversation.data.get("earlier_links")


def last_ordered(store: MemoryShop) -> tuple[str, int]:
    """Order the last pieces, with a link. Return key and total."""
    store.take(request(LAST))
    key = store.current
    store.take(link_created(f"{key}.1"))
    return key, store.orders[key].order.total


def test_what_an_earlier_order_brought_in_goes_back_if_its_goods_are_the_later_ones(
    store: MemoryShop,
) -> None:
    """The customer gets one of the two orders, not neither."""
    old, total = last_ordered(store)
    store.take(request(LAST))
    new = store.current
    store.take(webhook(payment_of(old, "captured", total)))
    store.take(link_withdrawn(f"{old}.1", "paid"))
    assert store.orders[old].lifecycle is Lifecycle.RETURNED
    assert (store.said[-1], store.orders[new].lifecycle) == ("payment_returned", Lifecycle.OPEN)
    assert store.status(new) is AttemptStatus.CREATING
    assert store.left == {"kulhad-6": 0}


def test_the_plan_of_an_order_with_money_under_way_ends_when_another_is_placed(store: MemoryShop) -> None:
    """Otherwise nothing would end it, and its goods would stay reserved for ever."""
    old, total = last_ordered(store)
    soon = NOW + LIFE - 60_000
    store.take(chat("retry"), now=soon)
    assert [a.status for a in store.orders[old].attempts][-1] is AttemptStatus.PLANNED
    store.take(webhook(payment_of(old, "authorized", total)), now=soon)
    store.take(request(("ginger-250", 1)), now=soon)
    store.take(link_withdrawn(f"{old}.1"), now=soon)
    store.take(webhook(refunded("processed", total, order_key=old, captured=False)), now=soon)
    assert not any(attempt.live for attempt in store.orders[old].attempts)
    assert (store.orders[old].lifecycle, store.left) == (Lifecycle.LAPSED, {"kulhad-6": 12})


def test_what_is_said_of_an_order_that_the_chat_has_left_moves_nothing_and_the_trace_says_so(
    store: MemoryShop,
) -> None:
    old, _ = ordered_again(store)
    store.take(paid(old))
    aside, chat_itself = store.last.results[0].trace
    assert (aside["event"], aside["aside"], aside["entered"], aside["did"]) == (
        "payment.captured", True, [], [],
    )  # fmt: skip
    assert aside["said"] == ["payment_successful"]
    assert (chat_itself["event"], chat_itself["entered"]) == ("payment_link.refused", ["failed"])
    assert "aside" not in chat_itself


def test_the_time_to_pay_begins_with_the_link(store: MemoryShop) -> None:
    old, new = ordered_again(store)
    [early] = [timer for timer in store.last.timers if timer.timer == "25 min"]
    late = NOW + 24 * 60_000
    store.take(link_withdrawn(f"{old}.1"), now=late)
    store.take(link_created(f"{new}.1"), now=late)
    [timer] = [timer for timer in store.last.timers if timer.timer == "25 min"]
    assert (timer.due - late, timer.visit) == (25 * 60_000, early.visit + 1)
