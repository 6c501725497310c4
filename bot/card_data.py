"""Takes card numbers, their security codes and one-time passwords out of what people write.

Nobody at the shop needs them, and neither a shop nor its software may keep a card's number. So they are taken
out where a text arrives, before anything of it is stored, answered or logged. A text of digits alone that no
word explains is kept: it may be a quantity, a pincode or an order's number.

Source: ISO/IEC 7812 (lengths, check digit); the first digits are those that the card schemes publish, 2026.
"""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final, NamedTuple

from bot.json_text import MAX_DEPTH, Unreadable, read_object
from flows.document.words import with_ascii_digits
from payments.razorpay.entities import ORDER_NOTE, REFUND_NOTE

CARD: Final = "[card number]"
CODE: Final = "[code]"
"""What stands in the place of a card's number, and of a code that proves who somebody is."""

_APART: Final = (
    r"(?:[^\S\n\r\v\f\x1c-\x1e\x85\u2028\u2029]|[\-./_\u00ad\u00b7\u2010-\u2015\u2212"
    r"\u200b-\u200f\u202a-\u202e\u2060-\u2069\u20e3\ufe0e\ufe0f\ufeff]){1,4}|,"
)
"""What people write between the digits of a card, and what their phones put there unseen. Numbers on lines of
their own are a list."""
_RUN: Final = re.compile(rf"[0-9]+(?:(?:{_APART})[0-9]+)*")
_GROUP: Final = re.compile(r"[0-9]+")
_SOME_DIGITS: Final = re.compile(r"\d(?:\D*\d){2}")
"""Fewer digits are no card and no code: most texts need no other look."""
_SCHEMES: Final = re.compile(
    r"4\d{15}(?:\d{3})?"  # Visa
    r"|(?:5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720)\d*(?<=\A\d{16})"  # Mastercard
    r"|(?:60|65|81|82|508)\d*(?<=\A\d{16})"  # RuPay
    r"|3[47]\d{13}"  # American Express
    r"|(?:30[0-5]|309|36|3[89])\d*(?:(?<=\A\d{14})|(?<=\A\d{16}))"  # Diners Club
    r"|35(?:2[89]|[3-8]\d)\d{12}"  # JCB
    r"|(?:62|50|5[6-8]|6[013-9])\d{14,17}",  # UnionPay, Maestro
    re.ASCII,
)
_LONGEST: Final = 19
_LONGEST_PHONE: Final = 15
"""Digits of a number that is written with a plus. Source: ITU-T E.164."""

_MOBILE: Final = "6789"
"""First digits of an Indian mobile number. Source: DoT, National Numbering Plan."""

_NAMED: Final = (
    r"(?:c\.?v\.?[vc]\.?\s?2?|security code|o\.?t\.?p\.?"
    r"|one[- ]?time[- ]?(?:pass(?:word|code)|pin|code)|verification code|ओटीपी|सीवीवी)"
)
_PIN: Final = r"(?:(?:upi|atm|card|debit|credit|banking)[- ]?pin|m-?pin)"
"""Only four digits are a code behind these words: six are a pincode, as in `near the ATM, ATM pin 560034`."""
_UNIT: Final = r"\s*(?:(?:k?gs?|gms?|grams?|kilos?|rupees?)\b|(?:rs\b|₹)(?!\.?\s*\d))"
"""What follows a quantity or an amount. The `Rs` in `482113 Rs 500` is of the next number."""
_CODE_AFTER: Final = re.compile(
    rf"(?<![^\W\d_])(?<!\bno\s)(?<!\bnot\s)(?:{_NAMED}|(?P<pin>{_PIN}))"
    r"(?:\s*\([^()\d\n]{1,20}\))?[^\w\n#₹]{0,5}"
    r"(?:(?:is|was|no|number|code|hai|है|(?:for|of) [^\d\n.#]{1,30}? is)[^\w\n#]{1,4}){0,3}"
    r"(?P<code>(?(pin)\d{4}|(?:\d{3}[ -]\d{3}|\d{3,8})))(?!\d)"
    rf"(?!{_UNIT})",
    re.IGNORECASE | re.ASCII,
)
"""`cvv 123`, `OTP is 482113`, `OTP for the card is 482113`. A number behind `#` is an order's, and behind
`no otp` it is no code."""
_IS: Final = r"\s+(?:is|as)\s+(?:(?!not?\s)[^\W\d]+\s+){0,3}"
_WORD_ENDS: Final = r"(?!\w|\s+orders?\b)"
_CODE_BEFORE: Final = re.compile(
    rf"(?<![\w#])(?P<code>(?:\d{{3}}[ -]\d{{3}}|\d{{4,8}})(?={_IS}{_NAMED}{_WORD_ENDS})"
    rf"|\d{{4}}(?={_IS}{_PIN}{_WORD_ENDS}))",
    re.IGNORECASE,
)
"""`482113 is your one-time password`"""
_CODE_OF_CARD: Final = re.compile(
    rf"(?<={re.escape(CARD)})[\s,;:./_-]{{0,3}}(?:exp\w*[\s:.]{{0,3}})?(?:\d{{1,2}}\s?[/-]\s?\d{{2,4}})?"
    r"[\s,;:./_-]{0,3}(?P<code>\d{3,4})(?!\d)",
    re.IGNORECASE | re.ASCII,
)
"""`[card number] 12/27 123`"""

