"""`munshi why` on a database in use: one customer's or order's story."""

from typing import Any

import orjson

from storage import Store
from tests.bot.command_line import installation, park_event, run_munshi
from tests.storage.handwritten_rows import NOW, insert
from tests.storage.pruning import prune_all


async def chatted(store: Store) -> str:
    """Asha writes, orders, pays; her second order is unpaid."""
    key = await installation(store)
    await insert(store, "conversation", id=1, state="paid")
    await insert(store, "alias", conversation_id=1, value="919812345601")
    await insert(store, "alias", conversation_id=1, kind="bsuid", value="IN.5566778899")
    told: list[tuple[str, dict[str, Any], list[dict[str, Any]] | None]] = [
        ("chat", {"event": {"kind": "text", "text": "hi, call me on +91 98123 45601"}}, [
            {"event": "text", "state": "browsing",
             "passed": [{"rule": "browsing: text", "line": 40, "because": "not cart.count"}],
             "taken": {"rule": "anywhere: text", "line": 44}, "entered": ["cart"], "said": ["cart"]},
        ]),
        ("chat", {"event": {"kind": "tap", "id": "c-1.6|confirm|", "title": "Confirm order"}}, [
            {"event": "confirm", "state": "checkout", "taken": {"rule": "checkout: confirm", "line": 90},
             "did": ["order.place"]},
            {"event": "payment.captured", "taken": {"rule": "anywhere: payment.captured", "line": 95},
             "entered": [], "did": [], "said": ["payment_successful"], "aside": True},
        ]),
        ("facts", {"event": "payment.captured", "order_key": f"{key}-1-1", "facts": []}, None),
        ("chat", {"event": {"kind": "text", "text": "another one"}}, None),
    ]  # fmt: skip
    for number, (kind, body, trace) in enumerate(told, 1):
        await insert(
            store, "inbox", id=number, conversation_id=1, key=f"m{number}", kind=kind, body=body, trace=trace,
            received_at=NOW + number * 60_000, order_key=body.get("order_key"),
        )  # fmt: skip
    await insert(
        store, "inbox", id=5, conversation_id=1, key="timer", kind="timer", state="ignored",
        body={"state": "checkout", "timer": "10 min", "visit": 3}, due_at=NOW + 150_000,
        trace=[{"state": "paid", "event": "after", "ignored": "the visit that started it has ended"}],
    )  # fmt: skip
    for ordinal, number in ((1, 2), (2, 4)):
        await insert(
            store, "orders", key=f"{key}-1-{ordinal}", number=str(10_000 + number), placed_by=number,
            placed_at=NOW + number * 60_000,
        )  # fmt: skip
    await insert(
        store, "fact", order_key=f"{key}-1-1", entity_id="pay_1", learned_from=3, learned_at=NOW + 180_000,
        detail={"method": "upi"},
    )  # fmt: skip
    await insert(
        store, "outbox", conversation_id=1, name="cart", payload={"kind": "text", "body": "Your cart"},
        caused_by=1, receipt="failed", receipt_rank=2, error="131026: not on WhatsApp", attempts=3,
        created_at=NOW + 60_000, state="failed", provider_id="wamid.SECRET",
    )  # fmt: skip
    await insert(
        store, "outbox", conversation_id=1, name="CreateLink", lane="pay", caused_by=2,
        payload={"reference_id": f"{key}-1-1.1"}, created_at=NOW + 120_000, order_key=f"{key}-1-1",
    )  # fmt: skip
    return key


async def test_why_tells_all_in_order_of_time(store: Store, database_url: str) -> None:
    key = await chatted(store)
    result = await run_munshi(database_url, "why", "+91 98123-45601")
    assert result.exit_code == 0, result.output
    parts = [
        f"customer {key}-1 (phone …5601, bsuid …8899)",
        "times are ",
        'customer wrote "hi, call me on …01"  [event 1]',
        "passed  browsing: text, line 40: not cart.count",
        "took    anywhere: text, line 44: browsing → cart; said cart",
        'said cart "Your cart": failed, 3 tries',
        "error: 131026: not on WhatsApp",
        'customer tapped "Confirm order" (confirm)  [event 2]',
        "took    checkout: confirm, line 90; did order.place",
        "took    anywhere: payment.captured, line 95; said payment_successful; aside: the chat",
        f"order #10002 ({key}-1-1) placed: 2 × Masala chai, ₹500",
        f"asked Razorpay: CreateLink {key}-1-1.1: answered",
        "timer '10 min' of checkout, without effect  [event 5]",
        "not taken: the visit that started it has ended",
        "Razorpay told payment.captured  [event 3]",
        "learned: payment pay_1 captured, ₹500 (upi)  [from event 3]",
        'customer wrote "another one"  [event 4]',
        f"order #10004 ({key}-1-2) placed",
        "now\n  in state paid",
        "order #10002: unpaid, open",
        "order #10004: unpaid, open",
    ]
    places = [result.output.find(part) for part in parts]
    assert -1 not in places, (parts[places.index(-1)], result.output)
    assert places == sorted(places)
    for secret in ("98123", "wamid", "5566778899"):
        assert secret not in result.output


