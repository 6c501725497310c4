"""What the staff read of the goods in their own chats, and how they switch one off or on. Pure."""

from collections.abc import Iterator
from typing import Final

from flows.document.errors import nearest
from flows.document.shape import text_in
from flows.document.words import normalise
from flows.messages.limits import clip
from payments.processing.bodies import StaffAction
from payments.processing.named_orders import PRODUCTS, SWITCH
from payments.processing.turn import Trace, Turn
from payments.shop.products import Article
from payments.shop.switches import Switch

LINES: Final = 30
"""Products in one answer."""
_LONGEST: Final = 120
"""Characters of a line: a page of such lines is within what the channel takes as one text."""


def products(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Answer with what can be ordered: all of it, a page of it (`2`), or what is called so (`kaju`).

    A number is a page only if it is no sku of the shop. `page 2` always is one.
    """
    page = _page(turn, action.value)
    found = list(_called(turn, action.value if page is None else ""))
    lines = _named(turn, action.value, found) if page is None else _of_page(turn, found, page)
    turn.answer(action, "\n".join(lines))
    return ({"event": "staff", "verb": PRODUCTS, "by": action.who, "told": len(found)},), True


def _page(turn: Turn, words: str) -> int | None:
    """Return the page that is asked for, the first without any words; None if they are of a product."""
    number = words.lower().removeprefix("page ").strip()
    if not words:
        return 1
    return int(number[:4]) if number.isdecimal() and words not in _skus(turn) else None


def _skus(turn: Turn) -> frozenset[str]:
    """Return the skus of all products and variants."""
    articles = turn.shop.at.shop.articles.values()
    return frozenset(sku for article in articles for sku in (article.sku, article.product.sku))


def _called(turn: Turn, words: str) -> Iterator[Article]:
    """Yield the articles whose sku and name have all of `words`, in the order of the flow file.

    A number is a sku, and no part of one.
    """
    wanted = normalise(words).split()
    for article in turn.shop.at.shop.articles.values():
        names = (article.name_in(language, turn.flow.languages[0]) for language in turn.flow.languages)
        told = normalise(" ".join((article.sku, *names)))
        if words in (article.sku, article.product.sku) or (
            not words.isdecimal() and all(word in told for word in wanted)
        ):
            yield article


def _named(turn: Turn, words: str, found: list[Article]) -> Iterator[str]:
    if not found:
        yield f"Nothing is called '{clip(words, 40)}'. #products alone shows all."
    for article in found[:LINES]:
        yield _line(turn, article)
    if len(found) > LINES:
        yield f"and {len(found) - LINES} more: add a word of the name."


def _of_page(turn: Turn, found: list[Article], page: int) -> Iterator[str]:
    pages = -(-len(found) // LINES)
    if not 1 <= page <= pages:
        yield f"There is no page {page}: #products {_called_page(turn, pages)} shows the last."
        return
    for article in found[(page - 1) * LINES : page * LINES]:
        yield _line(turn, article)
    if page < pages:
        following = _called_page(turn, page + 1)
        yield f"#products {following} shows the next of {pages} pages; #products <name> what is called so."


def _called_page(turn: Turn, page: int) -> str:
    """Return what to type for a page: `2`, or `page 2` if `2` is a sku."""
    return f"page {page}" if str(page) in _skus(turn) else str(page)


def _line(turn: Turn, article: Article) -> str:
    at = turn.shop.at
    language = turn.flow.languages[0]
    off = " (off)" if at.shop.is_off(article.sku, at.off) else ""
    return clip(f"{article.sku}{off}: {article.name_in(language, language)}", _LONGEST)


OFF: Final = "off"
ON: Final = "on"
_NAMED: Final = 8
"""Skus named to a member whose words mean several."""


def asked(words: str, *, either: bool = False) -> tuple[str, str] | None:
    """Return what is to be switched and to what, as typed: `kaju-250 off`; None if that is not asked.

    With `either`, the word may stand first too: `off kaju-250`.
    """
    *name, to = words.split() or ("",)
    if to.lower() in (OFF, ON):
        return " ".join(name), to.lower()
    first, *rest = (*name, to)
    return (" ".join(rest), first.lower()) if either and first.lower() in (OFF, ON) else None


def sku_of(turn: Turn, name: str, to: str) -> str:
    """Return the sku of the product or variant that `name` means: a sku, or words of one name alone.

    Raises ValueError, which says what can be typed, if it means none or several.
    """
    shop = turn.shop.at.shop
    by_sku = {sku.casefold(): sku for sku in shop.skus}
    if (sku := by_sku.get(name.casefold())) is not None:
        return name if name in shop.skus else sku
    if not name:
        raise ValueError(f"say which: #product <sku> {to}. #products shows all skus.")
    found = list(_called(turn, name))
    products = {article.product.sku: article.product for article in found}
    if len(found) == 1:
        return found[0].sku
    if len(products) == 1 and len(found) == len(found[0].product.variants):
        return found[0].product.sku
    if not found:
        near = _nearest(turn, name)
        meant = f": did you mean '{near}'?" if near else "."
        raise ValueError(f"nothing is called '{clip(name, 40)}'{meant} #products shows all skus.")
    skus = ", ".join(article.sku for article in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    raise ValueError(f"that may be {skus}{more}: type one sku, as in #product {found[0].sku} {to}")


def _nearest(turn: Turn, name: str) -> str:
    """Return the sku or the whole name nearest to `name`; empty if none is near, or it is a number."""
    shop, language = turn.shop.at.shop, turn.flow.languages[0]
    typed = normalise(name)
    if typed.isdecimal():
        return ""
    names = {normalise(text_in(product.name, language, language)) for product in shop.products}
    names |= {normalise(article.name_in(language, language)) for article in shop.articles.values()}
    near = nearest(typed, sorted({*shop.skus, *names}))
    return near if near != typed else ""


def switch(turn: Turn, action: StaffAction) -> tuple[Trace, bool]:
    """Take a product or variant off sale, or put it back, and answer with what can be ordered of it."""
    entry = {"event": "staff", "verb": SWITCH, "value": action.value, "by": action.who}
    sku, _, to = action.value.partition(" ")
    shop = turn.shop.at.shop
    if sku not in shop.skus or to not in (OFF, ON):
        turn.answer(action, f"Not done: the shop has no '{clip(sku, 40)}'. #products shows all skus.")
        return ({**entry, "refused": "there is no such sku"},), False
    already = (sku in turn.shop.at.off) == (to == OFF)
    if not already:
        turn.switch(Switch(sku, available=to == ON, by=action.who))
    turn.answer(action, "\n".join(_switched(turn, sku, to, "already" if already else "now")))
    return ({**entry, "did": [] if already else [f"{sku} {to}"]},), not already


def _switched(turn: Turn, sku: str, to: str, when: str) -> Iterator[str]:
    """Yield how the product of `sku` stands, and what puts it back or takes it off again."""
    shop, off = turn.shop.at.shop, turn.shop.at.off
    article = shop.article(sku)
    product = article.product if article else shop.product(sku)
    if product is None:
        return
    if to == OFF:
        yield f"{sku} is off {when}. #product {sku} {ON} puts it back."
    elif product.sku != sku and product.sku in off:
        whole = f"all of {product.sku} is off: #product {product.sku} {ON} puts it back."
        yield f"{sku} alone is on {when}, but {whole}"
    else:
        yield f"{sku} is on {when}. #product {sku} {OFF} takes it off again."
    of_it = [one for one in shop.articles.values() if one.product.sku == product.sku]
    yield from (_line(turn, one) for one in of_it[:LINES])
    on_sale = sum(not shop.is_off(one, off) for one in shop.articles)
    yield f"{on_sale} of {len(shop.articles)} are on sale: #products shows all."
