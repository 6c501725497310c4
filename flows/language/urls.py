"""Whether WhatsApp can open the URLs that a flow file holds as they are."""

from collections.abc import Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

from flows.document.errors import Issue
from flows.document.reader import Document, Path
from flows.engine.model import Flow
from flows.language.schema import FlowSpec


def urls_can_be_opened(document: Document, spec: FlowSpec, flow: Flow) -> Iterator[Issue]:
    """Issues of links and pictures whose URL is fixed; one that a template fills in is not known yet."""
    for name, message in spec.messages.items():
        where: Path = ("messages", name)
        if message.image is not None and (wrong := _fixed_fault(message.image)):
            mend = "write the picture's whole address, like 'https://shop.example/chai.jpg'"
            yield document.issue((*where, "image"), wrong, mend)
        if message.link and (wrong := _fixed_fault(message.link.url)):
            mend = "write the page's whole address, like 'https://shop.example/page'"
            yield document.issue((*where, "link", "url"), wrong, mend)


def _fixed_fault(url: str) -> str:
    """As `fault`; empty as well if that depends on the conversation."""
    return "" if "{{" in url or "{%" in url else fault(url)


def fault(url: str) -> str:
    """Why WhatsApp can't open `url`; empty if nothing is wrong with it.

    http is for this machine only, which is where a sandbox lives.
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
        parts.port  # noqa: B018 - raises ValueError if it is none
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
