"""How an order is shown to the shop's people."""

from dataclasses import replace

from bot.order_events import happened
from payments.ledger.state import OrderState
from storage.reports.desk import DeskOrder
from tests.builders import order, payment


def test_what_was_paid_in_the_second_of_the_order_comes_after_it() -> None:
    placed = replace(order(), placed_at=1_790_000_000_900)
    paid = replace(payment("captured", placed.total, order_key=placed.key), at=1_790_000_000)
    assert [at for at, _ in happened(DeskOrder(OrderState(placed, (paid,)), None, "", ""))] == [
        placed.placed_at
    ] * 2
