"""The sandbox's webhooks, received by a plain server."""

import asyncio
import json
from typing import Any

import aiohttp
import pytest

from sandbox.meta import HandshakeRefusedError
from sandbox.people import NothingToFill
from sandbox.world import World
from tests.sandbox.webhook_listener import NOW, Bot, Clock, new_link


async def send(world: World, **message: Any) -> str:
    """Send to Asha as a business would; returns the wamid."""
    url = f"{world.settings()['WHATSAPP_API_URL']}/v25.0/200000000000001/messages"
    headers = {"Authorization": "Bearer sandbox-access-token"}
    body = {"messaging_product": "whatsapp", "to": "+919812345670", **message}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json=body) as response,
    ):
        answer = await response.json()
    assert response.status == 200, answer
    wamid: str = answer["messages"][0]["id"]
    return wamid


async def send_buttons(world: World) -> str:
    reply = {"type": "reply", "reply": {"id": "pay:7", "title": "Pay Now"}}
    interactive = {"type": "button", "body": {"text": "Complete Payment"}, "action": {"buttons": [reply]}}
    return await send(world, type="interactive", interactive=interactive)


async def test_a_bot_that_fails_the_handshake_is_not_connected(world: World, bot: Bot) -> None:
    bot.verify_token = "another"
    with pytest.raises(HandshakeRefusedError):
        await world.connect(bot.url)
    await world.meta.person("919812345670").write("hi")
    await world.quiet()
    assert bot.got == []


async def test_events_wait_until_the_bot_is_connected(world: World, bot: Bot) -> None:
    await world.meta.person("919812345670").write("hi")
    await world.razorpay.fail(await new_link(world))
    await world.quiet()
    assert world.deliveries == []
    await world.connect(bot.url)
    await world.quiet()
    assert {(d.provider, d.event, d.status) for d in world.deliveries} == {
        ("meta", "message", 200),
        ("razorpay", "payment.failed", 200),
    }


