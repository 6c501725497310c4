"""How many orders and links one customer may ask for within an hour."""

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from payments.processing.conversation_data import data
from payments.processing.shop_state import ShopState
from payments.shop import budgets
from payments.shop.budgets import HOUR, Budgets, Spent, possible_at, recent, refusal
from payments.shop.catalogue import Shop
from payments.shop.orders import Lifecycle
from tests.payments.test_shop_actions import AT, NOW, PRODUCTS, about, after, run, state, unpaid

TIGHT = Shop.model_validate(
    {"name": "S", "products": PRODUCTS, "budgets": {"orders": 3, "links": 2}, "timezone": "Asia/Kolkata"}
)
TIMES = st.lists(st.integers(NOW - 2 * HOUR, NOW + HOUR), max_size=30)


def in_tight_shop(found: ShopState, now: int = NOW) -> ShopState:
    return found._replace(at=AT._replace(shop=TIGHT, now=now))


@given(times=st.lists(st.integers(0, 3 * HOUR), max_size=40), limit=st.integers(1, 5))
def test_no_hour_has_more_than_the_limit(times: list[int], limit: int) -> None:
    spent: list[int] = []
    for now in sorted(times):
        at = possible_at(spent, limit, now)
        assert now <= at <= now + HOUR
        if at == now:
            spent.append(now)
        else:
            assert possible_at(spent, limit, at) == at, "it is possible when it was said to be"
            assert possible_at(spent, limit, at - 1) == at, "and not before"
    for start in spent:
        assert sum(start <= time < start + HOUR for time in spent) <= limit


@given(times=TIMES)
def test_what_a_clock_set_back_wrote_does_not_count(times: list[int]) -> None:
    assert all(NOW - HOUR < time <= NOW for time in recent(times, NOW))
    assert possible_at([NOW + 1] * 50, 1, NOW) == NOW


@given(orders=TIMES, links=TIMES)
def test_what_counts_is_read_as_it_was_stored(orders: list[int], links: list[int]) -> None:
    spent = Spent(tuple(sorted(orders)), tuple(sorted(links)))
    kept = Spent(recent(spent.orders, NOW), recent(spent.links, NOW))
    assert budgets.from_json(budgets.to_json(spent, NOW)) == kept
    assert budgets.from_json(budgets.to_json(Spent(told=NOW), NOW)).told == NOW
    assert spent.joined(kept).orders == tuple(sorted((*spent.orders, *kept.orders)))


def test_the_time_that_is_named_is_late_enough() -> None:
    fields = refusal(ZoneInfo("Asia/Kolkata"), NOW + 61_001, NOW)
    assert NOW == 1_800_000_000_000, "13:30 in India"
    assert fields == {"reason": "too many", "again": "13:32", "wait": 62}


def test_orders_within_an_hour() -> None:
    spent = Spent((NOW - HOUR, NOW - 20, NOW - 10))
    shop = after("order.place", in_tight_shop(state(("a", 1), spent=spent)))
    assert data(shop)["spent"] == {"orders": [NOW - 20, NOW - 10, NOW]}
    again = shop.with_cart(state(("a", 1)).cart)
    refused = run("order.place", again)
    assert refused.host == again
    assert refused.instead is not None
    assert refused.instead.fields == {"reason": "too many", "again": "14:30", "wait": 3600}
    assert "spent" not in data(in_tight_shop(shop, NOW + HOUR))


def test_links_within_an_hour_and_one_that_is_there_costs_nothing() -> None:
    spent = Spent(links=(NOW - 5, NOW - 4))
    there = in_tight_shop(about(unpaid())._replace(spent=spent))
    assert run("payment.request", there).instead is None, "its link is shown again"
    without = in_tight_shop(about(unpaid(link=None, lifecycle=Lifecycle.LAPSED))._replace(spent=spent))
    refused = run("payment.request", without)
    assert (refused.host, refused.instead and refused.instead.fields["reason"]) == (without, "too many")
    one = without._replace(spent=Spent(links=(NOW - 5,)))
    assert after("payment.request", one).spent.links == (NOW - 5, NOW)


def test_an_order_that_gets_no_link_in_the_same_event_is_not_placed() -> None:
    before = in_tight_shop(state(("a", 1), spent=Spent(links=(NOW, NOW))))
    placed = after("order.place", before)
    assert placed.spent.orders == (NOW,)
    refused = run("payment.request", placed)
    assert refused.host == before, "nothing is spent, reserved or ended"


@pytest.mark.parametrize("wrong", [{"orders": 0}, {"links": 1001}, {"orders": "many"}, {"carts": 3}])
def test_a_budget_that_is_none_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Budgets.model_validate(wrong)


def test_one_open_order_holds_all_that_a_customer_has_not_paid() -> None:
    """Each new order frees the goods of the one before, however often that is done."""
    shop = state(("b", 3))
    for number in range(1, 10):
        shop = after("payment.request", after("order.place", shop.with_cart(state(("b", 3)).cart)))
        holding = [order for order in shop.orders.values() if order.reserves]
        assert [order.key for order in holding] == [shop.current]
        assert (shop.left["b"], shop.placed) == (0, number)