async def test_why_names_each_timer_once(store: Store, database_url: str) -> None:
    """Each visit of a state starts its own, and only that of the last visit can do anything."""
    await chatted(store)
    for visit, state in ((4, "ignored"), (5, "ignored"), (6, "pending"), (7, "pending")):
        await insert(
            store, "inbox", id=10 + visit, conversation_id=1, key=f"t{visit}", kind="timer", state=state,
            body={"state": "checkout" if visit < 6 else "paid", "timer": "10 min", "visit": visit},
            due_at=NOW + 150_000, received_at=NOW, handled_at=None if state == "pending" else NOW,
        )  # fmt: skip
    said = (await run_munshi(database_url, "why", "919812345601")).output
    assert "timer '10 min' of checkout, without effect  [event 15]" in said
    assert "timer '10 min' of paid, which waits  [event 17]" in said
    assert said.count("timer '10 min'") == 2


async def test_why_says_what_is_erased(store: Store, database_url: str) -> None:
    key = await chatted(store)
    assert "erased" not in (await run_munshi(database_url, "why", f"{key}-1-1")).output
    await prune_all(store, NOW + 600_000)
    result = await run_munshi(database_url, "why", f"{key}-1-1")
    assert result.exit_code == 0, result.output
    assert (
        "… what is older than the time for which chats are kept (MUNSHI_KEEP_CHATS) is erased"
        in result.output
    )
    assert "learned: payment pay_1 captured, ₹500 (upi)  [from event 3, erased]" in result.output
    assert "customer wrote" not in result.output
    assert f"order #10002 ({key}-1-1) placed" in result.output


async def test_why_by_any_name(store: Store, database_url: str) -> None:
    key = await chatted(store)
    await insert(store, "alias", conversation_id=1, value="447911123456")
    whole = (await run_munshi(database_url, "why", f"{key}-1")).output
    spellings = ("919812345601", "9812345601", "098123 45601", "0091 98123 45601", "44 7911 123456")
    for name in (*spellings, "IN.5566778899"):
        assert (await run_munshi(database_url, "why", name)).output == whole, name
    first = (await run_munshi(database_url, "why", f"{key}-1-1")).output
    assert first != whole
    for name in ("10002", "#10002", " #10002 "):
        assert (await run_munshi(database_url, "why", name)).output == first, name


async def test_why_by_a_number_that_whatsapp_spells_in_its_own_way(store: Store, database_url: str) -> None:
    key = await chatted(store)
    await insert(store, "alias", conversation_id=1, value="5215512345679")
    whole = (await run_munshi(database_url, "why", f"{key}-1")).output
    for name in ("+52 55 1234 5679", "525512345679", "+52 1 55 1234-5679", "5215512345679"):
        assert (await run_munshi(database_url, "why", name)).output == whole, name


async def test_why_of_an_order_ends_where_the_next_begins(store: Store, database_url: str) -> None:
    key = await chatted(store)
    await insert(
        store, "inbox", id=9, conversation_id=1, key="m9", kind="facts", received_at=NOW + 10**6,
        body={"event": "refund.processed"}, order_key=f"{key}-1-1",
    )  # fmt: skip
    told = orjson.loads((await run_munshi(database_url, "why", "#10002", "--json")).output)
    assert [m["event"] for m in told["moments"] if m["what"] in ("chat", "facts")] == [2, 3, 9]
    assert [order["number"] for order in told["orders"]] == ["10002"]
    told = orjson.loads((await run_munshi(database_url, "why", "#10004", "--json")).output)
    assert [m["event"] for m in told["moments"] if m["what"] in ("chat", "facts")] == [4, 9]
    [wrote, *_] = [moment for moment in told["moments"] if moment["what"] == "chat"]
    assert wrote["at"] == "2026-09-21T14:17:20.000+00:00"
    assert "919812345601" not in str(told)


