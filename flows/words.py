"""How what a customer types is compared with what a flow expects."""

import unicodedata


def normalise(text: str) -> str:
    """`text` in lower case, without punctuation, emoji or doubled spaces; letters of any script stay.

    >>> normalise("  Proceed to  Checkout ✅! ")
    'proceed to checkout'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join(kept.split())
