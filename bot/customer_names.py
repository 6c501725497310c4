"""Names customers for the operator: by their profile name, and the end of their phone number."""

import re
from collections.abc import Sequence

from bot.whatsapp.channel import WHATSAPP
from flows.engine.conversation import Conversation
from storage.database.records import Records
from storage.inbox.staff import phones as phones_of


async def named(records: Records, people: Sequence[Conversation]) -> list[str]:
    """Return what each customer is called: `Asha …5601`; by the conversation's id if nothing is known."""
    numbers = [int(one.id.rpartition("-")[2]) for one in people]
    phones = await phones_of(records.reads, numbers, WHATSAPP.naming)
    return [_called(one, phones.get(number, "")) for one, number in zip(people, numbers, strict=True)]


def _called(one: Conversation, phone: str) -> str:
    name = str(one.customer.get("name") or "")
    return " ".join(part for part in (name, last_four(phone) if phone else "") if part) or one.id


def last_four(name: str) -> str:
    """Return the end of a phone number or another name of a customer."""
    return f"…{re.sub('[^0-9A-Za-z]', '', name)[-4:]}"
