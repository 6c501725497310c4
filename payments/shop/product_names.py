"""Which products a customer means who types a name instead of choosing. Pure."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from flows.document.shape import Texts, text_in
from flows.document.words import normalise
from payments.shop.catalogue import Shop
from payments.shop.name_parts import apart, with_quantity, without_measure
from payments.shop.products import Product

LONGEST: Final = 64
"""Characters of a text that may be a name. A longer one says something else."""
_SHORTEST_PART: Final = 3
"""Letters and vowel signs of a text that may be a part of a name. `ok` and `no` are none."""
_SHORTEST_BEGINNING: Final = 5
"""Letters of a beginning that stands for its word, or of a plural: `kulha` for Kulhad; not `card`."""


class ProductNames:
    """The names of a shop's products and variants, in every language, by what people type of them."""

    def __init__(self, shop: Shop, taken: Collection[str]) -> None:
        """`taken`: normal forms that mean something else to the shop's flow, and so are never a name."""
        self._taken = taken
        self._whole: dict[str, dict[str, None]] = {}
        """Normal form of a whole name -> the skus that have it, in the order of the flow file."""
        self._short: dict[str, dict[str, None]] = {}
        """The same by the names of products without their weights and volumes."""
        self._words: dict[str, frozenset[str]] = {}
        """Sku of a product -> every word of its name, of its variants' names, and of its category's."""
        categories = {category.id: category.name for category in shop.categories}
        for product in shop.products:
            for sku, name in _names(product):
                self._whole.setdefault(_form(name), {})[sku] = None
            for name in _each(product.name):
                self._short.setdefault(without_measure(_form(name)), {})[product.sku] = None
            texts = [*_each(product.name), *_each(categories.get(product.category or "", ""))]
            texts += [text for variant in product.variants for text in _each(variant.name)]
            self._words[product.sku] = frozenset(word for text in texts for word in _form(text).split())

    def asked(self, text: str) -> tuple[str, int]:
        """Return the name in `text`, whole or in part, and how many are asked for: 1 without a number.

        A number that is a word of the product itself stays in the name, as in `gift box 6`, where 6 teas are
        one of its sizes: it may mean that.
        """
        form = self._form(text)
        if form in self._whole or self.like(form):
            return form, 1
        readings = list(with_quantity(form))
        for reads in (self.called, self.like):
            for name, quantity in readings:
                if reads(name):
                    return name, quantity
        return form, 1

    def called(self, text: str) -> tuple[str, ...]:
        """Return the skus of what has `text` as its whole name, in the order of the flow file.

        Its weight may be left out (`Ginger chai` for `Ginger chai 250 g`) where nothing else has these words.
        """
        form = self._form(text)
        if form in self._whole:
            return tuple(self._whole[form])
        short = tuple(self._short.get(form, ()))
        return short if len(short) == 1 and self.like(form) == short else ()

    def like(self, text: str) -> tuple[str, ...]:
        """Return the skus of the products that have every word of `text`, in the order of the flow file.

        Everyday words are parts of names too, so what this returns is to be asked about, even if it is one.
        """
        form = self._form(text)
        typed = form.split()
        if not any(sum(not one.isdigit() for one in word) >= _SHORTEST_PART for word in typed):
            return ()
        return tuple(sku for sku, words in self._words.items() if all(_has(words, word) for word in typed))

    def _form(self, text: str) -> str:
        """Return the normal form of `text`; empty if it can be no name."""
        form = normalise(text) if len(text) <= LONGEST else ""
        return "" if form in self._taken else apart(form)


def never_typed(shop: Shop, taken: Collection[str]) -> Iterator[tuple[int, str]]:
    """Yield (index of the product, whole name) of each name that is among `taken`, and so can't be typed."""
    for at, product in enumerate(shop.products):
        yield from dict.fromkeys((at, name) for _, name in _names(product) if normalise(name) in taken)


def _names(product: Product) -> Iterator[tuple[str, str]]:
    """Yield (sku, whole name) of the product and of each variant, in every language."""
    for name in _each(product.name):
        yield product.sku, name
    for variant in product.variants:
        for language in {*_languages(product.name), *_languages(variant.name)}:
            names = (text_in(texts, language, language) for texts in (product.name, variant.name))
            yield variant.sku, " ".join(names)


def _form(name: str) -> str:
    return apart(normalise(name))


def _each(texts: Texts) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts.values())


def _languages(texts: Texts) -> Iterable[str]:
    return ("",) if isinstance(texts, str) else texts


def _has(words: frozenset[str], typed: str) -> bool:
    if typed in words or (len(typed) >= _SHORTEST_BEGINNING and typed.removesuffix("s") in words):
        return True
    return len(typed) >= _SHORTEST_BEGINNING and any(word.startswith(typed) for word in words)
