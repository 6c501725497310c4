"""The shop's own API: orders from outside the chat, and their status."""

import asyncio
import hmac
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
from structlog.testing import capture_logs

from bot.http import orders_api
from sandbox.faults import Fault
from tests.world.running_bot import CONFIRMED, Live

PHONE = "919812345601"
ITEMS = [{"sku": "masala-250", "quantity": 2}, {"sku": "ginger-250"}]
CREATE = "/payments/create"


async def create(live: Live, body: Any, **headers: str) -> tuple[int, Any]:
    return await live.until(live.api("POST", CREATE, body, **headers))


async def test_an_order_from_outside(live: Live) -> None:
    asha = live.customer(PHONE)
    status, made = await create(live, {"phone": "+91 98123 45601", "items": ITEMS})
    link = live.world.razorpay.links[asha.link]
    assert status == 200
    assert made == {
        "order_id": link.notes["munshi_order"],
        "order_number": made["order_number"],
        "razorpay_id": link.id,
        "razorpay_short_url": link.short_url,
        "status": "created",
        "amount": 50_000,
        "currency": "INR",
        "paid_at": None,
    }
    [payment] = asha.person.messages
    assert payment.text == f"💳 Complete Payment\nOrder #{made['order_number']}\nTotal: ₹500"
    assert await live.api("GET", f"/payments/{made['order_id']}") == (200, made)

    [url] = await asha.tap("Pay Now")
    assert link.short_url in url.text
    await asha.pay()
    assert asha.heard(CONFIRMED) == 1
    status, paid = await live.api("GET", f"/payments/{made['order_id']}")
    assert (status, paid) == (200, {**made, "status": "paid", "paid_at": live.clock.now()})


async def test_a_payment_that_is_not_captured_is_authorised_until_it_is(live: Live) -> None:
    _, made = await create(live, {"phone": PHONE, "items": ITEMS})
    where = f"/payments/{made['order_id']}"
    payment = await live.world.razorpay.authorize(made["razorpay_id"])
    await live.settle()
    assert await live.api("GET", where) == (200, {**made, "status": "authorised"}), "at once"
    await live.wait(20)
    assert await live.api("GET", where) == (200, {**made, "status": "authorised"}), "when it takes long"
    await live.world.razorpay.capture(payment)
    await live.settle()
    assert await live.api("GET", where) == (200, {**made, "status": "paid", "paid_at": live.clock.now()})


async def test_who_may_ask(live: Live) -> None:
    for token in ("", "wrong", "é", "test-api-token-012345678", "x" * 5000):
        assert (await live.api("POST", CREATE, {"phone": PHONE}, token))[0] == 401
        assert (await live.api("GET", "/payments/x-1-1", token=token))[0] == 401
    for scheme in ("Basic test-api-token-0123456789", "test-api-token-0123456789", "Bearer"):
        assert (await live.api("POST", CREATE, {"phone": PHONE}, Authorization=scheme))[0] == 401
    for nonsense in ("x-1-1", "x" * 65, "x" * 5000, "a%00b", "%F0%9F%98%80", "%FF"):
        assert (await live.api("GET", f"/payments/{nonsense}"))[0] == 404, nonsense
    assert await live.stored() == 0


