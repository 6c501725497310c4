"""Check the shape of a document with the pydantic models, and word every error for operators."""

import re
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from typing import Final, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from flows.document.errors import Issue
from flows.document.places import Document, Place
from flows.document.words import unseen
from flows.language.known_keys import keys_at
from flows.language.mending import Mender
from flows.language.schema import FlowSpec, flow_spec

_ROUNDS: Final = 12
"""How often the data is mended. What a mend brings to light is mended in the next round."""
_MOST_ERRORS: Final = 200
"""A file with more errors of shape is not mended."""
_SKU_RULE: Final = "a sku has up to 64 letters, digits, '-', '_' and '.', and no blanks, as kaju-250"
_NAME_RULE: Final = "names are up to 64 lower case letters, digits and '_', and start with a letter"


class Validated(NamedTuple):
    """The shape of a flow file: what can be used of it, and what is wrong with it."""

    spec: FlowSpec | None
    """With stand-ins for the parts of a wrong shape; None if there are too many of those."""
    issues: list[Issue]
    """Every error of shape."""
    is_whole: bool
    """Whether `spec` has every name, rule and reply of the file."""


def validate(document: Document, sections: Mapping[str, type[BaseModel]]) -> Validated:
    """Check the shape of a document. Its data is changed where something else stands for what is wrong."""
    if not isinstance(document.data, dict):
        mend = "start with 'flow: my-shop', 'start: …' and 'states: …'"
        return Validated(None, [document.issue((), "the file holds no flow", mend)], False)
    model = flow_spec(sections)
    mender = Mender(document, model)
    issues: dict[Place, Issue] = {}
    for _ in range(_ROUNDS):
        try:
            spec = model.model_validate(document.data)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
            issues |= _issues(document, model, mender, errors[:_MOST_ERRORS], issues)
            if len(errors) > _MOST_ERRORS:
                break
            mender.mend(errors)
        else:
            return Validated(spec, list(issues.values()), mender.is_whole)
    return Validated(None, list(issues.values()), False)


def _issues(
    document: Document,
    model: type[BaseModel],
    mender: Mender,
    errors: Sequence[ErrorDetails],
    known: Mapping[Place, Issue],
) -> dict[Place, Issue]:
    """Return an issue for each further place. A union reports each shape that it tried; one is enough."""
    found: dict[Place, Issue] = {}
    for details in errors:
        issue = document.issue(details["loc"], *_describe(details, model))
        place = Place(issue.file, issue.line, issue.column)
        if place not in known and not issue.follows and not document.has_unread(mender.path(details)):
            found.setdefault(place, issue)
    return found


def _describe(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Message and mend of one error of pydantic."""
    name = next((step for step in reversed(details["loc"]) if isinstance(step, str)), "")
    if details["type"] == "extra_forbidden":
        return _unknown_key(name, keys_at(model, details["loc"][:-1]))
    describe = _DESCRIPTIONS.get(details["type"])
    return describe(name, details) if describe else (f"'{name}': {details['msg']}", "")


def _unknown_key(name: str, known: Sequence[str]) -> tuple[str, str]:
    close = get_close_matches(name.lower(), known, n=1)
    if name.isdigit():
        return f"unknown key '{name}'", "is it the end of a number? Write 1200, without a comma"
    return f"unknown key '{name}'", f"did you mean '{close[0]}'?" if close else "remove it"


def _missing(name: str, details: ErrorDetails) -> tuple[str, str]:
    return f"'{name}' is missing", f"add '{name}:' here"


def _not_text(name: str, details: ErrorDetails) -> tuple[str, str]:
    return f"{details['input']!r} is not text", "put it in quotes"


def _bad_name(name: str, details: ErrorDetails) -> tuple[str, str]:
    if name == "sku":
        return f"'{details['input']}' is no sku", _SKU_RULE
    return f"'{details['input']}' is not a valid name", unseen(str(details["input"])) or _NAME_RULE


def _no_number(name: str, details: ErrorDetails) -> tuple[str, str]:
    digits = re.search(r"\d+", str(details["input"]))
    mend = f"did you mean {digits[0]}?" if digits else "write digits alone, for example 10"
    return f"'{name}' is a whole number, not '{details['input']}'", mend


def _validator_message(name: str, details: ErrorDetails) -> tuple[str, str]:
    context = details.get("ctx", {})
    return str(context.get("error", details["msg"])), str(context.get("mend", ""))


def _not_listed(name: str, details: ErrorDetails) -> tuple[str, str]:
    known = details.get("ctx", {}).get("expected", "")
    words = re.findall("'([^']*)'", known)
    close = get_close_matches(str(details["input"]).lower(), words, n=1)
    mend = f"did you mean '{close[0]}'?" if close else f"write {known}"
    return f"'{name}' can't be '{details['input']}'", mend


def _too_few(name: str, details: ErrorDetails) -> tuple[str, str]:
    return f"'{name}' is empty", "write something, or take it out"


def _too_many(name: str, details: ErrorDetails) -> tuple[str, str]:
    most = details.get("ctx", {}).get("max_length", "")
    return f"'{name}' has too many items", f"{most} is the most"


def _too_small(name: str, details: ErrorDetails) -> tuple[str, str]:
    context = details.get("ctx", {})
    mend = f"write {context['ge']} or more" if "ge" in context else f"write more than {context.get('gt')}"
    return f"{details['input']} is too small for '{name}'", mend


def _too_large(name: str, details: ErrorDetails) -> tuple[str, str]:
    context = details.get("ctx", {})
    mend = f"write {context['le']} or less" if "le" in context else f"write less than {context.get('lt')}"
    return f"{details['input']} is too large for '{name}'", mend


def _not_yes_or_no(name: str, details: ErrorDetails) -> tuple[str, str]:
    return f"'{name}' is yes or no, and {details['input']!r} is neither", "write true or false"


def _no_list(name: str, details: ErrorDetails) -> tuple[str, str]:
    return (
        f"{details['input']!r} can't stand here",
        "write a list: [ … ], or lines that start with '- '",
    )


def _wrong_kind(name: str, details: ErrorDetails) -> tuple[str, str]:
    return f"{details['input']!r} can't stand here", "a mapping (key: value) is expected"


_DESCRIPTIONS: Final[dict[str, Callable[[str, ErrorDetails], tuple[str, str]]]] = {
    "missing": _missing,
    "string_type": _not_text,
    "string_pattern_mismatch": _bad_name,
    "int_parsing": _no_number,
    "int_from_float": _no_number,
    "int_type": _no_number,
    "value_error": _validator_message,
    "literal_error": _not_listed,
    "enum": _not_listed,
    "too_short": _too_few,
    "too_long": _too_many,
    "greater_than_equal": _too_small,
    "greater_than": _too_small,
    "less_than_equal": _too_large,
    "less_than": _too_large,
    "bool_type": _not_yes_or_no,
    "bool_parsing": _not_yes_or_no,
    "list_type": _no_list,
    "tuple_type": _no_list,
    "model_type": _wrong_kind,
    "dict_type": _wrong_kind,
}
