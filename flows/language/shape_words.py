"""Words every error of shape that pydantic finds for operators, and says how to mend it."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from flows.document.errors import close
from flows.document.shape import LANGUAGE, NAME, TRIGGER
from flows.document.words import odd_quote, unseen, with_ascii_digits
from flows.language.known_keys import keys_at

_NAME_RULE: Final = "names are up to 64 lower case letters, digits and '_', and start with a letter"
_PATTERNS: Final = {
    NAME: ("a valid name", _NAME_RULE),
    TRIGGER: ("a valid name", _NAME_RULE),
    f"^{LANGUAGE.pattern}$": ("the code of a language", "write for example en, hi or pt-BR"),
    r"^[a-z][a-z0-9-]*$": (
        "a valid name",
        "a flow's name has lower case letters, digits and '-', and starts with a letter",
    ),
    r"^[A-Z0-9]{1,4}$": ("a valid prefix", "write 1 to 4 capital letters and digits"),
}
"""Pattern -> what a text of this form is, and its rule."""
_ADDRESS: Final = "write its whole address, like 'https://shop.example/chai.jpg'"
_MENDS: Final = (
    ("is not an absolute URL|is not encrypted", _ADDRESS),
    ("^a message has one of", "make two messages of it, or remove one of them"),
    ("can't have an image$", "say the picture before it, in a message of its own"),
    ("have a footer$", "write it at the end of the text, or remove it"),
    ("^'min' is above 'max'", "exchange them"),
    ("^a list needs either", "write 'rows: […]', or 'sections: […]' with rows of their own, and not both"),
    ("^'ignore' can't stand beside", "remove 'ignore', or all that stands beside it"),
)
"""What validators of a flow say without saying how to mend it -> that."""
_SKU_RULE: Final = "a sku has up to 64 letters, digits, '-', '_' and '.', and no blanks, as kaju-250"
_LONGEST: Final = 40
"""Characters of a value that are quoted."""
_KEYS: Final = 6
"""Keys that are named of those that may stand in a place."""
_OF_MESSAGES: Final = frozenset({"text", "buttons", "list", "image", "link", "footer", "document", "video"})
_COUNT: Final = "constrained-int"
"""Pydantic's mark for a number with limits, where a word may stand too."""
_UNDER_MESSAGES: Final = "a message stands under 'messages', and a state says it: 'enter: {say: its name}'"


