"""Only WhatsApp's, Razorpay's and Shopify's own folders name these providers."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from bot.whatsapp.limits import LIMITS
from flows.messages.replies import LONGEST

ROOT: Final = Path(__file__).parents[1]
_PROVIDERS: Final = re.compile(
    r"whatsapp|\bmeta\b|bsuid|razorpay|shopify|\b131\d{3}\b|24[ -]hours?|wamid|plink", re.IGNORECASE
)
_ORM: Final = re.compile(r"\bclass Meta:|\b_meta\.")
"""What the ORM calls its own."""
NAMING_RAZORPAY: Final = frozenset({
    "payments/__init__.py",
    "payments/ledger/audit.py",
    "payments/ledger/balance.py",
    "payments/ledger/calls.py",
    "payments/ledger/facts.py",
    "payments/ledger/fees.py",
    "payments/ledger/hints.py",
    "payments/ledger/holds.py",
    "payments/ledger/matching.py",
    "payments/ledger/polling.py",
    "payments/ledger/refunds.py",
    "payments/ledger/resolution.py",
    "payments/ledger/state.py",
    "payments/processing/actions.py",
    "payments/processing/advance.py",
    "payments/processing/changes.py",
    "payments/processing/deferred_links.py",
    "payments/processing/notifications.py",
    "payments/processing/order_actions.py",
    "payments/processing/order_changes.py",
    "payments/processing/payment_actions.py",
    "payments/processing/shop_state.py",
    "payments/processing/step_input.py",
    "payments/processing/stray_money.py",
    "payments/processing/turn.py",
    "payments/processing/updates.py",
    "payments/processing/views.py",
    "payments/shop/catalogue.py",
    "payments/shop/orders.py",
    "payments/signature.py",
    "payments/simulator/scenario_actions.py",
    "payments/simulator/simulated_gateway.py",
    "payments/simulator/simulator.py",
})  # fmt: skip
"""Files of payments outside `payments/razorpay` that name it. None may join; one that stops leaves."""
NAMING_SHOPIFY: Final = frozenset({
    "payments/__init__.py",
    "payments/processing/notice.py",
    "payments/shop/product_yaml.py",
    "payments/shop/products.py",
    "payments/shop/sheet_rows.py",
})  # fmt: skip
"""Files of payments outside `payments/shopify` that name it."""


def named(room: str) -> Iterator[str]:
    """Each line of `room` that names a provider, comments and docstrings included, with its place."""
    for file in sorted((ROOT / room).rglob("*.py")):
        place = str(file.relative_to(ROOT))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if _PROVIDERS.search(_ORM.sub("", line)):
                yield f"{place}:{number}: {line.strip()}"


def test_no_channel_carries_a_reply_that_is_not_read() -> None:
    assert max(LIMITS.reply_id, LIMITS.row_id) <= LONGEST


@pytest.mark.parametrize("room", ["storage", "flows"])
def test_no_provider_is_named(room: str) -> None:
    assert list(named(room)) == []


def test_no_other_file_of_payments_names_razorpay() -> None:
    outside = {
        line.partition(":")[0] for line in named("payments") if re.search(r"razorpay|plink", line, re.I)
    }
    assert {file for file in outside if not file.startswith("payments/razorpay/")} == NAMING_RAZORPAY


def test_no_other_file_of_payments_names_shopify() -> None:
    outside = {line.partition(":")[0] for line in named("payments") if re.search("shopify", line, re.I)}
    assert {file for file in outside if not file.startswith("payments/shopify/")} == NAMING_SHOPIFY
