"""Notices about webhooks that fit no secret, messages of another number, and warnings."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from payments.signature import sign
from tests.world.running_bot import Live

FORGED = "f" * 64
DOORS = {
    "/whatsapp/webhook": ("X-Hub-Signature-256", "sha256=" + FORGED, "WHATSAPP_APP_SECRET"),
    "/payments/webhook": ("X-Razorpay-Signature", FORGED, "RAZORPAY_WEBHOOK_SECRET"),
}


async def no_room(*_: object) -> None:
    raise OSError("the disk is full")


async def refused(live: Live, door: str) -> None:
    header, value, _ = DOORS[door]
    assert (await live.post(door, b"{}", {header: value}))[0] == 403


async def told(live: Live) -> list[dict[str, Any]]:
    return await live.rows("SELECT kind, subject, said FROM notice ORDER BY id")


@pytest.mark.parametrize("door", DOORS)
async def test_a_wrong_secret_is_told_of_once_it_refused_everything_for_a_while(
    door: str, live: Live
) -> None:
    for _ in range(5):
        await refused(live, door)
    assert await told(live) == [], "a forger, or a moment's confusion"
    await live.wait(2)
    await refused(live, door)
    [notice] = await told(live)
    assert (notice["kind"], notice["subject"]) == ("signature", door)
    assert DOORS[door][2] in notice["said"]
    for _ in range(5):
        await refused(live, door)
    assert len(await told(live)) == 1


@pytest.mark.parametrize("door", DOORS)
async def test_a_notice_that_could_not_be_stored_is_told_by_the_next_refusal(
    door: str, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await refused(live, door)
    await live.wait(2)
    with monkeypatch.context() as failing, capture_logs() as logs:
        failing.setattr(live.context.store, "tell", no_room)
        await refused(live, door)
    assert ("notice not stored", "signature") in [(log["event"], log.get("kind")) for log in logs]
    assert await told(live) == []
    assert live.context.intake.unstored == 0, "it was refused, and is not missed"
    await refused(live, door)
    [notice] = await told(live)
    assert "5 signed webhooks" in notice["said"]


async def test_a_wrong_secret_is_told_of_again_once_the_notice_was_seen(live: Live) -> None:
    for _ in range(2):
        for _ in range(3):
            await refused(live, "/whatsapp/webhook")
        await live.wait(2)
        await refused(live, "/whatsapp/webhook")
        [notice] = await live.rows("SELECT id FROM notice")
        assert await live.context.store.seen(notice["id"])


async def test_forgeries_among_what_is_accepted_are_no_news(live: Live) -> None:
    asha = live.customer()
    for _ in range(6):
        await refused(live, "/whatsapp/webhook")
        await live.wait(1)
        await asha.write("help")
    assert await told(live) == []


def message(number: str, wamid: str) -> dict[str, Any]:
    text = {"from": "919812345601", "id": wamid, "timestamp": "1790000000", "type": "text"}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": number},
        "messages": [{**text, "text": {"body": "hi"}}],
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }


async def test_messages_for_another_number_are_counted_and_logged_once(live: Live) -> None:
    with capture_logs() as logs:
        for n in range(3):
            assert await live.whatsapp(message("106540352242922", f"wamid.{n}")) == 200
    await live.settle()
    [line] = [log for log in logs if "another number" in log["event"]]
    assert line["phone_number_id"] == "…242922"
    assert "106540352242922" not in str(logs)
    assert b"munshi_messages_elsewhere_total 3.0" in live.context.metrics.text()
    assert live.customer().texts == []


async def test_what_cannot_be_stored_is_counted_once_it_is(
    live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    bodies: tuple[Any, ...] = (message("106540352242922", "wamid.1"), b"no JSON")
    with capture_logs():
        with monkeypatch.context() as failing:
            failing.setattr(live.context.store, "arrive", no_room)
            for body in bodies:
                assert await live.whatsapp(body) == 500
        for body in bodies:
            assert await live.whatsapp(body) == 200
    counted = live.context.metrics.text()
    assert b"munshi_messages_elsewhere_total 1.0" in counted
    assert b'munshi_webhooks_unreadable_total{path="/whatsapp/webhook"} 1.0' in counted
    assert b"munshi_events_arrived_total 2.0" in counted


async def test_an_event_that_comes_again_is_stored_and_counted_once(live: Live) -> None:
    for _ in range(3):
        assert await live.whatsapp(message(live.world.secrets.phone_number_id, "wamid.1")) == 200
    assert b"munshi_events_arrived_total 1.0" in live.context.metrics.text()


async def test_a_disabled_template_is_told_of_once(live: Live) -> None:
    value = {"event": "DISABLED", "message_template_name": "payment_successful", "reason": "NONE"}
    change = {"field": "message_template_status_update", "value": value}
    for time in (1, 2):
        body = {
            "object": "whatsapp_business_account",
            "entry": [{"id": "1", "time": time, "changes": [change]}],
        }
        assert await live.whatsapp(body) == 200
    [notice] = await told(live)
    assert notice["kind"] == "whatsapp"
    assert "'payment_successful': DISABLED." in notice["said"]


@pytest.mark.parametrize("door", DOORS)
async def test_a_forged_signature_is_none_of_ours(door: str, live: Live) -> None:
    """Only secret and body decide: a well-formed signature with another secret or body is refused."""
    header, forged, setting = DOORS[door]
    prefix = forged.removesuffix(FORGED)
    secret = {
        "WHATSAPP_APP_SECRET": live.world.secrets.app_secret,
        "RAZORPAY_WEBHOOK_SECRET": live.world.secrets.webhook_secret,
    }[setting]
    right = sign(b"{}", secret)
    for wrong in (FORGED, sign(b"{}", secret + "x"), sign(b"{ }", secret), right[:-1] + "g"):
        assert (await live.post(door, b"{}", {header: prefix + wrong}))[0] == 403, wrong
    assert (await live.post(door, b"{}", {header: prefix + right}))[0] == 200