BAD = {
    "no phone": ({}, 422, "phone"),
    "short phone": ({"phone": "12"}, 422, "phone"),
    "local phone": ({"phone": "098123 45601"}, 422, "phone"),
    "words": ({"phone": "call me maybe"}, 422, "phone"),
    "a digit missing": ({"phone": "91981234560"}, 422, "phone"),
    "a digit too many": ({"phone": "+91 98123 456012"}, 422, "phone"),
    "an extension": ({"phone": "+919812345601;ext=5"}, 422, "phone"),
    "an extension in short": ({"phone": "919812345601x5"}, 422, "phone"),
    "letters": ({"phone": "+91 98123 CHAIS"}, 422, "phone"),
    "a plus in the middle": ({"phone": "91+9812345601"}, 422, "phone"),
    "digits of another script": ({"phone": "+९१९८१२३४५६०१"}, 422, "phone"),
    "a number that nobody has": ({"phone": "5215512345679"}, 422, "phone"),
    "number": ({"phone": 919812345601}, 422, "phone"),
    "unknown key": ({"phone": PHONE, "notes": "x"}, 422, "notes"),
    "unknown sku": ({"phone": PHONE, "items": [*ITEMS, {"sku": "x"}]}, 422, "items.2.sku"),
    "sku of no text": ({"phone": PHONE, "items": [{"sku": 1}]}, 422, "items.0.sku"),
    "none of it": (
        {"phone": PHONE, "items": [{"sku": "masala-250", "quantity": 0}]},
        422,
        "items.0.quantity",
    ),
    "less than none": ({"phone": PHONE, "items": [{"sku": "masala-250", "quantity": -1}]}, 422, "items.0"),
    "half of one": ({"phone": PHONE, "items": [{"sku": "masala-250", "quantity": 0.5}]}, 422, "items.0"),
    "true of it": ({"phone": PHONE, "items": [{"sku": "masala-250", "quantity": True}]}, 422, "items.0"),
    "more than there is": ({"phone": PHONE, "items": [{"sku": "kulhad-6", "quantity": 13}]}, 422, "items.0"),
    "more in two lines": (
        {"phone": PHONE, "items": [{"sku": "kulhad-6", "quantity": 7}, {"sku": "kulhad-6", "quantity": 6}]},
        422,
        "items.1.quantity",
    ),
    "unknown key in an item": (
        {"phone": PHONE, "items": [{"sku": "masala-250", "price": 1}]},
        422,
        "items.0.price",
    ),
    "no items": ({"phone": PHONE, "items": []}, 422, "items"),
    "no body": (b"", 400, "not JSON"),
    "a list": ([], 400, "not a JSON object"),
    "too large": (b" " * 65_537, 413, ""),
}


async def test_what_cannot_be_ordered(live: Live) -> None:
    for name, (body, expected, place) in BAD.items():
        status, answer = await live.api("POST", CREATE, body)
        assert status == expected, name
        said = answer["error"] if isinstance(answer, dict) else answer
        assert place in said, name
    assert (await live.api("POST", CREATE, {"phone": PHONE}, **{"Idempotency-Key": "é"}))[0] == 400
    assert (await live.api("POST", CREATE, {"phone": PHONE}, **{"Idempotency-Key": "k" * 256}))[0] == 400
    assert await live.stored() == 0


async def test_the_customers_cart(live: Live) -> None:
    asha = live.customer(PHONE)
    status, answer = await create(live, {"phone": PHONE})
    assert status == 409
    assert "order of an empty cart" in answer["error"]
    await asha.write("hi")
    await asha.tap("Masala chai 250 g")
    status, made = await create(live, {"phone": PHONE})
    assert (status, made["amount"]) == (200, 18_000)
    assert asha.heard("💳 Complete Payment") == 1


async def test_the_same_key_is_the_same_order(live: Live) -> None:
    key = {"Idempotency-Key": "order-of-monday"}
    body = {"phone": PHONE, "items": ITEMS}
    answers = await live.until(asyncio.gather(*(live.api("POST", CREATE, body, **key) for _ in range(10))))
    assert [status for status, _ in answers] == [200] * 10
    assert len({answer["order_id"] for _, answer in answers}) == 1
    assert await create(live, body, **key) == answers[0]
    assert len(live.world.razorpay.links) == 1

    status, answer = await create(live, {"phone": PHONE, "items": ITEMS[:1]}, **key)
    assert status == 422
    assert "used for another request" in answer["error"]
    status, other = await create(live, {"phone": "919812345602", "items": ITEMS}, **key)
    assert status == 200
    assert other["order_id"] != answers[0][1]["order_id"], "a key belongs to one customer"
    assert (await create(live, body))[1]["order_id"] != answers[0][1]["order_id"], "no key, another order"


