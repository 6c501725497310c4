"""What `munshi doctor` finds out about payment in the chat."""

from collections.abc import AsyncIterator
from typing import Final

from bot.checks.finding import Finding
from bot.checks.flow import shop_of
from bot.settings import Settings
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.errors import SendError
from payments.shop.whatsapp_pay import WhatsAppPay, switch_of
from storage.database.errors import StorageError
from storage.database.records import reading
from storage.inbox import product_switch

_NAME: Final = "payment in the chat"
_NOBODYS: Final = "doctor.c0"
"""The reference id of a card that was never sent."""
_NO_CARD: Final = frozenset({100, 131009, 134006})
"""Meta knows the configuration, and no such card."""
_NO_CONFIGURATION: Final = 134009
_NOT_ACCEPTED: Final = 134011
_WHERE: Final = "Meta Business Suite > Billing & payments > Payment configurations"


async def payment_in_the_chat(settings: Settings, client: WhatsAppClient) -> AsyncIterator[Finding]:
    """Yield what is found of the shop's `whatsapp_pay`, if it has any: asked about, and switched off."""
    shop = await shop_of(settings)
    if shop and (terms := shop.whatsapp_pay):
        yield await _asked(client, terms)
        if switched := await _switched_off(settings, terms):
            yield switched


async def _asked(client: WhatsAppClient, terms: WhatsAppPay) -> Finding:
    """Look up a card that does not exist: what is refused says whether the configuration does."""
    name = terms.configuration
    try:
        await client.payment(name, _NOBODYS)
    except SendError as error:
        if error.code == _NO_CONFIGURATION:
            said = f"Meta knows no configuration '{name}', so nobody could pay an order card"
            return Finding(_NAME, False, said, f"write its name as in {_WHERE}")
        if error.code == _NOT_ACCEPTED:
            return Finding(_NAME, False, "the terms are not accepted", f"accept them in {_WHERE}")
        if error.code not in _NO_CARD:
            return Finding(_NAME, None, f"Meta did not say: {error}", f"look at '{name}' in {_WHERE}")
    return Finding(_NAME, True, f"Meta knows the configuration '{name}'; see for yourself that it is active")


async def _switched_off(settings: Settings, terms: WhatsAppPay) -> Finding | None:
    """Return a finding if cards are switched off, as they are while Meta says that they cannot be paid."""
    switch = switch_of(terms.configuration)
    try:
        async with reading(settings.database_url) as records:
            off = await product_switch.off(records.reads)
    except (StorageError, OSError):
        return None  # another check reports it
    if switch not in off:
        return None
    said = f"switched off by {off[switch].by}: customers get a link in place of an order card"
    mend = f"make the configuration active in {_WHERE}; if it is: munshi product {switch} on"
    return Finding(_NAME, False, said, mend)
