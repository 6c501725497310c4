"""Whether a channel can open a URL."""

from ipaddress import ip_address
from urllib.parse import urlsplit


def fault(url: str) -> str:
    """Return why no channel can open `url`; empty if nothing is wrong with it.

    http is accepted for this machine only, because a sandbox runs there.
    """
    host = _host(url)
    if host is None:
        return f"'{url}' is not an absolute URL"
    if url.lower().startswith("http:") and not _is_loopback(host):
        return f"'{url}' is not encrypted: only https will do"
    return ""


def _host(url: str) -> str | None:
    """The host of an absolute http or https URL; None if `url` isn't one."""
    if not url.isprintable() or " " in url or "\\" in url:
        return None
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError if the port is invalid
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
