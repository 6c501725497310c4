"""The Caddyfile: what it passes on, what it refuses, and its limits."""

from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NamedTuple

import pytest
from aiohttp import web

from bot.http import (
    bodies,
    desk_api,
    health,
    invoices_api,
    operator_api,
    orders_api,
    shopify_webhook,
    webhooks,
)
from bot.http.connections import HURRIED_SECONDS

FILE = Path(__file__).parents[2] / "deploy" / "Caddyfile"
SITE = "{$MUNSHI_DOMAIN:your.shop}"


class Directive(NamedTuple):
    """One line of a Caddyfile, with the lines in its braces."""

    words: tuple[str, ...]
    inner: tuple["Directive", ...]


def caddyfile() -> tuple[Directive, ...]:
    """The directives of the file."""
    text = FILE.read_text(encoding="utf-8")
    written = (line.strip() for line in text.splitlines())
    lines = iter(line.split() for line in written if line and not line.startswith("#"))
    read = tuple(directives(lines))
    assert next(lines, None) is None
    return read


def directives(lines: Iterator[list[str]]) -> Iterator[Directive]:
    for words in lines:
        if words == ["}"]:
            return
        opens = words[-1] == "{"
        inner = tuple(directives(lines)) if opens else ()
        yield Directive(tuple(words[:-1] if opens else words), inner)


def named(block: tuple[Directive, ...], *words: str) -> Directive:
    [found] = (directive for directive in block if directive.words[: len(words)] == words)
    return found


def handled(path: str) -> str:
    """The directives for a request for `path`: those of the first `handle` that matches."""
    site = named(caddyfile(), SITE).inner
    for directive in site:
        if directive.words[0] != "handle":
            continue
        patterns = named(site, directive.words[1]).words[2:] if len(directive.words) > 1 else ("*",)
        if any(fnmatchcase(path, pattern) for pattern in patterns):
            return " ".join(directive.inner[-1].words)
    return "200"


PASSED_ON = "reverse_proxy 127.0.0.1:8080"
PUBLIC = [
    "/whatsapp/webhook",
    "/webhooks/shopify",
    "/payments/webhook",
    "/payments/create",
    "/payments/return",
    "/payments/k3-1-x",
]
"""Paths that providers, browsers and the shop's own website request."""


@pytest.mark.parametrize("path", PUBLIC)
def test_what_others_need_is_passed_on(path: str) -> None:
    assert handled(path) == PASSED_ON


def test_every_other_path_of_ours_and_every_mistyped_one_is_a_404() -> None:
    app = web.Application()
    tables = (webhooks, shopify_webhook, orders_api, desk_api, invoices_api, operator_api, health)
    app.add_routes([route for table in tables for route in table.routes])
    ours = {resource.canonical for resource in app.router.resources()}
    public = {path for path in ours if fnmatchcase(path, "/payments/*")} | {*PUBLIC}
    private = ours - public
    assert "/metrics" in private
    mistyped = [
        "/",
        "/webhook",
        "/whatsapp",
        "/whatsapp/",
        "/whatsapp/webhok",
        "/whatsapp/webhook/",
        "/payments",
    ]
    for path in (*private, *mistyped):
        assert handled(path) == "respond 404", path


def test_a_body_is_as_large_as_munshi_takes_and_little_of_it_is_kept_by_the_proxy() -> None:
    handle = named(named(caddyfile(), SITE).inner, "handle", "@munshi").inner
    largest = f"{bodies.WHATSAPP_BODY // 1024**2}MiB"
    assert named(named(handle, "request_body").inner, "max_size").words[1] == largest
    # Caddy has no limit for all bodies together: as many times this as it has connections.
    assert named(named(handle, "reverse_proxy").inner, "request_buffers").words[1] == "64KiB"


def test_no_webhook_is_sent_into_a_connection_that_munshi_closes() -> None:
    handle = named(named(caddyfile(), SITE).inner, "handle", "@munshi").inner
    transport = named(named(handle, "reverse_proxy").inner, "transport", "http")
    kept = named(transport.inner, "keepalive").words[1]
    assert float(kept.removesuffix("s")) < HURRIED_SECONDS


def test_nobody_may_take_for_ever() -> None:
    [options, _] = caddyfile()
    assert named(options.inner, "grace_period").words[1] == "10s"
    limits = named(named(options.inner, "servers").inner, "timeouts").inner
    assert {limit.words[0] for limit in limits} == {"read_header", "read_body", "write", "idle"}
