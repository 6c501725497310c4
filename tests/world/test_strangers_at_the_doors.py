"""What operators hear of webhooks that fit no secret, of another number's messages, of warnings."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from payments.signature import sign
from tests.world.living import Live

FORGED = "f" * 64
DOORS = {
    "/whatsapp/webhook": ("X-Hub-Signature-256", "sha256=" + FORGED, "WHATSAPP_APP_SECRET"),
    "/payments/webhook": ("X-Razorpay-Signature", FORGED, "RAZORPAY_WEBHOOK_SECRET"),
}


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
            assert await live.whatsapp(message("999", f"wamid.{n}")) == 200
    await live.settle()
    [line] = [log for log in logs if "another number" in log["event"]]
    assert line["phone_number_id"] == "999"
    assert b"munshi_messages_elsewhere_total 3.0" in live.context.metrics.text()
    assert live.customer().texts == []


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


def test_a_forged_signature_is_none_of_ours() -> None:
    assert sign(b"{}", "x" * 32) != FORGED