async def test_why_of_an_order_tells_what_was_asked_about_it_and_no_other(
    store: Store, database_url: str
) -> None:
    """The event that places the next order cancels the link; its result makes the next link."""
    key = await chatted(store)
    answer = {"name": "payment_link.withdrawn", "fields": {"reference_id": f"{key}-1-1.1"}}
    await insert(
        store, "inbox", id=6, conversation_id=1, key="r", kind="result", body=answer,
        received_at=NOW + 250_000, order_key=f"{key}-1-1",
    )  # fmt: skip
    for name, cause, about in (("CancelLink", 4, "1"), ("CreateLink", 6, "2")):
        await insert(
            store, "outbox", conversation_id=1, name=name, lane="pay", caused_by=cause,
            payload={"reference_id": f"{key}-1-{about}.1"}, created_at=NOW + cause * 60_000,
            order_key=f"{key}-1-{about}",
        )  # fmt: skip
    for order, asked in (("10002", ["CreateLink", "CancelLink"]), ("10004", ["CreateLink"])):
        told = orjson.loads((await run_munshi(database_url, "why", order, "--json")).output)
        assert [m["about"]["name"] for m in told["moments"] if m["what"] == "call"] == asked


async def test_why_nobody(store: Store, database_url: str) -> None:
    await chatted(store)
    for name in ("919812345602", "#1", "99999", "zzzz-1", "x" * 99, "#9812345601", "+10002", "\u0665"):
        result = await run_munshi(database_url, "why", name)
        assert result.exit_code == 1
        assert f"nobody and nothing here is called '{name}'" in result.output


async def test_why_of_two(store: Store, database_url: str) -> None:
    key = await chatted(store)
    await insert(store, "conversation", id=2)
    await insert(store, "alias", conversation_id=2, value="10002")
    result = await run_munshi(database_url, "why", "10002")
    assert result.exit_code == 1
    assert f"'10002' may be any of these, so name one: {key}-1-1, {key}-2" in result.output
    assert (await run_munshi(database_url, "why", "#10002")).exit_code == 0


async def test_why_a_parked_event(store: Store, database_url: str) -> None:
    key = await chatted(store)
    await park_event(store, 7)
    output = (await run_munshi(database_url, "why", f"{key}-1")).output
    assert 'customer wrote "hi", PARKED  [event 7]' in output
    assert "error: ValueError: no such thing\n" in output
    assert "munshi replay 7\n" in output


async def test_why_says_in_words_why_money_is_held(store: Store, database_url: str) -> None:
    key = f"{await installation(store)}-1-1"
    await insert(store, "conversation", id=1)
    await insert(
        store, "orders", key=key, number="10012", held=500, held_for="mismatch account", payment="held"
    )
    await insert(
        store, "fact", order_key=key, entity_id="pay_1", amount=500,
        detail={"method": "upi", "mismatch": "account"},
    )  # fmt: skip
    words = "paid into another Razorpay account"
    said = (await run_munshi(database_url, "why", "#10012")).output
    assert f"  held for mismatch: {words}\n" in said
    assert f"payment pay_1 captured, ₹5 (upi, {words})" in said
    told = orjson.loads((await run_munshi(database_url, "why", "#10012", "--json")).output)
    assert [order["held_for"] for order in told["orders"]] == [f"mismatch: {words}"]
    [fact] = [moment["about"] for moment in told["moments"] if moment["what"] == "fact"]
    assert fact["detail"] == {"method": "upi", "mismatch": words}
    told = orjson.loads((await run_munshi(database_url, "ledger", "--json")).output)
    assert [held["reason"] for held in told["held"]] == [f"mismatch: {words}"]


async def test_a_reason_that_only_another_version_knows_stops_no_command(
    store: Store, database_url: str
) -> None:
    key = f"{await installation(store)}-1-1"
    await insert(store, "conversation", id=1)
    await insert(store, "orders", key=key, number="10012", held=500, held_for="on_the_moon", payment="held")
    for words in (("why", "#10012"), ("ledger",), ("doctor",)):
        assert "unexplained" in (await run_munshi(database_url, *words)).output


async def test_why_shows_an_answer_that_newer_ones_superseded(store: Store, database_url: str) -> None:
    await chatted(store)
    await insert(
        store, "outbox", conversation_id=1, name="menu", payload={"kind": "text", "body": "The menu"},
        caused_by=4, created_at=NOW + 240_000, state="superseded", attempts=0, topic="answer",
    )  # fmt: skip
    result = await run_munshi(database_url, "why", "+91 98123-45601")
    assert 'said menu "The menu": superseded: newer answers were to be sent' in result.output
