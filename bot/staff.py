"""The shop's staff: those of the flow file and of the setting, and their conversations at the channel."""

from dataclasses import replace
from datetime import date
from types import MappingProxyType

from bot.settings import Settings, SettingsInvalid
from bot.whatsapp import phones
from bot.whatsapp.identity import PHONE
from flows.engine.model import Flow
from payments.processing.bodies import StaffAction, staff_action_to_json
from payments.processing.named_orders import DAY, period_to
from payments.processing.step_input import EventKind
from payments.processing.verbs import may_do
from payments.shop.business_day import period_of
from payments.shop.catalogue import Shop
from payments.shop.staff import by_number
from storage import Store
from storage.inbox.arrival import Arrival


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
    members = {await digits_of(store, member.phone): member.staff for member in shop.staff}
    await store.declare_staff(members, now)


async def digits_of(store: Store, phone: str) -> str:
    """Return the digits of `phone`, as WhatsApp spells them if we know the person."""
    spelt = phones.spellings(phone)
    known = await store.known_names(PHONE, spelt)
    return known[0] if known else spelt[0]


async def day_reports(store: Store, flow: Flow, day: date, key: str) -> list[Arrival]:
    """Return the arrivals that have the figures of `day` sent to the staff, once for each `key`.

    Everybody gets them who sees to orders or to money.
    """
    shop: Shop = flow.sections["shop"]
    value = period_to(period_of(shop.timezone, day))
    body = staff_action_to_json(StaffAction("", "Munshi", DAY, value))
    readers = [member.phone for member in shop.staff if may_do(DAY, member.may)]
    names = [(PHONE, await digits_of(store, phone)) for phone in readers]
    return [Arrival(f"day:{key}", EventKind.STAFF, body, aliases=(name,)) for name in names]
