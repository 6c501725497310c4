"""Which products a customer means who types a name instead of choosing. Pure."""

from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from flows.document.shape import Texts, text_in
from flows.document.words import normalise
from payments.shop.catalogue import Shop
from payments.shop.name_parts import standard, with_quantity, without_measure
from payments.shop.products import Product
from payments.shop.spelling import is_near, sound

LONGEST: Final = 64
"""Characters of a text that may be a name. A longer one says something else."""
_SHORTEST_PART: Final = 3
"""Letters and vowel signs of a text that may be a part of a name. `ok` and `no` are none."""
_MOST: Final = 99
"""The largest number that is a quantity."""
_SHORTEST_BEGINNING: Final = 5
"""Letters of a beginning that stands for its word, or of a plural: `kulha` for Kulhad; not `card`."""


_MOST_BESIDE: Final = 3
"""Words beside a whole name that may be passed over: `some samosa please`. A longer text says more."""


class Wish(NamedTuple):
    """What a typed text asks for."""

    skus: tuple[str, ...]
    """Products and variants that it may mean."""
    quantity: int = 1
    is_name: bool = False
    """Whether they are called so. Else they are to be asked about, even if it is one."""


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
        self._counted: dict[str, frozenset[str]] = {}
        """Sku of a product in several sizes -> the words of its sizes' names but for weights and volumes."""
        categories = {category.id: category.name for category in shop.categories}
        for product in shop.products:
            for sku, name in _names(product):
                self._whole.setdefault(_form(name), {})[sku] = None
            for name in _each(product.name):
                self._short.setdefault(without_measure(_form(name)), {})[product.sku] = None
            texts = [*_each(product.name), *_each(categories.get(product.category or "", ""))]
            sizes = [text for variant in product.variants for text in _each(variant.name)]
            texts += sizes
            if len(product.variants) > 1:
                counts = [without_measure(_form(text)).split() for text in sizes]
                self._counted[product.sku] = frozenset(word for words in counts for word in words)
            self._words[product.sku] = frozenset(word for text in texts for word in _form(text).split())
        self._known: dict[str, set[str]] = {}
        """First letter as it sounds -> all words of names that begin so."""
        for word in frozenset().union(*self._words.values()):
            self._known.setdefault(sound(word)[:1], set()).add(word)

    def asked(self, text: str) -> Wish:
        """Return what `text` asks for, by its name in whole or in part, and how many: 1 without a number.

        A number that counts something in a size is no quantity, as in `gift box 6`, where 6 teas are a size:
        it may mean that. What is misspelt, or stands beside other words, is to be asked about; for a product
        in several sizes the question is which.
        """
        form = self._form(text)
        if form in self._whole:
            return Wish(self.called(text), 1, is_name=True)
        readings = [(form, 1), *with_quantity(form)]
        for name, quantity in readings:
            if found := self.called(name):
                return Wish(found, 1 if self._counts(found, quantity) else quantity, is_name=True)
        sizeless = [(without_measure(form), 1)]
        return self._part(readings) or self._within(text, form) or self._part(sizeless) or Wish(())

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

    def _part(self, readings: Iterable[tuple[str, int]]) -> Wish | None:
        """Return what the first of `readings` means that is a part of a name, if need be a misspelt one."""
        for reads in (self.like, self._near):
            for name, quantity in readings:
                if found := reads(name):
                    return Wish(found, quantity)
        return None

    def _near(self, form: str) -> tuple[str, ...]:
        """Return the skus of the products that have every word of `form`, of which some may be misspelt."""
        typed = form.split()
        meant = {
            one: frozenset(word for word in self._known.get(sound(one)[:1], ()) if is_near(one, word))
            for one in typed
        }
        if not any(meant.values()):
            return ()
        return tuple(
            sku
            for sku, words in self._words.items()
            if all(_has(words, one) or not words.isdisjoint(meant[one]) for one in typed)
        )

    def _within(self, text: str, form: str) -> Wish | None:
        """Return what has its whole name among other words: `2 kg kaju katli`, `some samosa please`."""
        inside = [name for name in self._short if name and f" {name} " in f" {form} "]
        longest = [name for name in inside if not any(name != one and name in one for one in inside)]
        beside = form
        for name in longest:
            beside = f" {beside} ".replace(f" {name} ", " ").strip()
        words = without_measure(beside).split()
        if not longest or "?" in text or len(words) > _MOST_BESIDE:
            return None
        if any(word in self._taken for word in words):
            return None
        found = tuple(dict.fromkeys(sku for name in longest for sku in self._short[name]))
        numbers = [int(word) for word in words if word.isdigit()]
        quantity = numbers[0] if len(numbers) == 1 and 1 <= numbers[0] <= _MOST else 1
        sized = len(found) == 1 and found[0] in self._counted
        return Wish(found, 1 if self._counts(found, quantity) else quantity, is_name=sized)

    def _counts(self, skus: tuple[str, ...], number: int) -> bool:
        """Whether `number` counts something in a size of one of these: 6 in `6 teas`, not in `6 kg`."""
        return any(str(number) in self._counted.get(sku, ()) for sku in skus)

    def _form(self, text: str) -> str:
        """Return the normal form of `text`; empty if it can be no name."""
        form = normalise(text) if len(text) <= LONGEST else ""
        return "" if form in self._taken else standard(form)


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
    return standard(normalise(name))


def _each(texts: Texts) -> list[str]:
    return [texts] if isinstance(texts, str) else list(texts.values())


def _languages(texts: Texts) -> Iterable[str]:
    return ("",) if isinstance(texts, str) else texts


def _has(words: frozenset[str], typed: str) -> bool:
    if typed in words or (len(typed) >= _SHORTEST_BEGINNING and typed.removesuffix("s") in words):
        return True
    return len(typed) >= _SHORTEST_BEGINNING and any(word.startswith(typed) for word in words)
