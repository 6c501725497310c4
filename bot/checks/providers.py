"""Checks whether WhatsApp and Razorpay answer, and take the keys."""

from collections.abc import AsyncIterator

import aiohttp

from bot.checks.chat_payments import payment_in_the_chat
from bot.checks.finding import Finding
from bot.checks.webhook import webhook
from bot.settings import Settings
from bot.whatsapp.client import WhatsAppClient
from bot.whatsapp.errors import SendError
from payments.razorpay.errors import GatewayError, Reason
from payments.razorpay.gateway import Gateway


async def whatsapp(settings: Settings) -> AsyncIterator[Finding]:
    """Yield whether Meta takes the token, where it posts webhooks, and what it says of cards."""
    async with aiohttp.ClientSession() as session:
        client = WhatsAppClient(
            session,
            base_url=settings.whatsapp_api_url,
            version=settings.whatsapp_api_version,
            phone_number_id=settings.whatsapp_phone_number_id,
            access_token=settings.whatsapp_access_token.get_secret_value(),
        )
        try:
            number = await client.phone_number()
        except SendError as error:
            mend = "check WHATSAPP_ACCESS_TOKEN and WHATSAPP_PHONE_NUMBER_ID"
            if error.code is None:
                mend = f"can this machine reach {settings.whatsapp_api_url}?"
            yield Finding("WhatsApp", False, str(error), mend)
            return
        yield Finding("WhatsApp", True, f"answers as {number.get('verified_name') or 'an unnamed number'}")
        async for finding in webhook(client):
            yield finding
        async for finding in payment_in_the_chat(settings, client):
            yield finding


async def razorpay(settings: Settings) -> AsyncIterator[Finding]:
    """Yield whether Razorpay takes the key."""
    secret = settings.razorpay_key_secret.get_secret_value()
    gateway = Gateway(settings.razorpay_key_id, secret, settings.razorpay_api_url)
    try:
        await gateway.ping()
    except GatewayError as error:
        mend = f"can this machine reach {settings.razorpay_api_url}? See also Razorpay's status page"
        if error.reason is Reason.AUTH:
            mend = "check RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET"
        yield Finding("Razorpay", False, str(error).removeprefix("Razorpay: "), mend)
        return
    finally:
        await gateway.close()
    yield Finding("Razorpay", True, "answers, and takes the key")
