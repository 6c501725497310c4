"""Planted bugs of pruning and forgetting: what is deleted too early, and what is left."""

from typing import Any

import pytest

from payments.processing import advance
from storage.inbox import forgetting
from storage.operations import retention


def who_waits_for_goods_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(advance, "unfinished_of", lambda shop: None)


def the_staffs_messages_keep_the_name(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(forgetting, "_TOLD", "SELECT id FROM outbox WHERE id < 0 AND about = ANY($1::bigint[])")


def an_order_keeps_its_address(patch: pytest.MonkeyPatch) -> None:
    async def nothing(tx: Any, ids: Any) -> None: ...

    patch.setattr(forgetting, "_clear_orders", nothing)


def what_waits_is_pruned(patch: pytest.MonkeyPatch) -> None:
    statement = retention._EVENTS
    assert "state IN ('applied', 'ignored', 'kept')" in statement
    waiting = statement.replace("state IN ('applied',", "state IN ('pending', 'applied',")
    patch.setattr(retention, "_EVENTS", waiting)


def what_is_said_is_kept_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        retention, "_DELETE_ENTRIES", "SELECT id FROM outbox WHERE id < 0 AND id = ANY($1::bigint[])"
    )
