"""The API's status of an order whose payment is reported but not confirmed."""

from types import SimpleNamespace

import pytest

from bot.http.orders_api import _status
from payments.ledger.holds import Hold, HoldReason
from payments.ledger.state import PaymentStatus
from payments.shop.orders import AttemptStatus, Lifecycle

SAID, ALLOWED, HELD = AttemptStatus.PAID, PaymentStatus.AUTHORISED, PaymentStatus.HELD


@pytest.mark.parametrize(
    ("payment", "held_for", "paid_at", "status"),
    [
        (PaymentStatus.UNPAID, None, None, "created"),
        (ALLOWED, None, None, "authorised"),
        (ALLOWED, Hold(HoldReason.UNCAPTURED), None, "authorised"),
        (HELD, None, None, "authorised"),
        (HELD, Hold(HoldReason.UNCAPTURED), None, "authorised"),
        (HELD, None, 1, "held"),
        (HELD, Hold(HoldReason.SHORT), 1, "held"),
    ],
)
def test_nothing_is_called_paid_before_its_goods_are_due(
    payment: PaymentStatus, held_for: Hold | None, paid_at: int | None, status: str
) -> None:
    link = AttemptStatus.CREATED if payment is PaymentStatus.UNPAID else SAID
    view = SimpleNamespace(
        lifecycle=Lifecycle.OPEN,
        fulfilled=0,
        held_for=held_for,
        attempts=[SimpleNamespace(status=link)],
        payment=payment,
        paid_at=paid_at,
    )
    assert _status(view) == status  # type: ignore[arg-type]
