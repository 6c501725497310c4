"""A way that was found, as a chat: clock times, what the outside did, which rules acted."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from payments.processing.changes import values
from payments.prover.clock import NOW
from payments.prover.munshi import NAME, Munshi
from payments.prover.search import Hop
from payments.shop.local_time import local_time, show_time
from payments.simulator import scenario_actions

_WIDTH: Final = 46
"""Characters of what is said that a line shows."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the chat."""

    clock: str
    who: str
    does: str
    said: str
    rules: tuple[tuple[str, int], ...]
    """Rules that acted: the file of each (empty if it is the flow file), and its line there."""


def lines(munshi: Munshi, hops: Sequence[Hop], begins: int) -> list[Line]:
    """Return the chat of `hops`, which begin with the standing `begins`."""
    found, now, before = list[Line](), NOW, begins
    for hop in hops:
        now += hop.passed
        if hop.event or hop.label:
            who, does = _deed(hop)
            said, rules = _answer(munshi, before, hop)
            found.append(Line(_clock(munshi, now), who, does, said, rules))
        before = hop.standing
    return found


def _clock(munshi: Munshi, now: int) -> str:
    days = (now - NOW) // 86_400_000
    _, minute = local_time(munshi.shop.timezone, now)
    return show_time(minute) + (f" +{days}d" if days else "")


_DEEDS: Final = {
    "answers once": "answers",
    "refuses once": "refuses the link",
    "fails once": "makes no link",
    "keeps once": "does not cancel the link",
}


def _deed(hop: Hop) -> tuple[str, str]:
    """Return who does something, and what."""
    if not hop.label:
        return "clock", hop.event.key if hop.event else ""
    key, _, what = hop.label.partition(": ")
    match key:
        case "customer":
            return NAME, f"types {what}"
        case "tap":
            return NAME, f"taps [{what}]"
        case "taps_id":
            return NAME, f"taps an old [{what.split('|')[1].replace('_', ' ')}]"
        case "pays":
            return NAME, "pays" if what == "true" else f"pays {what}"
        case "payment_fails":
            return NAME, "pays, and it fails"
        case scenario_actions.PROVIDER:
            return key.capitalize(), _DEEDS.get(what, what)
        case _:
            return NAME if key in ("sends", "fills") else key, f"{key} {what}" if key == "sends" else what


def _answer(munshi: Munshi, before: int, hop: Hop) -> tuple[str, tuple[tuple[str, int], ...]]:
    if hop.event is None:
        return "", ()
    _, _, changes = munshi.step(munshi.standings.values[before], hop.event.kind, hop.event.body)
    said = [" ".join(say.message.words.split()) for say in values(changes.messages)]
    taken = [entry["taken"] for result in changes.results for entry in result.trace if "taken" in entry]
    places = tuple((one.get("file", ""), one["line"]) for one in taken)
    return " ‖ ".join(_short(text) for text in said), places


def _short(text: str) -> str:
    return text if len(text) <= _WIDTH else f"{text[: _WIDTH - 1].rstrip()}…"


def printed(chat: Sequence[Line], file: str) -> Iterator[str]:
    """Yield the chat in lines of text."""
    for line in chat:
        rules = ", ".join(f"{other or file}:{number}" for other, number in line.rules)
        said = f" → {line.said}" if line.said else ""
        yield f"{line.clock:>5}  {line.who:>8} {line.does}{said}{f'   ({rules})' if rules else ''}"
