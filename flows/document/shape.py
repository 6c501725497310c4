"""Types shared by all shapes of a flow file: names, triggers, texts in several languages."""

import re
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?", re.ASCII)
_WORD: Final = r"[a-z][a-z0-9_]{0,63}"
"""Its length is limited because names are carried in reply ids (see `flows.messages.replies`)."""
NAME: Final = f"^{_WORD}$"
TRIGGER: Final = rf"^{_WORD}(\.{_WORD})*$"

Name: TypeAlias = Annotated[str, Field(pattern=NAME)]
Trigger: TypeAlias = Annotated[str, Field(pattern=TRIGGER)]
LanguageCode: TypeAlias = Annotated[str, Field(pattern=f"^{LANGUAGE.pattern}$")]
Texts: TypeAlias = str | Annotated[dict[LanguageCode, str], Field(min_length=1)]
"""One text for all languages, or one for each."""


class Spec(BaseModel):
    """Base of all shapes: frozen, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


def one_or_many(value: Any) -> Any:
    """Return `value` as a list: a single item may be written without a list."""
    return value if isinstance(value, list) else [value]


def text_in(texts: Texts, language: str, fallback: str) -> str:
    """Return `texts` in `language`, else in the fallback language, else in any that it has."""
    if isinstance(texts, str):
        return texts
    return texts.get(language) or texts.get(fallback) or next(iter(texts.values()), "")