async def test_a_text_arrives_in_metas_envelope(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    wamid = await world.meta.person("919812345670", "आशा").write("नमस्ते 🙏")
    await world.quiet()
    assert b"\\u0928" in bot.got[0][2]
    assert bot.got[0][1]["object"] == "whatsapp_business_account"
    assert bot.values == [
        {
            "messaging_product": "whatsapp",
            "metadata": {"display_phone_number": "918000000001", "phone_number_id": "200000000000001"},
            "contacts": [
                {"profile": {"name": "आशा"}, "wa_id": "919812345670", "user_id": "IN.1000000919812345670"}
            ],
            "messages": [
                {
                    "from": "919812345670",
                    "from_user_id": "IN.1000000919812345670",
                    "id": wamid,
                    "timestamp": str(NOW),
                    "type": "text",
                    "text": {"body": "नमस्ते 🙏"},
                }
            ],
        }
    ]


async def test_a_person_may_hide_their_phone(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    person = world.meta.person("919812345670")
    person.hides_phone = True
    await person.write("hi")
    await world.quiet()
    assert b"919812345670" not in bot.got[0][2].replace(person.user_id.encode(), b"")


async def test_a_tap_carries_the_id_and_the_message_it_was_on(world: World, bot: Bot) -> None:
    wamid = await send_buttons(world)
    person = world.meta.person("919812345670")
    assert person.messages[0].choice("Pay Now") == "pay:7"
    assert person.messages[0].choices == [("pay:7", "Pay Now", None)]
    await world.connect(bot.url)
    await world.quiet()
    bot.got.clear()
    await person.tap("Pay Now")
    await world.quiet()
    message = bot.values[0]["messages"][0]
    assert message["context"] == {"from": "918000000001", "id": wamid}
    assert message["interactive"] == {
        "type": "button_reply",
        "button_reply": {"id": "pay:7", "title": "Pay Now"},
    }
    with pytest.raises(LookupError):
        await person.tap("Refund")


async def test_a_row_is_tapped_by_id_with_its_description(world: World, bot: Bot) -> None:
    rows = [{"id": "add:1", "title": "Masala", "description": "₹180"}, {"id": "add:2", "title": "Ginger"}]
    action = {"button": "Open", "sections": [{"title": "Teas", "rows": rows}]}
    interactive = {"type": "list", "body": {"text": "Teas"}, "action": action}
    await send(world, type="interactive", interactive=interactive)
    await world.connect(bot.url)
    await world.quiet()
    bot.got.clear()
    await world.meta.person("919812345670").tap("add:1")
    await world.meta.person("919812345670").tap("Ginger")
    await world.quiet()
    replies = [value["messages"][0]["interactive"]["list_reply"] for value in bot.values]
    assert sorted(replies, key=lambda reply: str(reply["id"])) == rows


FORM = {
    "type": "address_message",
    "body": {"text": "Where?"},
    "action": {"name": "address_message", "parameters": {"country": "IN"}},
}


async def test_an_address_form_is_filled_in(world: World, bot: Bot) -> None:
    asha = world.meta.person("919812345670")
    with pytest.raises(NothingToFill):
        await asha.fill({"city": "Pune"})
    wamid = await send(world, type="interactive", interactive=FORM)
    await world.connect(bot.url)
    await world.quiet()
    bot.got.clear()
    await asha.fill({"address": "FC Road", "city": "Pune"})
    await world.quiet()
    [message] = bot.values[0]["messages"]
    assert message["context"]["id"] == wamid
    reply = message["interactive"]["nfm_reply"]
    assert (message["interactive"]["type"], reply["name"]) == ("nfm_reply", "address_message")
    assert json.loads(reply["response_json"]) == {"values": {"address": "FC Road", "city": "Pune"}}


async def test_an_old_app_cannot_show_an_address_form(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    person = world.meta.person("919812345670")
    person.has_old_app = True
    await send(world, type="interactive", interactive=FORM)
    await send(world, type="text", text={"body": "Where?"})
    await world.quiet()
    assert [message.kind for message in person.messages] == ["text"]
    statuses = [status for value in bot.values for status in value["statuses"]]
    assert [s["errors"][0]["code"] for s in statuses if s["status"] == "failed"] == [131026]


async def test_other_kinds_of_messages(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    await world.meta.person("919812345670").send("location", {"latitude": 12.97, "longitude": 77.59})
    await world.quiet()
    message = bot.values[0]["messages"][0]
    assert (message["type"], message["location"]["latitude"]) == ("location", 12.97)


async def test_sent_then_delivered_follow_a_send_and_read_on_demand(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    wamid = await send(world, type="text", text={"body": "hi"}, biz_opaque_callback_data="outbox-7")
    await world.quiet()
    await world.meta.person("919812345670").read()
    await world.quiet()
    statuses = [value["statuses"][0] for value in bot.values]
    assert [status["status"] for status in statuses] == ["sent", "delivered", "read"]
    assert statuses[0] == {
        "id": wamid,
        "status": "sent",
        "timestamp": str(NOW),
        "recipient_id": "919812345670",
        "recipient_user_id": "IN.1000000919812345670",
        "biz_opaque_callback_data": "outbox-7",
        "pricing": {
            "billable": False,
            "pricing_model": "PMP",
            "type": "free_customer_service",
            "category": "service",
        },
    }
    assert "pricing" not in statuses[1]
    assert all(value["contacts"][0]["wa_id"] == "919812345670" for value in bot.values)


async def test_an_unreachable_person_fails_after_acceptance(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    person = world.meta.person("919812345670")
    person.unreachable = True
    await send(world, type="text", text={"body": "hi"})
    await world.quiet()
    (value,) = bot.values
    status = value["statuses"][0]
    assert (status["status"], status["errors"][0]["code"]) == ("failed", 131026)
    assert "contacts" not in value
    assert "recipient_user_id" not in status
    assert person.messages == []


async def test_a_closed_window_may_also_fail_later(bot: Bot, clock: Clock) -> None:
    async with World.running(now=clock, ticking=False, window="fail") as world:
        await world.connect(bot.url)
        await send(world, type="text", text={"body": "hi"})
        await world.quiet()
    assert bot.values[0]["statuses"][0]["errors"][0]["code"] == 131047


async def test_statuses_can_be_switched_off(bot: Bot, clock: Clock) -> None:
    async with World.running(now=clock, ticking=False, statuses=()) as world:
        await world.connect(bot.url)
        await send(world, type="text", text={"body": "hi"})
        await world.quiet()
    assert bot.got == []


async def test_one_payment_makes_four_events(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    clock.now += 70_000
    payment = await world.razorpay.pay(link)
    await world.quiet()
    names = ["payment.authorized", "payment.captured", "order.paid", "payment_link.paid"]
    assert [event["event"] for event in bot.events] == names
    assert len({event_id for _, _, _, event_id in bot.got}) == 4
    authorized, captured, order_paid, link_paid = bot.events

    for event in bot.events:
        assert event["contains"] == list(event["payload"]) or event["event"] == "payment_link.paid"
        assert event["payload"]["payment"]["entity"]["id"] == payment
        assert event["payload"]["payment"]["entity"]["notes"] == {"order_key": "c1-1"}
        assert event["payload"]["payment"]["entity"]["description"] == "#" + link.removeprefix("plink_")
    first = authorized["payload"]["payment"]["entity"]
    assert (first["status"], first["captured"], first["fee"]) == ("authorized", False, None)
    second = captured["payload"]["payment"]["entity"]
    assert (second["status"], second["fee"], second["tax"]) == ("captured", 4243, 647)
    assert "payment_link" not in captured["payload"]
    assert order_paid["payload"]["order"]["entity"]["receipt"] == "c1-1.1"
    assert captured["created_at"] == NOW + 70

    assert link_paid["created_at"] == NOW
    assert link_paid["contains"] == ["payment_link", "order", "payment"]
    assert link_paid["payload"]["payment_link"]["entity"]["status"] == "paid"
    assert "payments" not in link_paid["payload"]["payment_link"]["entity"]
    assert list(link_paid) == sorted(link_paid)
    assert bot.got[3][2] == json.dumps(link_paid, separators=(",", ":"), sort_keys=True).encode()
    assert world.razorpay.payments[payment].status == "captured"


async def test_a_failed_attempt_makes_one_event(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    await world.razorpay.fail(link, reason="insufficient_funds", description="No money", method="card")
    await world.quiet()
    (event,) = bot.events
    entity = event["payload"]["payment"]["entity"]
    assert event["event"] == "payment.failed"
    assert (entity["status"], entity["error_reason"]) == ("failed", "insufficient_funds")
    assert (entity["error_description"], entity["error_code"]) == ("No money", "BAD_REQUEST_ERROR")
    assert world.razorpay.links[link].status == "created"


async def test_links_end_with_one_event(world: World, bot: Bot, clock: Clock) -> None:
    await world.connect(bot.url)
    cancelled, expired = await new_link(world, "c1-1.1"), await new_link(world, "c1-2.1")
    await world.razorpay.cancel(cancelled)
    await world.quiet()
    clock.now += 1800 * 1000 - 1
    await world.tick()
    assert [event["event"] for event in bot.events] == ["payment_link.cancelled"]
    clock.now += 1
    await world.tick()
    await world.tick()
    assert [event["event"] for event in bot.events] == ["payment_link.cancelled", "payment_link.expired"]
    entity = bot.events[1]["payload"]["payment_link"]["entity"]
    assert (entity["id"], entity["expired_at"]) == (expired, NOW + 1800)
    assert bot.events[1]["created_at"] == NOW


async def test_events_can_be_built_and_delivered_by_hand(world: World, bot: Bot) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    events = world.razorpay.success_events(link)
    await world.quiet()
    assert bot.got == []
    assert world.razorpay.events_of(link) == events
    assert world.razorpay.links[link].status == "paid"
    async with aiohttp.ClientSession() as session:
        for event in [events[3], events[3], events[0]]:
            url = f"{bot.url}/payments/webhook"
            async with session.post(url, data=event.body, headers=event.headers) as response:
                assert response.status == 200
    names = ["payment_link.paid", "payment_link.paid", "payment.authorized"]
    assert [event["event"] for event in bot.events] == names


async def test_late_success_of_an_expired_link_has_no_link_event(
    world: World, bot: Bot, clock: Clock
) -> None:
    await world.connect(bot.url)
    link = await new_link(world)
    payment = await world.razorpay.fail(link, reason="payment_timed_out")
    clock.now += 2000 * 1000
    await world.tick()
    await world.razorpay.settle_late(payment)
    await world.quiet()
    assert [event["event"] for event in bot.events] == [
        "payment.failed",
        "payment_link.expired",
        "payment.authorized",
        "payment.captured",
        "order.paid",
    ]


async def test_the_ticker_looks_by_itself(bot: Bot, clock: Clock) -> None:
    async with World.running(now=clock, ticking=True) as world:
        await world.connect(bot.url)
        await new_link(world)
        assert bot.events == []
        clock.now += 1800 * 1000
        await asyncio.wait_for(bot.reached.wait(), 5)
    assert bot.events[0]["event"] == "payment_link.expired"
