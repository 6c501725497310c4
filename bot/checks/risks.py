"""Finds risks in settings that work: exposed, shared, easily guessed, contradictory."""

from collections.abc import Iterator
from itertools import combinations
from typing import Final
from urllib.parse import urlsplit

from bot.checks.finding import Finding
from bot.setting_text import is_easily_guessed
from bot.settings import Settings
from payments.shop.orders import Mode

_LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")


def risks(settings: Settings) -> Iterator[Finding]:
    """Yield every risk, as a finding that is not well."""
    yield from _exposed(settings)
    yield from _shared(settings)
    yield from _guessed(settings)
    yield from _mismatched(settings)


def _exposed(settings: Settings) -> Iterator[Finding]:
    """Find a server that listens on more than this machine."""
    if settings.host not in _LOCAL_HOSTS:
        said = f"HOST is {settings.host}: other machines reach /metrics and the desk, without TLS"
        yield Finding("proxy", False, said, "leave HOST out, and let a proxy on this machine end TLS")


def _shared(settings: Settings) -> Iterator[Finding]:
    same = [
        f"{name} is the same as {other_name}"
        for (name, value), (other_name, other_value) in combinations(settings.named_secrets().items(), 2)
        if value == other_value
    ]
    if same:
        mend = "give each its own: whoever learns one has them all"
        yield Finding("secrets", False, "; ".join(same), mend)


def _guessed(settings: Settings) -> Iterator[Finding]:
    weak = [name for name, value in settings.named_secrets().items() if is_easily_guessed(value)]
    if weak:
        mend = "make another: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        yield Finding("secrets", False, f"{', '.join(weak)} could be guessed", mend)


def _mismatched(settings: Settings) -> Iterator[Finding]:
    """Find keys and addresses that do not belong together."""
    is_local = {
        "WHATSAPP_API_URL": _is_local(settings.whatsapp_api_url),
        "RAZORPAY_API_URL": _is_local(settings.razorpay_api_url),
    }
    for name, url in (
        ("WHATSAPP_API_URL", settings.whatsapp_api_url),
        ("RAZORPAY_API_URL", settings.razorpay_api_url),
    ):
        if url.startswith("http://") and not is_local[name]:
            yield Finding(
                "keys", False, f"{name} is http://: keys travel in the open", f"make {name} https://"
            )
    if settings.razorpay_mode is Mode.LIVE and any(is_local.values()):
        names = " and ".join(name for name, local in is_local.items() if local)
        said = f"RAZORPAY_KEY_ID is a live one, and {names} leads to this machine: is it a sandbox?"
        yield Finding("keys", False, said, "leave the *_API_URL settings out, or take an rzp_test_ key")
    elif len(set(is_local.values())) > 1:
        local, real = sorted(is_local, key=lambda name: not is_local[name])
        said = f"{local} leads to this machine, and {real} to the real one"
        yield Finding("keys", False, said, "let both be real, or both be a sandbox")


def _is_local(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _LOCAL_HOSTS
    except ValueError:  # such as "http://[", which no connection accepts either
        return False
