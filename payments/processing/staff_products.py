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
    """Answer with what can be ordered: all of it, a page of it (`2`), or what is called so (`kaju`)."""
    words = action.value
    found = list(_called(turn, "" if words.isdecimal() else words))
    page = int(words[:4]) if words.isdecimal() else 1
    turn.answer(action, "\n".join(_lines(turn, words, found, page)))
    return ({"event": "staff", "verb": PRODUCTS, "by": action.who, "told": len(found)},), True


def _called(turn: Turn, words: str) -> Iterator[Article]:
    """Yield the articles whose sku and name have all of `words`, in the order of the flow file."""
    wanted = normalise(words).split()
    for article in turn.shop.at.shop.articles.values():
        names = (article.name_in(language, turn.flow.languages[0]) for language in turn.flow.languages)
        told = normalise(" ".join((article.sku, *names)))
        if all(word in told for word in wanted):
            yield article


def _lines(turn: Turn, words: str, found: list[Article], page: int) -> Iterator[str]:
    pages = -(-len(found) // LINES)
    if not found:
        yield f"Nothing is called '{clip(words, 40)}'. #products alone shows all."
        return
    if not 1 <= page <= pages:
        yield f"There is no page {page}: #products {pages} shows the last."
        return
    for article in found[(page - 1) * LINES : page * LINES]:
        yield _line(turn, article)
    if page < pages and (words.isdecimal() or not words):
        yield f"#products {page + 1} shows the next of {pages} pages; #products <name> what is called so."
    elif page < pages:
        yield f"and {len(found) - LINES} more: add a word of the name."


def _line(turn: Turn, article: Article) -> str:
    at = turn.shop.at
    language = turn.flow.languages[0]
    off = " (off)" if at.shop.is_off(article.sku, at.off) else ""
    return clip(f"{article.sku}{off}: {article.name_in(language, language)}", _LONGEST)
