"""What a flow says, apart from how it is written: the same for the same flow in one file or in several."""

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

_LAYOUT: Final = ("include", "fragments", "subflows")
"""Keys that say only where the rest is written."""
_DO: Final = "do"
"""The only mapping whose order means something: actions are run in the order in which they are written."""


def content_hash(data: Mapping[str, Any]) -> str:
    """Return the first twelve hex digits of the SHA-256 of a flow's data, with all fragments in their places.

    It does not depend on comments, on blanks, or on the order of files and keys.
    """
    content = _sorted({key: data[key] for key in data if key not in _LAYOUT})
    text = json.dumps(content, ensure_ascii=True, default=_plain)
    return sha256(text.encode("ascii")).hexdigest()[:12]


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: value[key] if key == _DO else _sorted(value[key]) for key in sorted(value)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


def _plain(value: Decimal) -> dict[str, str]:
    return {"decimal": str(value)}
