"""What the staff read of the goods in their own chats: skus, names, and what is switched off. Pure."""

from collections.abc import Iterator
from typing import Final

from flows.document.words import normalise
from flows.messages.limits import clip
from payments.processing.bodies import StaffAction
from payments.processing.named_orders import PRODUCTS
from payments.processing.turn import Trace, Turn
from payments.shop.products import Article

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
