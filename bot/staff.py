"""The shop's staff: those of the flow file and of the setting, and their conversations at the channel."""

from dataclasses import replace
from types import MappingProxyType

from bot.settings import Settings, SettingsInvalid
from bot.whatsapp import phones
from bot.whatsapp.identity import PHONE
from flows.engine.model import Flow
from payments.shop.catalogue import Shop
from payments.shop.staff import Staff, by_number
from storage import Store


def staffed(flow: Flow, settings: Settings) -> Flow:
    """Return `flow` with the staff of MUNSHI_STAFF added. Raises SettingsInvalid for a number given twice."""
    if not settings.munshi_staff:
        return flow
    shop: Shop = flow.sections["shop"]
    try:
        shop = shop.with_staff(by_number(settings.munshi_staff))
    except ValueError as error:
        raise SettingsInvalid(f"MUNSHI_STAFF does not fit the flow file: {error}") from None
    return replace(flow, sections=MappingProxyType({**flow.sections, "shop": shop}))


async def declare_staff(store: Store, flow: Flow, now: int) -> None:
    """Make the staff of `flow` known to `store`, each by the number that WhatsApp knows them by."""
    shop: Shop = flow.sections["shop"]
    members: dict[str, Staff] = {}
    for member in shop.staff:
        spelt = phones.spellings(member.phone)
        known = await store.known_names(PHONE, spelt)
        members[known[0] if known else spelt[0]] = member.staff
    await store.declare_staff(members, now)
