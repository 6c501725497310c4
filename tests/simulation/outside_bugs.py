"""Planted bugs of the kinds that were found outside in 0.1; see `tests.simulation.bugs`."""

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from bot.workers import razorpay_handler
from payments.processing import order_actions, shop_state, updates
from payments.razorpay import links
from payments.shop.orders import order_key, reference_id
from storage.database import sqlite
from storage.inbox import customers
from storage.operations import epochs
from storage.outbox import claims, resend


def two_names_stay_two(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(customers.Directory, "_join", lambda _, conversations: next(iter(conversations), None))


def the_oldest_number_wins(patch: pytest.MonkeyPatch) -> None:
    def oldest(aliases: Iterable[Mapping[str, Any]], naming: customers.Naming) -> customers.Address:
        rows = [row for row in aliases if row["kind"] == naming.passing]
        if not rows:
            return ()
        return (("phone", min(rows, key=lambda row: row["told_at"])["value"]),)

    patch.setattr(claims, "address", oldest)


def fees_are_too_much(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(updates, "with_fee_on_top", lambda facts, _: facts)


def what_bounces_is_lost(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(resend, "schedule", lambda *_: False)


def keys_are_counted_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(order_actions, "order_key", lambda chat, ordinal, _: order_key(chat, ordinal, ""))
    patch.setattr(
        shop_state,
        "reference_id",
        lambda key, ordinal, _, *, card=False: reference_id(key, ordinal, "", card=card),
    )
    patch.setattr(epochs, "last_left_out", lambda reached, now: reached)


def any_link_is_adopted(patch: pytest.MonkeyPatch) -> None:
    keys_are_counted_again(patch)
    ensure = links.ensure_link

    async def ensure_existing(gateway: Any, call: Any, *, may_exist: bool) -> Any:
        return await ensure(gateway, call, may_exist=True)

    patch.setattr(razorpay_handler, "ensure_link", ensure_existing)


def whatever_file_is_served(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(sqlite.SqliteUnits, "_require_there", lambda *_: None)
