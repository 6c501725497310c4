"""Checks for `munshi doctor` at Meta: the address of the webhook and the subscription of the app."""

from collections.abc import AsyncIterator
from typing import Final

from bot.checks.finding import Finding
from bot.http.webhooks import WHATSAPP
from bot.log import mask
from bot.retry import Failure
from bot.whatsapp.account import Addresses, addresses, health, is_subscribed
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.errors import SendError

_DASHBOARD: Final = "Meta App Dashboard > WhatsApp > Configuration"
_SET: Final = (
    f"{_DASHBOARD} > Webhook: https://<your server>{WHATSAPP}, and WHATSAPP_VERIFY_TOKEN as its verify token"
)
_OVERRIDE: Final = (
    "the number or its account has a webhook address of its own: take that override away, or let it end in "
    f"{WHATSAPP}"
)
_FIELDS: Final = (
    f"{_DASHBOARD} > Webhook fields: subscribe to messages, and to the others that the README names"
)
_PERMISSION: Final = "generate the token with whatsapp_business_management too, or see for yourself: {}"
_EXPIRED: Final = 190
_NO_PERMISSION: Final = frozenset({3, 10, *range(200, 300)})
"""The token lacks a permission. Source: Meta, Graph API, "Handle errors"."""
_NOT_VISIBLE: Final = 100
"""With subcode 33: the object is missing, or hidden from the token. Same source."""


async def webhook(client: WhatsAppClient) -> AsyncIterator[Finding]:
    """Yield findings: where Meta posts webhooks, and whether the app is subscribed to the account."""
    try:
        yield _address(addresses(await client.number("webhook_configuration")))
    except SendError as error:
        yield _unanswered("webhook", error)
    try:
        yield await _subscription(client)
    except SendError as error:
        yield _unanswered("subscription", error)


def _address(urls: Addresses) -> Finding:
    if urls.messages is None:
        return Finding("webhook", False, "Meta names no address that it posts messages to", _SET)
    if not urls.messages.endswith(WHATSAPP):
        said = f"Meta posts messages to {mask(urls.messages)}, and Munshi takes them at {WHATSAPP}"
        return Finding("webhook", False, said, _SET if urls.messages == urls.notices else _OVERRIDE)
    if urls.notices is None or not urls.notices.endswith(WHATSAPP):
        said = (
            f"Meta posts messages to {mask(urls.messages)}, but news of templates and of the account "
            f"to the app's own address, {mask(urls.notices) if urls.notices else 'of which there is none'}"
        )
        return Finding("webhook", False, said, _SET)
    return Finding("webhook", True, f"Meta posts to {mask(urls.messages)}")


async def _subscription(client: WhatsAppClient) -> Finding:
    status = health(await client.number("health_status"))
    if status.complaints:
        return Finding("subscription", False, f"Meta says: {mask(status.complaints[0])}", _FIELDS)
    if status.account is None:
        said = "could not be asked: Meta does not say which account the number belongs to"
        return Finding("subscription", None, said, f"see for yourself: {_DASHBOARD}")
    match is_subscribed(await client.subscribed_apps(status.account), status.app):
        case True:
            return Finding("subscription", True, "the app is subscribed to the WhatsApp business account")
        case False:
            said = "the app is not subscribed to the WhatsApp business account: no message will come"
            mend = (
                'curl -X POST -H "Authorization: Bearer $WHATSAPP_ACCESS_TOKEN" '
                f"{client.subscriptions_url(status.account)}"
            )
            return Finding("subscription", False, said, mend)
        case None:
            said = "Meta does not say whether the app is subscribed to the WhatsApp business account"
            return Finding("subscription", None, said, f"see for yourself: {_DASHBOARD}")


def _unanswered(name: str, error: SendError) -> Finding:
    """Return the finding for a question that Meta did not answer: a fault only if the token is refused."""
    if error.code == _EXPIRED:
        return Finding(name, False, str(error), "check WHATSAPP_ACCESS_TOKEN")
    if error.code in _NO_PERMISSION or (error.code == _NOT_VISIBLE and error.failure is Failure.HALT):
        said = "could not be asked: the access token lacks a permission"
        return Finding(name, None, said, _PERMISSION.format(_DASHBOARD))
    said = f"could not be asked: {mask(error.details)}"
    return Finding(name, None, said, f"ask again later, or see for yourself: {_DASHBOARD}")
