"""`munshi product`: show what is for sale, and switch a product off or on."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from bot.cli.flow_file import sound_flow
from bot.cli.lifecycle import database_url, flow_path, looked_up, refuse
from bot.cli.operator_changes import change, user
from bot.cli.shop_zone import shop_zone
from bot.clock import SystemClock
from bot.flow_file import load_flow
from bot.flow_texts import read_texts
from bot.own_actions import vocabulary
from bot.printable import printable
from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid, close
from flows.document.shape import text_in
from flows.engine.model import Flow
from flows.language.load import load_checked
from payments.shop.catalogue import Shop
from payments.shop.money import money
from payments.shop.products import Article, Product
from payments.shop.whatsapp_pay import switch_of
from storage import Store
from storage.database.records import reading
from storage.inbox import product_switch, stock, versions
from storage.inbox.product_switch import Off


class Switch(StrEnum):
    """What becomes of a product."""

    ON = "on"
    OFF = "off"


Sku = Annotated[
    str | None, typer.Argument(metavar="[SKU]", help="A product, or one variant of it; without it, all.")
]
To = Annotated[
    Switch | None, typer.Argument(metavar="[off|on]", help="off: nobody can order it until it is on again.")
]


class _Row(NamedTuple):
    sku: str
    name: str
    price: str
    left: str
    off: str


def command(sku: Sku = None, to: To = None) -> None:
    """List what is for sale, with prices and what is left; or switch a product or variant off or on.

    The server may run or not. Orders placed before stay as they are. What is served is listed, whatever the
    flow file says by now.
    """
    flow, head = looked_up(_served(database_url())) or (sound_flow(flow_path()), "")
    shop: Shop = flow.sections["shop"]
    known = shop.skus if to is None else shop.switches
    if sku is not None and sku not in known:
        near = close(sku, shop.skus)
        newer = ". If the flow file has it: munshi reload" if head else "; munshi product lists what it has"
        refuse(f"the shop has no '{sku}'{f'; {near}' if near else newer}")
    if sku is not None and to is not None:
        looked_up(_switch(sku, to))
        return
    if head:
        typer.echo(head)
    for line in looked_up(_listing(database_url(), flow, sku)):
        typer.echo(printable(line))


async def _served(url: str) -> tuple[Flow, str] | None:
    """Return what is served, and a line about a flow file that says something else; None if nothing is."""
    async with reading(url) as records:
        serving = await versions.newest(records.reads)
        texts = await versions.texts(records.reads, serving.number) if serving else {}
    if serving is None:
        return None
    path = flow_path()
    try:
        flow = load_checked(texts, vocabulary(), limits=LIMITS)
    except FlowInvalid:
        refuse(f"version {serving.version} is served, and was written for another Munshi: munshi reload")
    same = _says_the_same(path, texts, flow)
    return flow, "" if same else f"Customers are served version {serving.version}, not what {path} says:"


def _says_the_same(path: Path, texts: Mapping[str, str], flow: Flow) -> bool:
    """Return whether the flow file, which may have errors, is `flow`, whose files are `texts`."""
    try:
        return [*read_texts(path).values()] == [*texts.values()] or load_flow(path).version == flow.version
    except FlowInvalid:
        return False


async def _switch(sku: str, to: Switch) -> None:
    available, by = to is Switch.ON, user()
    directly = partial(_switch_in_store, sku, available, by)
    body = {"available": available, "by": by}
    changed = await change(database_url(), directly, f"/products/{sku}", body)
    typer.echo(f"'{sku}' is {to} now" if changed else f"'{sku}' was {to} already")


async def _switch_in_store(sku: str, available: bool, by: str, store: Store) -> bool:
    return await store.switch(sku, available=available, by=by, now=SystemClock().now())


async def _listing(url: str, flow: Flow, sku: str | None) -> list[str]:
    shop: Shop = flow.sections["shop"]
    language = flow.languages[0]
    async with reading(url) as records:
        left, off = await stock.left(records.reads), await product_switch.off(records.reads)
    rows = [
        row
        for product in shop.products
        for row in _rows(product, language, left, off)
        if sku in (None, product.sku, row.sku.strip())
    ]
    if sku is None:
        rows += _cards(shop, off)
    widths = [max(len(cell) for cell in column) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def _rows(product: Product, language: str, left: Mapping[str, int], off: Mapping[str, Off]) -> Iterator[_Row]:
    """Yield the row of a product, then one for each of its variants."""
    name, whole = text_in(product.name, language, language), off.get(product.sku)
    if product.variants:
        each = all(variant.sku in off for variant in product.variants)
        yield _Row(product.sku, name, "", "", _since(whole) or ("each is off" if each else ""))
    for article in product.articles():
        pieces = left.get(article.sku, article.stock)
        called = text_in(article.variant.name, language, language) if article.variant else name
        with_it = f"off with {product.sku}" if article.variant and whole else ""
        yield _Row(
            f"  {article.sku}" if article.variant else article.sku,
            f"  {called}" if article.variant else called,
            money(article.price),
            _left(article, pieces),
            _since(off.get(article.sku)) or with_it,
        )


def _left(article: Article, pieces: int | None) -> str:
    if not article.is_counted_there:
        return "" if pieces is None else f"{pieces} left"
    return "not read at Shopify yet" if pieces is None else f"{pieces} left, by Shopify"


def _cards(shop: Shop, off: Mapping[str, Off]) -> Iterator[_Row]:
    """Yield the row of payment in the chat, while that is switched off."""
    switch = switch_of(shop.whatsapp_pay.configuration) if shop.whatsapp_pay else ""
    if switch in off:
        yield _Row(switch, "order cards", "", "", _since(off[switch]))


def _since(off: Off | None) -> str:
    if off is None:
        return ""
    return f"off since {datetime.fromtimestamp(off.since / 1000, shop_zone()):%Y-%m-%d %H:%M %Z}, by {off.by}"