async def test_a_link_that_is_late(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(orders_api, "LINK_SECONDS", 0.1)
    live.world.razorpay.fail_next("create_link", Fault.http(500))
    status, late = await create(live, {"phone": PHONE, "items": ITEMS}, **{"Idempotency-Key": "k"})
    assert status == 202
    assert (late["status"], late["razorpay_id"], late["razorpay_short_url"]) == ("creating", None, None)
    await live.seconds(2)
    status, now = await live.api("GET", f"/payments/{late['order_id']}")
    assert (status, now["status"]) == (200, "created")
    assert now["razorpay_short_url"].startswith("http")
    again = await create(live, {"phone": PHONE, "items": ITEMS}, **{"Idempotency-Key": "k"})
    assert again == (200, now)


async def test_nobody_steps(live: Live, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is stored but not handled in time: asked again with the same key, it returns this order."""
    monkeypatch.setattr(orders_api, "LINK_SECONDS", 0.05)
    body, key = {"phone": PHONE, "items": ITEMS}, {"Idempotency-Key": "k"}
    status, answer = await live.api("POST", CREATE, body, **key)
    assert (status, answer["status"], answer["order_id"]) == (202, "creating", None)
    monkeypatch.undo()
    assert (await create(live, body, **key))[0] == 200
    assert len(live.world.razorpay.links) == 1


async def test_a_link_that_is_refused(live: Live) -> None:
    live.world.razorpay.fail_next("create_link", Fault.http(400, '{"error": {"description": "no"}}'))
    status, answer = await create(live, {"phone": PHONE, "items": ITEMS})
    assert (status, answer["status"], answer["razorpay_id"]) == (502, "refused", None)


async def test_the_next_order_gets_its_link_when_the_one_before_is_over(live: Live) -> None:
    _, first = await create(live, {"phone": PHONE, "items": ITEMS})
    words = '{"error": {"description": "words that nobody knows"}}'
    live.world.razorpay.fail_next("cancel_link", Fault.http(400, words))
    status, refused = await create(live, {"phone": PHONE, "items": ITEMS[:1]})
    assert (status, refused["status"], refused["razorpay_id"]) == (502, "refused", None)
    assert live.world.razorpay.links[first["razorpay_id"]].status == "created"
    status, second = await create(live, {"phone": PHONE, "items": ITEMS[1:]})
    assert (status, second["status"]) == (200, "created")
    statuses = [link.status for link in live.world.razorpay.links.values()]
    assert statuses == ["cancelled", "created"]


async def test_while_the_one_before_ends_a_link_is_being_made(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    await create(live, {"phone": PHONE, "items": ITEMS})
    monkeypatch.setattr(orders_api, "LINK_SECONDS", 0.1)
    live.world.razorpay.fail_next("cancel_link", Fault.http(500))
    status, late = await create(live, {"phone": PHONE, "items": ITEMS[:1]})
    assert (status, late["status"]) == (202, "creating")
    await live.seconds(2)
    assert (await live.api("GET", f"/payments/{late['order_id']}"))[1]["status"] == "created"


async def test_an_order_that_was_displaced_answers_how_it_stands(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its link was deferred until an earlier one ended when the next order replaced it."""
    await create(live, {"phone": PHONE, "items": ITEMS})
    monkeypatch.setattr(orders_api, "LINK_SECONDS", 0.1)
    live.world.razorpay.faults.always("cancel_link", Fault.http(500))
    body, key = {"phone": PHONE, "items": ITEMS[:1]}, {"Idempotency-Key": "second"}
    status, second = await create(live, body, **key)
    assert (status, second["status"]) == (202, "creating")
    await create(live, {"phone": PHONE, "items": ITEMS[1:]})
    live.world.razorpay.faults.always("cancel_link", None)
    await live.wait(1)
    displaced = {**second, "status": "cancelled"}
    assert await create(live, body, **key) == (200, displaced)
    assert await live.api("GET", f"/payments/{second['order_id']}") == (200, displaced)


async def test_the_number_that_whatsapp_knows_is_taken_however_it_is_spelled(live: Live) -> None:
    """Each pair is one subscriber: WhatsApp's id, and the number as people write it."""
    spelled = {
        "5215512345679": "+52 55 1234 5679",
        "5491123456789": "+54 11 2345 6789",
        "551187654321": "+55 (11) 98765-4321",
    }
    for wa_id, written in spelled.items():
        lupe = live.customer(wa_id, "Lupe")
        await lupe.write("hi")
        for phone in (written, wa_id, f"+{wa_id}"):
            status, made = await create(live, {"phone": phone, "items": ITEMS})
            assert (status, made["status"]) == (200, "created"), phone
            assert "💳 Complete Payment" in lupe.texts[-1], phone
        [url] = await lupe.tap("Pay Now")
        assert made["razorpay_short_url"] in url.text
        await lupe.pay()
        assert lupe.heard(CONFIRMED) == 1
    assert len(await live.rows("SELECT id FROM conversation")) == len(spelled)


async def test_the_browser_comes_back(live: Live) -> None:
    fields = {
        "razorpay_payment_link_id": "plink_1",
        "razorpay_payment_link_reference_id": "abc-1-1.1",
        "razorpay_payment_link_status": "paid",
        "razorpay_payment_id": "pay_1",
    }
    signed = "|".join(fields.values())
    right = hmac.new(live.world.secrets.key_secret.encode(), signed.encode(), sha256).hexdigest()

    async def come(signature: str | None, **other: str) -> int:
        query = {**fields, **({"razorpay_signature": signature} if signature is not None else {}), **other}
        async with live.http.get(f"{live.url}/payments/return", params=query) as answer:
            return answer.status

    before = await live.stored()
    assert await come(right) == 200
    for wrong in (None, "", "0" * 64, right.upper(), "é"):
        assert await come(wrong) == 403
    assert await come(right, razorpay_payment_id="pay_2") == 403
    assert await live.stored() == before, "a hint only: nothing is stored"


def ready_with(live: Live) -> str:
    return f"ready\nflow: chai-counter {live.context.flow.version}\nsystems: none\nfile: the same\n"


async def test_what_a_supervisor_asks(live: Live) -> None:
    asha = live.customer(PHONE)
    await asha.order()

    async def ask(path: str) -> tuple[int, str]:
        async with live.http.get(live.url + path) as answer:
            return answer.status, await answer.text()

    assert await ask("/healthz") == (200, "ok\n")
    assert await ask("/readyz") == (200, ready_with(live))
    await live.post("/nowhere/919812345601", b"")
    status, text = await ask("/metrics")
    assert status == 200
    assert 'munshi_requests_total{path="/whatsapp/webhook",status="200"}' in text
    assert 'munshi_requests_total{path="other",status="404"} 1.0' in text
    assert 'munshi_waiting{what="parked"} 0.0' in text
    assert 'munshi_deliveries_total{lane="pay",outcome="done"} 1.0' in text
    assert "9812345" not in text


async def test_not_ready_while_the_workers_do_not_work(live: Live) -> None:
    async def ready() -> tuple[int, str]:
        async with live.http.get(f"{live.url}/readyz") as answer:
            return answer.status, await answer.text()

    live.context.pulse.failed["step"] = 4
    assert await ready() == (200, ready_with(live))
    live.context.pulse.failed["step"] = 5
    assert await ready() == (503, "the workers keep failing\n")
    live.context.pulse.failed["step"] = 0
    with capture_logs():
        live.workers.start()
        live.workers._tasks[0].cancel()
        await asyncio.wait({live.workers._tasks[0]})
        await asyncio.sleep(0)
        assert await ready() == (503, "the workers have stopped\n")
        await live.workers.close()


async def test_not_ready_while_the_database_is_gone(
    live: Live, database_url: str, postgres_server: Any
) -> None:
    """503, not an error; nothing is acknowledged that could not be stored; and it recovers by itself."""
    if database_url.startswith("sqlite"):
        pytest.skip("an SQLite file does not go away")
    name = urlsplit(database_url).path[1:]
    postgres_server.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres_server.psql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    try:
        with capture_logs():
            async with live.http.get(f"{live.url}/readyz") as answer:
                assert answer.status == 503
            assert await live.whatsapp({"object": "whatsapp_business_account", "entry": ["odd"]}) == 500
    finally:
        postgres_server.psql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    async with live.http.get(f"{live.url}/readyz") as answer:
        assert answer.status == 200
    assert await live.whatsapp({"object": "whatsapp_business_account", "entry": ["odd"]}) == 200
