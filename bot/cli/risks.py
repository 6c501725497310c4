"""Finds risks in settings that work: readable by others, easily guessed, contradictory."""

import stat
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bot.cli.finding import Finding
from bot.setting_text import is_easily_guessed
from bot.settings import Settings

_HERE: Final = ("localhost", "127.0.0.1", "::1")
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO


def risks(settings: Settings, env_file: Path = Path(".env")) -> Iterator[Finding]:
    """Return every risk, as a finding that is not well."""
    yield from _readable(env_file)
    yield from _shared(settings)
    yield from _guessed(settings)
    yield from _together(settings)


def _readable(file: Path) -> Iterator[Finding]:
    """Find that others may read a file with secrets. A missing file is no risk."""
    if not file.exists():
        return
    mode = stat.S_IMODE(file.stat().st_mode)
    if mode & _OTHERS:
        said = f"others on this machine may read or change it (mode {mode:04o})"
        yield Finding(str(file), False, said, f"chmod 600 {file}")


def _shared(settings: Settings) -> Iterator[Finding]:
    same = [
        f"{one} is the same as {other}"
        for (one, value), (other, another) in combinations(settings.named_secrets().items(), 2)
        if value == another
    ]
    if same:
        mend = "give each its own: whoever learns one has them all"
        yield Finding("secrets", False, "; ".join(same), mend)


def _guessed(settings: Settings) -> Iterator[Finding]:
    weak = [name for name, value in settings.named_secrets().items() if is_easily_guessed(value)]
    if weak:
        mend = "make another: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        yield Finding("secrets", False, f"{', '.join(weak)} could be guessed", mend)


def _together(settings: Settings) -> Iterator[Finding]:
    """Find keys and addresses that do not belong together."""
    played = {
        "WHATSAPP_API_URL": _is_here(settings.whatsapp_api_url),
        "RAZORPAY_API_URL": _is_here(settings.razorpay_api_url),
    }
    for name, url in (
        ("WHATSAPP_API_URL", settings.whatsapp_api_url),
        ("RAZORPAY_API_URL", settings.razorpay_api_url),
    ):
        if url.startswith("http://") and not played[name]:
            yield Finding(
                "keys", False, f"{name} is http://: keys travel in the open", f"make {name} https://"
            )
    if settings.razorpay_mode == "live" and any(played.values()):
        names = " and ".join(name for name, here in played.items() if here)
        said = f"RAZORPAY_KEY_ID is a live one, and {names} leads to this machine: is it a sandbox?"
        yield Finding("keys", False, said, "leave the *_API_URL settings out, or take an rzp_test_ key")
    elif len(set(played.values())) > 1:
        here, real = sorted(played, key=lambda name: not played[name])
        said = f"{here} leads to this machine, and {real} to the real one"
        yield Finding("keys", False, said, "let both be real, or both be a sandbox")


def _is_here(url: str) -> bool:
    try:
        return urlsplit(url).hostname in _HERE
    except ValueError:  # "http://[", which no connection takes either
        return False
