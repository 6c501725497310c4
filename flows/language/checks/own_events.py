"""The fields of the events that the engine itself fires: taps, texts, timers, what customers send."""

from collections.abc import Mapping
from typing import Final

from flows.engine.model import ANSWERED, INVALID, OTHERWISE, RECEIVED, STALE, TEXT
from flows.language.checks.ways import ANNOUNCED
from flows.messages.address_form import ADDRESS
from flows.templates import types
from flows.templates.types import UNKNOWN, Record

_TYPED: Final = {"text": types.TEXT, "value": types.TEXT}
_TAPPED: Final = {**_TYPED, "title": types.TEXT}
_SENT: Final = {**_TYPED, "kind": types.TEXT}
_PLACE: Final = dict.fromkeys(("address", "pincode", "name", "phone", "city", "state"), types.TEXT)
_OWN: Final[Mapping[str, Record]] = {
    TEXT: Record(_TYPED),
    INVALID: Record(_TYPED),
    ANSWERED: Record({**_TYPED, "value": UNKNOWN}),
    STALE: Record(_TAPPED),
    OTHERWISE: Record(_TYPED, is_open=True),
    ADDRESS: Record({**_SENT, **_PLACE}),
    ANNOUNCED: Record(),
}


def own_event(trigger: str, offered: bool, typed: bool) -> Record | None:
    """Return the fields of one of the engine's events; None if it is none of them.

    `offered`: whether a button or row fires it; `typed`: whether a word does.
    """
    if trigger in _OWN:
        return _OWN[trigger]
    if trigger in RECEIVED:
        return Record(_SENT, is_open=True)
    if trigger.startswith("after "):
        return Record({"timer": types.TEXT})
    if offered:
        return Record(_TAPPED, maybe=frozenset({"title"}) if typed else frozenset())
    return Record(_TYPED) if typed else None
