"""The files that are made from the language, each with what makes it."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from bot.flow_docs.page import page
from bot.flow_docs.schema import schema


def schema_text() -> str:
    """Return the JSON Schema of flow files as it is committed."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _page_text() -> str:
    return page(schema())


FILES: Final[Mapping[Path, Callable[[], str]]] = {
    Path("flows.schema.json"): schema_text,
    Path("docs/flow-language.md"): _page_text,
}
"""By their path in the project."""
