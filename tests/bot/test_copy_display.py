"""How the copy of an order is shown to a person of the shop."""

from bot.cli.copy_display import stands
from payments.ledger.mirrors import Mirror
from storage.outbox.mirrors import OpenMirror


def test_an_order_that_ended_before_its_copy_was_made_waits_for_nothing() -> None:
    one = OpenMirror("10001", Mirror("k-1-1", failures=4), None, None)
    assert stands(one) == "none is made there: the order ended before"
