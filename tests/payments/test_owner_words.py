"""What an owner who knows no code is told about typical slips in the shop block."""

import pytest

from bot.whatsapp.limits import LIMITS
from flows.language.load import examine
from payments.processing.actions import SHOP
from tests.test_scenarios import SHIPPED


@pytest.mark.parametrize(
    ("old", "new", "said", "mend"),
    [
        ("percent: 10,", "percent: 10%,", "'percent' is a whole number, not '10%'", "did you mean 10?"),
        ("stock: 12", "stock: plenty", "'stock' is a whole number, not 'plenty'", "write digits alone, for"),
        ("sku: kulhad-6", "sku: kulhad 6", "'kulhad 6' is no sku", "a sku has up to 64 letters, digits, '-'"),
        ("code: FIRST10", "code: “FIRST10”", "the code “FIRST10” has quotation marks of a text program", ""),
    ],
)
def test_a_slip_is_told_with_its_mend(old: str, new: str, said: str, mend: str) -> None:
    assert old in SHIPPED
    issues = examine(SHIPPED.replace(old, new), "flows.yaml", SHOP, limits=LIMITS).issues
    assert issues[0].message.startswith(said)
    assert issues[0].mend.startswith(mend)
