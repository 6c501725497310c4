"""The operators' commands while the whole bot runs."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.cli.display import database_name
from bot.cli.serve import serves
from tests.storage.handwritten_rows import run_sql
from tests.world.running_bot import API_TOKEN, FLOW, Live

DESK = {"MUNSHI_OPERATOR_TOKEN": "test-desk-token-0123456789"}
"""A token of its own for the desk, without which doctor finds something to mend."""


async def munshi(live: Live, *words: str, **more: str) -> Result:
    """Run a command against the running bot's database, as another process would."""
    settings = {name.upper(): value for name, value in live.world.settings().items()}
    host, _, port = live.url.removeprefix("http://").rpartition(":")
    settings |= {
        "DATABASE_URL": live.context.settings.database_url,
        "MUNSHI_API_TOKEN": API_TOKEN,
        "HOST": host,
        "PORT": port,
        **more,
    }
    return await asyncio.to_thread(CliRunner().invoke, app(), list(words), env=settings)


async def test_the_story_of_an_order(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    await asha.write("what?")
    await asha.pay()
    view = await live.order(live.world.razorpay.links[asha.link])
    told = await munshi(live, "why", f"#{view.order.number}")
    assert told.exit_code == 0, told.output
    context = [
        'customer tapped "Confirm order" (confirm)',
        "took    checkout.review: confirm, line ",
        "checkout.review → awaiting_payment",
        f"order #{view.order.number} ({view.order.key}) placed: 2 × Masala chai 250 g, 1 × ",
        f"asked Razorpay: CreateLink {view.attempts[0].reference_id}: answered",
        "Razorpay answered payment_link.created",
        'said complete_payment "💳 Complete Payment',
        'customer wrote "what?"',
        "Razorpay told payment.captured",
        "captured, ₹500",
        "\nnow\n  in state paid",
        f"order #{view.order.number}: paid, fulfilled, placed, ₹500 fulfilled",
        f"link {view.attempts[0].reference_id}: paid",
    ]
    places = [told.output.find(part) for part in context]
    assert -1 not in places, (context[places.index(-1)], told.output)
    assert places == sorted(places), told.output
    assert ": read" in told.output or ": delivered" in told.output, "what became of the messages"
    assert 'customer wrote "hi"' not in told.output, "that was before the order"

    of_customer = (await munshi(live, "why", asha.person.wa_id)).output
    assert 'customer wrote "hi"' in of_customer
    for output in (told.output, of_customer):
        assert asha.person.wa_id not in output
        assert asha.person.wa_id[-10:] not in output


async def test_the_books_of_a_shop_that_was_paid_in_every_way(live: Live) -> None:
    assert (await munshi(live, "ledger")).output.endswith("The books balance.\n")
    for index, pay in enumerate((True, False, True)):
        customer = live.customer(f"91981234560{index}")
        await customer.order()
        if pay:
            await customer.pay()
        else:
            await customer.fail()
    told = await munshi(live, "ledger", "--json")
    assert told.exit_code == 0, told.output
    books = orjson.loads(told.output)
    assert (books["orders"], books["payments"], books["held"]) == (3, 2, [])
    assert books["sums"]["INR"]["captured"] == books["sums"]["INR"]["fulfilled"] == 100_000

    await live.wait(30)
    assert (await munshi(live, "ledger")).exit_code == 0, "also after the unpaid one has ended"


async def test_money_that_does_not_fit_is_in_the_books(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    link = live.world.razorpay.links[asha.link]
    _, captured, *_ = live.world.razorpay.success_events(link.id)
    body: Any = orjson.loads(captured.body)
    body["payload"]["payment"]["entity"]["amount"] = 20_000
    assert await live.razorpay(live.world.razorpay.signed(body)) == 200
    await live.settle()
    told = await munshi(live, "ledger")
    assert told.exit_code == 0, told.output
    assert "held, short: " in told.output
    assert "The books balance." in told.output


async def test_money_for_an_order_that_was_lost_is_missed(live: Live) -> None:
    """After a restore, Razorpay sends a webhook about an order that this database lacks."""
    asha = live.customer()
    await asha.order()
    link = live.world.razorpay.links[asha.link]
    for table in ("orders", "attempt"):
        await run_sql(live.context.store, f"DELETE FROM {table}")
    await live.world.razorpay.pay(link.id)
    await live.settle()
    told = await munshi(live, "ledger")
    assert told.exit_code == 1
    assert f"  {link.notes['munshi_order']}: pay_" in told.output
    assert "expected ₹500, found ₹0\n      mend what parked the event" in told.output


async def park(live: Live) -> list[int]:
    """Park every message. Return their numbers."""
    rows = await live.rows("SELECT id FROM inbox WHERE kind = 'chat' ORDER BY id")
    numbers = [int(row["id"]) for row in rows]
    parked = "UPDATE inbox SET state = 'parked', error = 'KeyError: x', trace = NULL WHERE kind = 'chat'"
    await run_sql(live.context.store, parked)
    return numbers


async def test_a_parked_event_is_replayed_by_the_running_server(live: Live) -> None:
    asha = live.customer()
    await asha.write("hi")
    [number] = await park(live)
    assert f"PARKED  [event {number}]" in (await munshi(live, "why", asha.person.wa_id)).output
    assert f"munshi replay {number}" in (await munshi(live, "doctor")).output
    before = len(asha.person.messages)
    told = await munshi(live, "replay", str(number))
    assert (told.exit_code, told.output) == (0, f"event {number} waits to be handled\n")
    await live.settle()
    assert len(asha.person.messages) > before, "what it would have done, it does now"
    assert await live.parked() == []
    again = await munshi(live, "replay", str(number))
    assert (again.exit_code, again.output) == (
        1, f"event {number} is applied: only a parked event can be replayed\n",
    )  # fmt: skip


async def test_the_operator_s_api(live: Live) -> None:
    asha = live.customer()
    await asha.write("hi")
    [number] = await park(live)
    replay, seen = f"/operator/events/{number}/replay", "/operator/notices/3/seen"
    for path in (replay, seen):
        assert (await live.api("POST", path, token="wrong"))[0] == 401
        assert (await live.api("GET", path))[0] == 405
    assert await live.parked() == ["KeyError: x"]
    assert await live.api("POST", replay) == (200, {"event": number, "state": "pending"})
    await live.settle()
    assert await live.api("POST", replay) == (409, {"error": f"event {number} is applied, not parked"})
    status, said = await live.api("POST", "/operator/events/999999/replay")
    assert (status, said) == (404, {"error": "there is no event 999999"})
    for nonsense in ("x", "-1", "9" * 19, "1.0", "%D9%A1"):
        assert (await live.api("POST", f"/operator/events/{nonsense}/replay"))[0] == 404, nonsense
    notice = "INSERT INTO notice (id, kind, subject, said, created_at) VALUES (3, 'window', 'paid', 'x', 1)"
    await run_sql(live.context.store, notice)
    assert 'munshi_waiting{what="notices"} 1.0' in (await live.api("GET", "/metrics"))[1]
    told = await munshi(live, "doctor", "--seen", "3")
    assert (told.exit_code, told.output) == (0, "notice 3 is forgotten\n")
    assert await live.api("POST", seen) == (404, {"error": "there is no notice 3"})


async def test_metrics_count_held_orders(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    assert 'munshi_waiting{what="held"} 0.0' in (await live.api("GET", "/metrics"))[1]
    held = "UPDATE orders SET held = 5, held_for = 'disputed'"
    await run_sql(live.context.store, held)
    assert 'munshi_waiting{what="held"} 1.0' in (await live.api("GET", "/metrics"))[1]


async def test_doctor_on_a_running_shop(live: Live) -> None:
    asha = live.customer()
    await asha.order()
    await asha.pay()
    told = await munshi(live, "doctor", **DESK)
    assert (told.exit_code, told.output.splitlines()[-1]) == (0, "All is well.")
    for line in ("database: there, and up to date", "events: none is parked", "notices: none"):
        assert f"✓ {line}\n" in told.output


async def test_doctor_asks_meta_where_the_webhook_leads_and_who_is_subscribed(live: Live) -> None:
    told = await munshi(live, "doctor", **DESK)
    assert told.exit_code == 0, told.output
    assert f"✓ webhook: Meta posts to {live.url}/whatsapp/webhook\n" in told.output
    assert "✓ subscription: the app is subscribed to the WhatsApp business account\n" in told.output

    live.world.meta.account.webhook = None
    live.world.meta.account.is_subscribed = False
    told = await munshi(live, "doctor", **DESK)
    assert (told.exit_code, told.output.splitlines()[-1]) == (1, "2 to mend.")
    assert (
        "✗ webhook: Meta names no address that it posts messages to\n    Meta App Dashboard > " in told.output
    )
    assert "✗ subscription: the app is not subscribed to the WhatsApp business account: " in told.output
    assert f"{live.world.meta_url}/v25.0/100000000000001/subscribed_apps\n" in told.output

    live.world.meta.account.webhook = "https://shop.example/hook"
    live.world.meta.account.is_subscribed = True
    live.world.meta.account.hears_messages = False
    told = await munshi(live, "doctor", **DESK)
    assert told.exit_code == 1
    assert "✗ webhook: Meta posts messages to https://shop.example/hook, and Munshi takes them" in told.output
    assert "✗ subscription: Meta says: Your app is not subscribed to the message webhook." in told.output


async def test_doctor_says_what_the_token_may_not_ask(live: Live) -> None:
    live.world.meta.account.token_may_manage = False
    told = await munshi(live, "doctor", **DESK)
    assert told.exit_code == 0, told.output
    for name in ("webhook", "subscription"):
        assert f"? {name}: could not be asked: the access token lacks a permission\n" in told.output
    assert "whatsapp_business_management" in told.output
    assert "All is well" not in told.output
    assert told.output.endswith("\nNothing to mend, but 2 questions got no answer.\n")


async def test_doctor_tells_of_a_flow_file_that_is_not_what_is_served(live: Live, tmp_path: Path) -> None:
    file = tmp_path / "flows.yaml"
    file.write_bytes(FLOW.read_bytes())
    same = (await munshi(live, "doctor", MUNSHI_FLOW=str(file))).output
    assert f"serves chai-counter {live.context.flow.version}" in same
    assert "is not what is served" not in same
    file = tmp_path / "edited.yaml"
    file.write_bytes(FLOW.read_bytes().replace(b"price: 180", b"price: 170", 1))
    told = await munshi(live, "doctor", MUNSHI_FLOW=str(file))
    assert told.exit_code == 1
    version = live.context.flow.version
    assert f"✗ flow: {file} is not what is served: that is version {version}, the file is " in told.output
    assert "munshi reload" in told.output


async def test_what_is_served_and_where_is_one_line(live: Live) -> None:
    settings = live.context.settings
    said = serves(live.context, live.url)
    assert said.startswith(
        f"Munshi serves 'chai-counter' ({FLOW}, version {live.context.flow.version}) at {live.url}"
    )
    assert "Razorpay in test mode; webhooks at /whatsapp/webhook and /payments/webhook" in said
    assert f"database {database_name(settings.database_url)}, " in said
    assert "\n" not in said


def test_a_database_is_named_without_its_password() -> None:
    assert (
        database_name("postgres://shop:hunter2@db.test:5432/munshi?sslmode=require")
        == "munshi at db.test:5432"
    )
    assert database_name("postgres:///munshi") == "munshi at this machine"
    assert database_name("sqlite:///srv/shop/munshi.db?x=1") == "/srv/shop/munshi.db"
    assert database_name("sqlite://munshi.db") == str(Path("munshi.db").absolute())