_IDS: Final = frozenset({
    *("id", "from", "to", "timestamp", "sha256", "url", "payload", "biz_opaque_callback_data", "flow_token"),
    *("receipt", "short_url", "callback_url", ORDER_NOTE, REFUND_NOTE),
})  # fmt: skip
"""Keys, beside those that end in `_id`, whose values programs made: they are not what a person wrote."""

_INNER_JSON: Final = "response_json"
"""Key whose text is JSON itself: what a form brought."""


class _Place(NamedTuple):
    start: int
    end: int


def without_card_data(text: str) -> str:
    """Return `text` with `[card number]` for each card's number, and `[code]` for codes that a word names.

    >>> without_card_data("my card 4111 1111 1111 1111 cvv 123, order #12345")
    'my card [card number] cvv [code], order #12345'
    """
    if not _SOME_DIGITS.search(text):
        return text
    kept = _cut(text, [(place, CARD) for place in _cards(with_ascii_digits(text))])
    for pattern in (_CODE_OF_CARD, _CODE_AFTER, _CODE_BEFORE):
        found = pattern.finditer(with_ascii_digits(kept))
        kept = _cut(kept, [(_Place(*match.span("code")), CODE) for match in found])
    return kept


def json_without_card_data(value: Any, depth: int = 1) -> Any:
    """Return a JSON value without card data in its texts, numbers and keys; ids stay as they are.

    Null is in the place of what is nested over MAX_DEPTH levels. `depth`: the level that `value` is on.
    """
    if isinstance(value, str):
        return without_card_data(value)
    if isinstance(value, dict):
        return (
            {without_card_data(key): _under(key, inner, depth) for key, inner in value.items()}
            if depth <= MAX_DEPTH
            else None
        )
    if isinstance(value, list):
        return [json_without_card_data(inner, depth + 1) for inner in value] if depth <= MAX_DEPTH else None
    if isinstance(value, int) and not isinstance(value, bool) and is_card(str(value)):
        return CARD
    return value


def _under(key: str, value: Any, depth: int) -> Any:
    if isinstance(value, str | int) and (key in _IDS or key.endswith("_id")):
        return value
    if isinstance(value, str) and key == _INNER_JSON:
        return _inner(value)
    return json_without_card_data(value, depth + 1)


def _inner(text: str) -> str:
    """Return JSON text without card data: its digits may be written as escapes."""
    try:
        value = read_object(text.encode("utf-8", "replace"))
    except Unreadable:
        return without_card_data(text)
    cleaned = json_without_card_data(value)
    return text if cleaned == value else json.dumps(cleaned)


def is_card(digits: str) -> bool:
    """Return whether ASCII `digits` have the length, the beginning and the check digit of a card's number."""
    return _SCHEMES.fullmatch(digits) is not None and _luhn(digits)


def _luhn(digits: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in digits[-2::-2])
    return (sum(doubled) + sum(map(int, digits[::-2]))) % 10 == 0


def _cut(text: str, places: list[tuple[_Place, str]]) -> str:
    parts, end = [], 0
    for place, instead in places:
        parts += [text[end : place.start], instead]
        end = place.end
    return "".join((*parts, text[end:]))


def _cards(text: str) -> Iterator[_Place]:
    for run in _RUN.finditer(text):
        groups = [_Place(*group.span()) for group in _GROUP.finditer(text, run.start(), run.end())]
        first = 0
        while first < len(groups):
            last = _end_of_card(text, groups, first)
            if last:
                yield _Place(groups[first].start, groups[last - 1].end)
            first = last or first + 1


def _end_of_card(text: str, groups: list[_Place], first: int) -> int:
    """Return the index after the last group of the card that begins with group `first`; 0 if none does."""
    digits, found = "", 0
    plus = text[max(0, groups[first].start - 3) : groups[first].start].rstrip(" (")[-1:] == "+"
    for index in range(first, len(groups)):
        digits += text[slice(*groups[index])]
        if len(digits) > _LONGEST:
            break
        phone = plus and len(digits) <= _LONGEST_PHONE
        if not phone and is_card(digits) and _grouped_as_card(text, groups[first : index + 1]):
            found = index + 1
    return found


def _grouped_as_card(text: str, groups: list[_Place]) -> bool:
    """Return whether a card is written in these groups of `text`; two phone numbers in a row are not."""
    sizes = [group.end - group.start for group in groups]
    between = [text[one.end : other.start] for one, other in pairwise(groups)]
    *before, last = sizes
    if not before or sizes in ([4, 6, 5], [4, 6, 4]):
        return True
    if sizes == [8, 8]:
        return not re.search(r"[\s/,]", between[0])  # else they are two landlines
    if sizes == [6, 10]:
        return text[groups[1].start] not in _MOBILE  # else a pincode and a phone
    if sizes == [5, 5, 6]:
        return text[groups[0].start] not in _MOBILE  # else a phone and a pincode
    if all(one == other for one, other in pairwise(before)) and before[0] in (1, 2, 3) and last <= before[0]:
        return not re.search("[/,]", "".join(between))  # else sizes or quantities: 36,38,40,42
    return all(size % 4 == 0 for size in before) and last <= 8
