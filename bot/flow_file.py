"""Loads the shop's flow file, with the files that it includes."""

from pathlib import Path

from bot.flow_texts import OnlyPart, read_texts
from bot.own_actions import vocabulary
from bot.whatsapp.limits import LIMITS
from flows.document.errors import FlowInvalid
from flows.engine.model import Flow
from flows.language.load import Examined, examine, load


def examine_flow(path: Path) -> Examined:
    """Examine the shop's flow, and return it with everything that is wrong with it."""
    try:
        (file, text), *included = read_texts(path).items()
        words = vocabulary()
    except FlowInvalid as invalid:
        return Examined(None, invalid.issues, is_complete=isinstance(invalid, OnlyPart))
    return examine(text, file, words, limits=LIMITS, included=dict(included))


def load_flow(path: Path) -> Flow:
    """Load the shop's flow. Raises FlowInvalid with every error in it, or the reason it can't be read."""
    (file, text), *included = read_texts(path).items()
    return load(text, file, vocabulary(), limits=LIMITS, included=dict(included))
