"""Check the shape of a document with the pydantic models, and word every error for operators."""

import re
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from flows.document.errors import Issue
from flows.document.reader import Document
from flows.document.words import unseen
from flows.language.schema import FlowSpec, flow_spec

_SKU_RULE: Final = "a sku has up to 64 letters, digits, '-', '_' and '.', and no blanks, as kaju-250"
_NAME_RULE: Final = "names are up to 64 lower case letters, digits and '_', and start with a letter"


def validate(
    document: Document, sections: Mapping[str, type[BaseModel]]
) -> tuple[FlowSpec | None, list[Issue]]:
    """Return the flow's spec, or None and every error of shape."""
    if not isinstance(document.data, dict):
        mend = "start with 'flow: my-shop', 'start: …' and 'states: …'"
        return None, [document.issue((), "the file holds no flow", mend)]
    model = flow_spec(sections)
    try:
        return model.model_validate(document.data), []
    except ValidationError as error:
        return None, _issues(document, error, _keys(model))


def _issues(document: Document, error: ValidationError, known: set[str]) -> list[Issue]:
    """One issue for each place. A union reports an error for every shape it tried; one is enough."""
    by_place: dict[tuple[int, int], Issue] = {}
    for details in error.errors():
        message, mend = _describe(details, known)
        issue = document.issue(details["loc"], message, mend)
        by_place.setdefault((issue.line, issue.column), issue)
    return list(by_place.values())


def _describe(details: ErrorDetails, known: set[str]) -> tuple[str, str]:
    """Message and mend of one error of pydantic."""
    name = str(details["loc"][-1]) if details["loc"] else ""
    describe = _DESCRIPTIONS.get(details["type"])
    return describe(name, details, known) if describe else (f"'{name}': {details['msg']}", "")


def _unknown_key(name: str, details: ErrorDetails, known: set[str]) -> tuple[str, str]:
    close = get_close_matches(name.lower(), known, n=1)
    if name.isdigit():
        return f"unknown key '{name}'", "is it the end of a number? Write 1200, without a comma"
    return f"unknown key '{name}'", f"did you mean '{close[0]}'?" if close else "remove it"


def _missing(name: str, details: ErrorDetails, known: set[str]) -> tuple[str, str]:
    return f"'{name}' is missing", f"add '{name}:' here"


def _not_text(name: str, details: ErrorDetails, known: set[str]) -> tuple[str, str]:
    return f"{details['input']!r} is not text", "put it in quotes"


def _bad_name(name: str, details: ErrorDetails, known: set[str]) -> tuple[str, str]:
    if name == "sku":
        return f"'{details['input']}' is no sku", _SKU_RULE
    return f"'{details['input']}' is not a valid name", unseen(str(details["input"])) or _NAME_RULE


def _no_number(name: str, details: ErrorDetails, known: set[str]) -> tuple[str, str]:
    digits = re.search(r"\d+", str(details["input"]))
    mend = f"did you mean {digits[0]}?" if digits else "write digits alone, for example 10"
    return f"'{name}' is a whole number, not '{details['input']}'", mend


def _validator_message(name: str, details: ErrorDetails, known: set[str]) -> tuple[str, str]:
    context = details.get("ctx", {})
    return str(context.get("error", details["msg"])), str(context.get("mend", ""))


def _wrong_kind(name: str, details: ErrorDetails, known: set[str]) -> tuple[str, str]:
    return f"{details['input']!r} can't stand here", "a mapping (key: value) is expected"


_DESCRIPTIONS: Final[dict[str, Callable[[str, ErrorDetails, set[str]], tuple[str, str]]]] = {
    "extra_forbidden": _unknown_key,
    "missing": _missing,
    "string_type": _not_text,
    "string_pattern_mismatch": _bad_name,
    "int_parsing": _no_number,
    "int_from_float": _no_number,
    "int_type": _no_number,
    "value_error": _validator_message,
    "model_type": _wrong_kind,
    "dict_type": _wrong_kind,
}


def _keys(model: type[BaseModel]) -> set[str]:
    """Every key anywhere in `model`, for suggestions."""
    schema = model.model_json_schema(by_alias=True)
    parts = [schema, *schema.get("$defs", {}).values()]
    return {key for part in parts for key in part.get("properties", {})}
