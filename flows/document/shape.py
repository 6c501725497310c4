"""Types shared by all shapes of a flow file: names, triggers, texts in several languages."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeAlias

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

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


Count: TypeAlias = Annotated[int, Field(strict=True, ge=1)]
"""A number of things, written as one: no text, and no `true`."""


class Spec(BaseModel):
    """Base of all shapes: frozen, and no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False)


@dataclass(frozen=True, slots=True)
class Misplaced:
    """Something wrong that a shape finds in a value below it."""

    place: tuple[str | int, ...]
    """Relative to the shape."""
    message: str
    mend: str = ""


def misplaced(shape: str, found: Iterable[Misplaced]) -> ValidationError:
    """Return the error with which the validator of a shape reports each of `found` in its own place.

    pydantic puts the places behind that of the shape. Any other error of a validator has the whole shape's.
    """
    details = [
        InitErrorDetails(
            type=PydanticCustomError("value_error", "{message}", {"message": one.message, "mend": one.mend}),
            loc=one.place,
            input=None,
        )
        for one in found
    ]
    return ValidationError.from_exception_data(shape, details)


def one_or_many(value: Any) -> Any:
    """Return `value` as a list: a single item may be written without a list."""
    return value if isinstance(value, list) else [value]


def text_in(texts: Texts, language: str, fallback: str) -> str:
    """Return `texts` in `language`, else in the fallback language, else in any that it has."""
    if isinstance(texts, str):
        return texts
    return texts.get(language) or texts.get(fallback) or next(iter(texts.values()), "")
