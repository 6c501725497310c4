"""The words in the columns are those of the code's enums: in the tables' constraints, and in SQL."""

import re
from enum import StrEnum
from pathlib import Path

import pytest

from payments.ledger.facts import FactState
from payments.ledger.mirrors import CopyStatus, MirrorState
from payments.ledger.refunds import RefundStatus
from payments.ledger.state import PaymentStatus
from payments.processing.step_input import EventKind
from payments.shop.amendments import AmendmentKind
from payments.shop.fulfilment import Stage
from payments.shop.orders import AttemptStatus, Lifecycle, Mode
from storage.database.queues import InboxState, Lane, OutboxState
from storage.inbox.strays import StrayDecision
from storage.outbox.hooks import HookState
from tests.tables import TABLES

STORAGE = Path(__file__).parents[2] / "storage"
WORDS = re.compile(
    r"\b(state|kind|lane|lifecycle|stage|decision) (?:=|<>|IN|NOT IN) (\(?'[^)\n]*?'\)?)(?=[\s,)]|$)"
)
ENUMS: dict[str, set[str]] = {
    "state": {*InboxState, *OutboxState, *HookState, *MirrorState, *FactState},
    "kind": {*EventKind, *AmendmentKind},
    "stage": set(Stage),
    "lane": set(Lane),
    "lifecycle": set(Lifecycle),
    "decision": set(StrayDecision),
}


@pytest.mark.parametrize(
    ("constraint", "words"),
    [
        ("inbox_state", InboxState),
        ("outbox_lane", Lane),
        ("outbox_state", OutboxState),
        ("orders_payment", PaymentStatus),
        ("orders_lifecycle", Lifecycle),
        ("attempt_status", AttemptStatus),
        ("attempt_mode", Mode),
        ("refund_status", RefundStatus),
        ("amendment_kind", AmendmentKind),
        ("orders_stage", Stage),
        ("stray_decision", StrayDecision),
        ("hook_state", HookState),
        ("mirror_state", MirrorState),
        ("mirror_status", CopyStatus),
    ],
)
def test_a_column_takes_the_words_of_its_enum(constraint: str, words: type[StrEnum]) -> None:
    assert set(re.findall(r"'(\w+)'", checks()[constraint])) == set(words)


def test_sql_compares_columns_with_words_of_their_enums() -> None:
    compared = [
        (column, word)
        for file in STORAGE.rglob("*.py")
        for column, words in WORDS.findall(file.read_text(encoding="utf-8"))
        for word in re.findall(r"'(\w+)'", words)
    ]
    assert len(compared) > 40
    assert [(column, word) for column, word in compared if word not in ENUMS[column]] == []


def checks() -> dict[str, str]:
    """Return the check constraints of all tables, by name."""
    constraints = [one for table in TABLES for one in table._meta.constraints]
    return {constraint.name: constraint.check for constraint in constraints}
