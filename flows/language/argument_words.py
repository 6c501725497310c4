"""Says what is wrong with an argument of an action, and how to mend it."""

from collections.abc import Collection, Mapping

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from flows.document.errors import close
from flows.language.shape_words import described


def argument_meant(key: str, given: Collection[str], fields: Mapping[str, FieldInfo]) -> str:
    """Return the mend of an argument that an action does not take. `given` are all that are written."""
    if near := close(key, fields):
        return near
    missing = [name for name, field in fields.items() if field.is_required() and name not in given]
    if len(missing) == 1:
        return f"did you mean '{missing[0]}'?"
    return f"it takes {', '.join(fields)}" if fields else "it takes nothing: remove it"


def refused(action: str, details: ErrorDetails, args: type[BaseModel]) -> tuple[str, str]:
    """Return message and mend of an argument with a value that `action` can't take."""
    message, mend = described(details, args)
    return f"{action}: {message}", mend