def described(details: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Return message and mend of one error of pydantic in a value of `model`."""
    place = details["loc"]
    steps = (step for step in reversed(place) if isinstance(step, str) and step != _COUNT)
    name = next((step for step in steps if step[0] not in "[<"), "")
    if details["type"] == "extra_forbidden":
        return _unknown_key(str(place[-1]), keys_at(model, place[:-1]), place)
    if details["input"] is None and details["type"] not in ("missing", "value_error"):
        return _nothing(_key(place))
    if details["type"] in ("model_type", "dict_type"):
        return _wrong_kind(details, keys_at(model, place))
    return _DESCRIPTIONS.get(details["type"], _other)(name, details)


def _nothing(name: str) -> tuple[str, str]:
    return f"'{name}' is empty", "write something behind it, or take it out"


def shown(value: Any) -> str:
    """Return a value as it may be written in the file; of one that is long, what it is."""
    match value:
        case None:
            return "nothing"
        case bool():
            return str(value).lower()
        case int() | Decimal():
            return str(value)
        case str():
            return f"'{value}'" if len(value) <= _LONGEST else f"'{value[:_LONGEST]}…'"
        case list():
            return "a list"
        case _:
            return "a mapping (key: value)"


def _key(place: Sequence[str | int]) -> str:
    """Return the last key of a place, without pydantic's marks for the shapes of a union."""
    keys = (one for one in reversed(place) if isinstance(one, str) and re.fullmatch(r"[\w.-]+", one))
    return next((key for key in keys if key not in ("str", "int", _COUNT)), "it")


def _unknown_key(name: str, known: Sequence[str], place: Sequence[str | int]) -> tuple[str, str]:
    if name.isdigit():
        return f"unknown key '{name}'", "is it the end of a number? Write 1200, without a comma"
    if name in _OF_MESSAGES and place[0] in ("states", "subflows"):
        return f"unknown key '{name}'", _UNDER_MESSAGES
    return f"unknown key '{name}'", close(name, known) or "remove it"


def _missing(name: str, details: ErrorDetails) -> tuple[str, str]:
    return f"'{name}' is missing", f"add '{name}:' here"


def _not_text(name: str, details: ErrorDetails) -> tuple[str, str]:
    simple = not isinstance(details["input"], (dict, list))
    return f"{shown(details['input'])} is not text", "put it in quotes" if simple else "write one text"


def _bad_form(name: str, details: ErrorDetails) -> tuple[str, str]:
    written = str(details["input"])
    if name == "sku":
        return f"{shown(written)} is no sku", _SKU_RULE
    if details["loc"][0] == "apology":
        return f"{shown(written)} is not the code of a language", "write the text itself behind 'apology:'"
    kind, rule = _PATTERNS.get(details.get("ctx", {}).get("pattern", ""), _PATTERNS[NAME])
    return f"{shown(written)} is not {kind}", unseen(written) or odd_quote(written) or _loose(written) or rule


def _loose(written: str) -> str:
    """Return how to mend a text with a brace or a bracket that closes nothing; empty without one."""
    opening = {"}": "{", "]": "["}.get(written[-1:], "")
    return f"remove the '{written[-1]}', or write the '{opening}' that it closes" if opening else ""


def _no_number(name: str, details: ErrorDetails) -> tuple[str, str]:
    written = details["input"]
    plain = "" if isinstance(written, (dict, list)) else with_ascii_digits(str(written))
    digits = re.search(r"\d+", plain)
    mend = f"did you mean {digits[0]}?" if digits else "write digits alone, for example 10"
    return f"'{name}' is a whole number, not {_quoted(written)}", mend


def _quoted(value: Any) -> str:
    """Return a value in quotes, as it may be part of a sentence."""
    return shown(value) if isinstance(value, (str, dict, list)) else f"'{shown(value)}'"


def _validator_message(name: str, details: ErrorDetails) -> tuple[str, str]:
    """Return what a validator says, with the value as it may be written in the file."""
    context, value = details.get("ctx", {}), details["input"]
    said = str(context.get("error", details["msg"]))
    if value is None and "None" in said:
        return _nothing(name)
    if not isinstance(value, int) or isinstance(value, bool):
        said = said.replace(f"'{value}'", shown(value)).replace(repr(value), shown(value))
    return said, str(context.get("mend", "")) or _mend_of(said)


def _mend_of(said: str) -> str:
    """Return the mend of what a validator says without one; empty if it says that itself."""
    return next((mend for pattern, mend in _MENDS if re.search(pattern, said)), "")


def _not_listed(name: str, details: ErrorDetails) -> tuple[str, str]:
    known = details.get("ctx", {}).get("expected", "")
    words = re.findall("'([^']*)'", known)
    mend = close(str(details["input"]), words) or f"write {known}"
    return f"'{name}' can't be {_quoted(details['input'])}", mend


def _too_few(name: str, details: ErrorDetails) -> tuple[str, str]:
    return f"'{name}' is empty", "write something, or take it out"


def _too_many(name: str, details: ErrorDetails) -> tuple[str, str]:
    most = details.get("ctx", {}).get("max_length", "")
    return f"'{name}' has too many items", f"{most} is the most"


def _too_long(name: str, details: ErrorDetails) -> tuple[str, str]:
    most = details.get("ctx", {}).get("max_length", "")
    return f"'{name}' has {len(details['input'])} characters", f"{most} are the most: shorten it"


def _too_small(name: str, details: ErrorDetails) -> tuple[str, str]:
    context = details.get("ctx", {})
    mend = f"write {context['ge']} or more" if "ge" in context else f"write more than {context.get('gt')}"
    return f"{details['input']} is too small for '{name}'", mend


def _too_large(name: str, details: ErrorDetails) -> tuple[str, str]:
    context = details.get("ctx", {})
    mend = f"write {context['le']} or less" if "le" in context else f"write less than {context.get('lt')}"
    return f"{details['input']} is too large for '{name}'", mend


def _not_yes_or_no(name: str, details: ErrorDetails) -> tuple[str, str]:
    return f"'{name}' is yes or no, and {shown(details['input'])} is neither", "write true or false"


def _no_list(name: str, details: ErrorDetails) -> tuple[str, str]:
    written = details["input"]
    message = f"'{name}' is a list, not {shown(written)}"
    if isinstance(written, str) and len(written) <= _LONGEST:
        return message, f"write a list: {name}: [{written}]"
    return message, "write a list: [ … ], or lines that start with '- '"


def _wrong_kind(details: ErrorDetails, known: Sequence[str]) -> tuple[str, str]:
    place, key = details["loc"], _key(details["loc"])
    message = f"'{key}' has keys and values, not {shown(details['input'])}"
    if place[:2] == ("messages", key):
        return f"{shown(details['input'])} is no message", "write its text, in quotes"
    if joined := _unjoined(details["input"], known):
        return joined
    if len(place) > 1 and place[-2] == "states":
        return message, _UNDER_MESSAGES
    listed = f"{', '.join(known[:_KEYS])}{', …' if len(known) > _KEYS else ''}"
    return message, f"write {{key: value}}; keys are {listed}" if known else "write {key: value}"


def _unjoined(written: Any, known: Sequence[str]) -> tuple[str, str] | None:
    """Return message and mend of `say hello` where `say: hello` is meant. None if that is not clear."""
    word, _, rest = written.partition(" ") if isinstance(written, str) else ("", "", "")
    if word not in known or not rest:
        return None
    return f"a ':' is missing after '{word}'", f"write {{{word}: {rest.strip()}}}"


def _other(name: str, details: ErrorDetails) -> tuple[str, str]:
    return f"'{name}' can't be {_quoted(details['input'])}", "see this key in docs/flow-language.md"


_DESCRIPTIONS: Final[dict[str, Callable[[str, ErrorDetails], tuple[str, str]]]] = {
    "missing": _missing,
    "string_type": _not_text,
    "string_pattern_mismatch": _bad_form,
    "string_too_short": _too_few,
    "string_too_long": _too_long,
    "int_parsing": _no_number,
    "int_parsing_size": _no_number,
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
}
