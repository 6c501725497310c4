"""Facts in words of another version of Munshi count for nothing, and nothing else stops because of them."""

from typing import Any

import pytest

from payments.ledger.facts import to_json
from payments.processing.step_input import EventKind
from storage import Store
from storage.database.encoding import loads
from storage.database.records import reading
from storage.inbox.arrival import Arrival
from storage.reports.ledger import books
from tests.builders import captured, payment_link
from tests.storage.handwritten_rows import run_sql
from tests.storage.purchases import Shop

NOW = 1_790_000_000_000


@pytest.fixture
async def shop(store: Store) -> Shop:
    """Two customers, each with an order whose link can be paid."""
    shop = Shop(store, NOW)
    await shop.order([0, 1])
    await shop.finish()
    return shop


async def rows(shop: Shop, sql: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await shop.store._units.read(lambda tx: tx.fetch(sql))]


async def test_a_stored_word_that_is_unknown_stops_neither_chat_nor_ledger(
    shop: Shop, database_url: str
) -> None:
    await shop.pay()
    await shop.finish()
    await run_sql(shop.store, "UPDATE fact SET state = 'reviewing' WHERE entity = 'order'")
    assert await rows(shop, "SELECT id FROM fact WHERE state = 'reviewing'")
    await shop.write([0, 1], "menu")
    await shop.step()
    assert await rows(shop, "SELECT id FROM inbox WHERE state = 'parked'") == []
    async with reading(database_url) as records:
        assert (await books(records, 100)).discrepancies == []


@pytest.mark.parametrize(("amount", "payment"), [(18_000, "paid"), (10_000, "unpaid")])
async def test_a_fact_in_an_unknown_word_keeps_no_other_fact_of_its_webhook_out(
    shop: Shop, amount: int, payment: str
) -> None:
    [order] = await rows(shop, "SELECT key FROM orders WHERE conversation_id = 1")
    [link] = await rows(shop, "SELECT link_id FROM attempt WHERE conversation_id = 1")
    key, id = order["key"], link["link_id"]
    facts = [
        to_json(captured(amount, order_key=key, link=id)),
        {**to_json(payment_link("paid", order_key=key, id=id)), "state": "reviewing"},
    ]
    body = {"order_key": key, "facts": facts, "problems": []}
    await shop.store.arrive([Arrival("odd", EventKind.FACTS, body, order_key=key)], shop.now)
    await shop.step()
    assert [loads(r["detail"])["link"] for r in await rows(shop, "SELECT detail FROM fact")] == [id]
    [after] = await rows(shop, f"SELECT payment, paid_at FROM orders WHERE key = '{key}'")
    [event] = await rows(shop, "SELECT state, error FROM inbox WHERE key = 'odd'")
    if payment == "paid":
        assert (after["payment"], event["state"]) == ("paid", "applied")
    else:
        assert event["state"] == "parked"
        assert "'reviewing' is not a valid FactState" in event["error"]


async def test_a_stored_mismatch_that_is_unknown_still_keeps_the_goods_back(
    shop: Shop, database_url: str
) -> None:
    [order] = await rows(shop, "SELECT key FROM orders WHERE conversation_id = 1")
    key = order["key"]
    told = {**to_json(captured(18_000, order_key=key)), "detail": {"mismatch": "paid on the moon", "fee": []}}
    body = {"order_key": key, "facts": [told], "problems": []}
    await shop.store.arrive([Arrival("odd", EventKind.FACTS, body, order_key=key)], shop.now)
    await shop.step()
    assert await rows(shop, "SELECT id FROM inbox WHERE state = 'parked'") == []
    [after] = await rows(shop, f"SELECT payment, lifecycle, held FROM orders WHERE key = '{key}'")
    assert after == {"payment": "held", "lifecycle": "open", "held": 18_000}
    await run_sql(shop.store, 'UPDATE fact SET detail = \'{"mismatch": "paid on Mars"}\'')
    async with reading(database_url) as records:
        report = await books(records, 100)
    assert [(held.key, held.amount) for held in report.held] == [(key, 18_000)]
    assert report.discrepancies == []
