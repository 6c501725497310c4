"""What the staff do about an order, in words for people."""

from payments.processing.verbs import VERBS


def in_words(name: str, value: str) -> str:
    """Return what was done, to go on after a name: `took 1 × kaju-250 out of it: sold out`."""
    verb = VERBS.get(name)
    if verb is not None and verb.told is not None:
        try:
            return verb.told(value.split())
        except (KeyError, IndexError, ValueError):  # words that nothing could be done with
            pass
    return f"did: {name} {value}".rstrip()
