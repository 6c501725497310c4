"""A way that was found, as a scenario that `munshi test` plays. It fails until the flow is mended."""

from collections.abc import Iterator, Sequence

from payments.prover.search import Hop
from payments.prover.world import MEENA
from payments.simulator.scenario_actions import PROVIDER
from payments.simulator.scenario_text import quoted
from payments.truths.broken import Broken, Name

_SECOND = 1000


def texts(hops: Sequence[Hop], broken: Broken, flow: str | None, start: str) -> Iterator[str]:
    """Yield scenarios of the way `hops`, the plainest first: not each goes wrong in the same way.

    `flow` is the path of the flow file as seen from the scenario; None if it is the shop's own. `start` is
    the flow's first state.
    """
    for slow in (False, True):
        for held in (False, True):
            yield _text(hops, broken, flow, start, slow=slow, held=held)


def _text(
    hops: Sequence[Hop], broken: Broken, flow: str | None, start: str, *, slow: bool, held: bool
) -> str:
    steps = [*([f"{PROVIDER}: is slow"] if slow else []), *([f"{PROVIDER}: tells nothing"] if held else [])]
    steps += [label for label in _labels(hops) if _is_needed(label, slow=slow, held=held)]
    if broken.name in (Name.LOOP, Name.WAITS):
        steps.append("waits: 2 days")
    ends = {Name.DEAD_END: f"reaches: {quoted(start)}", Name.NO_LINK: "reaches: the link"}
    end = ends.get(broken.name, "breaks: nothing")
    head = [f"# Found by munshi prove: {broken.said}".replace("\n", " ")]
    head += [f"scenario: {quoted(f'Broken: {broken.name}')}", *([f"flow: {quoted(flow)}"] if flow else [])]
    if any(label.startswith("staff: ") for label in _labels(hops)):
        head.append(f"staff: [{MEENA}]")
    return "\n".join([*head, "chat:", *(f"  - {_written(step)}" for step in steps), f"  - {end}", ""])


def _is_needed(label: str, *, slow: bool, held: bool) -> bool:
    if label.startswith(f"{PROVIDER}: tells "):
        return held
    if label == f"{PROVIDER}: answers once":
        return slow
    return True


def _labels(hops: Sequence[Hop]) -> Iterator[str]:
    """Yield the line of each hop. Timers fire by themselves when the time passes."""
    waits, owed = 0, 0
    for hop in hops:
        if hop.passed:
            waits += hop.passed
        elif not hop.label:
            owed = 0
        else:
            if waits > 0:
                yield f"waits: {max(1, waits // _SECOND)} s"
            waits = owed
            yield hop.label
    if waits > 0:
        yield f"waits: {max(1, waits // _SECOND)} s"


def _written(step: str) -> str:
    key, _, value = step.partition(": ")
    plain = value in ("true",) or value.startswith(("{", '"')) or value.replace(".", "").isdigit()
    return f"{key}: {value if plain and key != 'customer' else quoted(value)}"
