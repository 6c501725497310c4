"""Statuses of messages that WhatsApp tells late."""

from typing import Any

from sandbox.people import ReceivedMessage
from tests.world.running_bot import Customer, Live


async def fails(live: Live, customer: Customer, message: ReceivedMessage, code: int) -> int:
    """Meta's receipt that `message` failed after all; its customer has not seen it."""
    await live.rows("UPDATE outbox SET receipt = 'sent', receipt_rank = 1")
    error = {"code": code, "title": "as told", "error_data": {"details": "as told"}}
    return await tells(live, customer, message, "failed", errors=[error])


async def tells(live: Live, customer: Customer, message: ReceivedMessage, status: str, **extra: Any) -> int:
    """Meta's receipt of `message` with this status. Return what the bot answers."""
    told = {
        "id": message.wamid,
        "status": status,
        "timestamp": "1790000000",
        "recipient_id": customer.person.wa_id,
        **extra,
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"phone_number_id": live.world.secrets.phone_number_id},
        "statuses": [told],
    }
    entry = {"id": "1", "changes": [{"field": "messages", "value": value}]}
    answer = await live.whatsapp({"object": "whatsapp_business_account", "entry": [entry]})
    await live.settle()
    return answer
