"""What a flow says, apart from how it is written: the same for the same flow in one file or in several."""

import json
from collections.abc import Mapping
from decimal import Decimal
from hashlib import sha256
from typing import Any, Final

_LAYOUT: Final = ("include",)
"""Keys that say only where the rest is written."""


def content_hash(data: Mapping[str, Any]) -> str:
    """Return the first twelve hex digits of the SHA-256 of a flow's data.

    It does not depend on comments, blanks and the order of files, so the keys of the first two levels count
    in any order. Further below an order may mean something: two actions under one `do`.
    """
    content = {key: _sorted(data[key]) for key in sorted(data.keys() - set(_LAYOUT))}
    text = json.dumps(content, ensure_ascii=True, default=_plain)
    return sha256(text.encode("ascii")).hexdigest()[:12]


def _sorted(value: Any) -> Any:
    return {key: value[key] for key in sorted(value)} if isinstance(value, dict) else value


def _plain(value: Decimal) -> dict[str, str]:
    return {"decimal": str(value)}
