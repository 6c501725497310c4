"""Which products a customer means who types a name instead of choosing. Pure."""

from collections.abc import Iterable, Iterator
from typing import Final

from flows.document.shape import Texts, text_in
from flows.document.words import normalise
from payments.shop.catalogue import Shop
from payments.shop.products import Product

LONGEST: Final = 64
"""Characters of a text that may be a name. A longer one says something else."""
_SHORTEST_PART: Final = 4
"""Letters of a beginning that stands for its word: `kulh` for Kulhad."""


class ProductNames:
    """The names of a shop's products and variants, in every language, by what people type of them."""

    def __init__(self, shop: Shop) -> None:
        self._whole: dict[str, dict[str, None]] = {}
        """Normal form of a whole name -> the skus that have it, in the order of the flow file."""
        self._words: dict[str, frozenset[str]] = {}
        """Sku of a product -> every word of its name, of its variants' names, and of its category's."""
        categories = {category.id: category.name for category in shop.categories}
        for product in shop.products:
            for sku, name in _names(product):
                self._whole.setdefault(normalise(name), {})[sku] = None
            texts = [*_each(product.name), *_each(categories.get(product.category or "", ""))]
            texts += [text for variant in product.variants for text in _each(variant.name)]
            self._words[product.sku] = frozenset(word for text in texts for word in normalise(text).split())

    def meant(self, text: str) -> tuple[str, ...]:
        """Return the skus that `text` may mean, in the order of the flow file; none if it is no name.

        A whole name means what is called so. Other texts mean each product that has all of their words, of
        which one must be longer than a number or a letter.
        """
        form = normalise(text) if len(text) <= LONGEST else ""
        if whole := self._whole.get(form):
            return tuple(whole)
        typed = form.split()
        if not any(len(word) > 1 and not word.isdigit() for word in typed):
            return ()
        return tuple(sku for sku, words in self._words.items() if all(_has(words, word) for word in typed))


def _names(product: Product) -> Iterator[tuple[str, str]]:
    """Yield (sku, whole name) of the product and of each variant, in every language."""
    for name in _each(product.name):
        yield product.sku, name
    for variant in product.variants:
        for language in {*_languages(product.name), *_languages(variant.name)}:
            names = (text_in(texts, language, language) for texts in (product.name, variant.name))
            yield variant.sku, " ".join(names)


def _each(texts: Texts) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts.values())


def _languages(texts: Texts) -> Iterable[str]:
    return ("",) if isinstance(texts, str) else texts


def _has(words: frozenset[str], typed: str) -> bool:
    if typed in words:
        return True
    return len(typed) >= _SHORTEST_PART and any(word.startswith(typed) for word in words)
