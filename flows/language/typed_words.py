"""The words that fire a trigger when a customer types them."""

from collections.abc import Callable, Mapping
from typing import Literal

from flows.document.places import Path
from flows.document.words import has_words, normalise
from flows.language.schema import HandlerSpec


def by_word(
    handlers: Mapping[str, list[HandlerSpec]],
    where: Path,
    key_of: Literal["words", "answers"],
    report: Callable[[Path, str, str], None],
) -> Mapping[str, str]:
    """Return the words under `key_of` of `handlers`, which stand at `where`: word in normal form -> trigger.

    A word that can't be one is given to `report`: its place, what is wrong, and how to mend it.
    """
    words: dict[str, str] = {}
    for trigger, specs in handlers.items():
        for index, spec in enumerate(specs):
            for word in getattr(spec, key_of):
                key = normalise(word)
                if not has_words(key):
                    message = f"'{word}' has no letters"
                elif words.setdefault(key, trigger) != trigger:
                    message = f"the word '{word}' already means '{words[key]}'"
                else:
                    continue
                report((*where, trigger, index, key_of), message, "choose another word")
    return words


def interrupting(handlers: Mapping[str, list[HandlerSpec]]) -> frozenset[str]:
    """Return the words, in normal form, of the handlers with `interrupts: true`."""
    return frozenset(
        normalise(word)
        for specs in handlers.values()
        for spec in specs
        if spec.interrupts
        for word in spec.words
    )
