"""How what a customer types is compared with what a flow expects."""

import unicodedata
from typing import Final

_BLANK: Final = str.maketrans({code: " " for code in range(128) if not chr(code).isalnum()})


def normalise(text: str) -> str:
    """`text` in lower case, without punctuation, emoji or doubled spaces; letters of any script stay.

    >>> normalise("  Proceed to  Checkout ✅! ")
    'proceed to checkout'
    """
    if text.isascii():
        return " ".join(text.lower().translate(_BLANK).split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return " ".join(kept.split())
