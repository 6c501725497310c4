"""What a search tells people: each violation as a chat, and the bounds of what was searched."""

import os
from collections.abc import Iterator, Sized
from pathlib import Path
from typing import Final

from payments.prover.chat import lines, printed
from payments.prover.prove import Proof, Violation
from payments.prover.scenario_text import texts
from payments.simulator.runner import play
from payments.simulator.scenario import parse
from payments.truths.broken import Name

_NAMES: Final = frozenset(Name)
PARKED: Final = "the shop could not handle it"
"""How the simulator says that an event cannot be handled."""


def violation(proof: Proof, one: Violation, file: str) -> Iterator[str]:
    """Yield the lines about one violation."""
    broken = one.found.broken
    place = f"{broken.file or file}:{broken.line}: " if broken.line else f"{file}: "
    yield ""
    yield f"{place}error: {broken.name}"
    yield f"  {broken.said}"
    yield ""
    chat = lines(proof.munshi, one.hops, proof.begins)
    yield from (f"  {line}" for line in printed(chat, file))
    yield ""


def scenario(proof: Proof, one: Violation, file: Path, folder: Path) -> str:
    """Return the violation as a scenario that fails on the simulator, in its plainest form that does.

    The plainest of all is returned if the simulator, which knows fewer misfortunes, shows none of them.
    """
    flow = os.path.relpath(file, folder)
    forms = list(texts(one.hops, one.found.broken, flow, proof.munshi.flow.start))
    failing = (text for text in forms if fails(proof, text))
    return next(failing, forms[0])


def fails(proof: Proof, text: str) -> bool:
    """Return whether the simulator finds something broken in the scenario."""
    mismatch = play(proof.munshi.flow, parse(text, "found.yaml")).mismatch
    if mismatch is None:
        return False
    return mismatch.expected.startswith((*_NAMES, "a way to ")) or mismatch.said.startswith(PARKED)


def bounds(proof: Proof) -> Iterator[str]:
    """Yield the lines about what was searched and what was not."""
    whole = _stories([one for one in proof.searched if one.exhausted])
    cut = [one for one in proof.searched if not one.exhausted]
    rate = proof.places / proof.seconds if proof.seconds else 0
    yield ""
    word = "holds within" if proof.holds else "searched"
    took = f"in {proof.seconds:.0f} s ({rate:,.0f} a second)"
    yield f"{word} {proof.places:,} places of {_stories(proof.searched)}, {took}"
    yield f"  to their end: {whole}"
    if proof.searched and not proof.sells:
        yield "  no story came to an order that is paid, or due for cash"
    for one in cut:
        yield f"  not to its end: {one.part.name}, {one.depth} events deep"
    if proof.left_out:
        first, count = proof.left_out[0].name, _stories(proof.left_out)
        yield f"  not begun: {count}, from '{first}' on (see --seconds)"
    yield from (f"  left out: {said}" for said in LEFT_OUT)


def _stories(some: Sized) -> str:
    return f"{len(some)} {'story' if len(some) == 1 else 'stories'}"


def summary(proof: Proof) -> str:
    """Return what came of the search in one sentence, for owners."""
    found = "nothing goes wrong" if proof.holds else "what is shown above goes wrong"
    return f"Searched for {max(1, round(proof.seconds))} s what customers, payments and time may do: {found}"


LEFT_OUT = (
    "more than one order, two links of it, and two payments in one story",
    "more than two pieces in a cart, and prices that change",
    "opening hours and dates: it is always the same morning",
    "two customers of one shop, but for others who buy all that is counted",
    "texts that are neither a word of the flow, nor an answer, nor a button",
)
"""What the search leaves out, in words for operators."""
