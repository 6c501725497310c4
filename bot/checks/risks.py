"""Finds risks in settings that work: exposed, shared, easily guessed, contradictory."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Final
from urllib.parse import urlsplit

from bot.checks.finding import Finding
from bot.clock import SystemClock
from bot.setting_text import is_easily_guessed
from bot.settings import Settings
from payments.shop.orders import Mode

_LOCAL_HOSTS: Final = ("localhost", "127.0.0.1", "::1")


_LONGEST: Final = timedelta(days=31)
"""How long a secret that was replaced may count beside the one that replaced it."""


def risks(settings: Settings, today: date | None = None) -> Iterator[Finding]:
    """Yield every risk, as a finding that is not well. `today` is in UTC; None for that of the clock."""
    yield from _exposed(settings)
    yield from _one_for_both(settings)
    yield from _shared(settings)
    yield from _replaced(settings, today or datetime.fromtimestamp(SystemClock().now() / 1000, UTC).date())
    yield from _guessed(settings)
    yield from _mismatched(settings)


def _exposed(settings: Settings) -> Iterator[Finding]:
    """Find a server that listens on more than this machine."""
    if settings.host not in _LOCAL_HOSTS:
        said = f"HOST is {settings.host}: other machines reach /metrics and the desk, without TLS"
        yield Finding("proxy", False, said, "leave HOST out, and let a proxy on this machine end TLS")


def _one_for_both(settings: Settings) -> Iterator[Finding]:
    """Find that the website's token opens the desk too."""
    if settings.munshi_operator_token is None:
        said = "MUNSHI_OPERATOR_TOKEN is not set: whoever has your website's MUNSHI_API_TOKEN may do all"
        mend = "give those who run the shop their own: 'Changing a token' in docs/operations.md"
        yield Finding("secrets", False, said, mend)


def _replaced(settings: Settings, today: date) -> Iterator[Finding]:
    """Find replaced secrets that count without an end, for too long, or no more."""
    names = [name for name in settings.named_secrets() if name.endswith("_PREVIOUS")]
    if not names:
        return
    which, last = ", ".join(names), settings.munshi_previous_until
    if last is None:
        mend = "say in MUNSHI_PREVIOUS_UNTIL until which day, or take it out"
        yield Finding("secrets", False, f"{which} counts without an end", mend)
    elif last > today + _LONGEST:
        said = f"{which} counts until {last}, for more than {_LONGEST.days} days"
        yield Finding("secrets", False, said, "put an earlier day into MUNSHI_PREVIOUS_UNTIL")
    elif last < today:
        said = f"{which} does not count any more, since {last}"
        yield Finding("secrets", False, said, "take it out, and MUNSHI_PREVIOUS_UNTIL too")


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
