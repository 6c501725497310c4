"""The shop's words: those of Munshi, and those of the packages that are installed beside it."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from time import perf_counter
from typing import Any, Final

from flows.document.errors import FlowInvalid, Issue
from flows.engine.own_actions import ActionsRefused, Done, OwnAction, Package, Seen, extended
from flows.engine.vocabulary import Vocabulary
from payments.processing.actions import SHOP

GROUP: Final = "munshi.actions"
"""Entry points of this group name a mapping: name of an action -> OwnAction."""
SLOW: Final = 0.01
"""Seconds. While an action runs, no other customer's step does, so one that takes longer is logged."""


@cache
def vocabulary() -> Vocabulary:
    """Return the words of the shop. Raises FlowInvalid if those of an installed package can't be used."""
    found = sorted(entry_points(group=GROUP), key=lambda point: point.name)
    try:
        return extended(SHOP, [_package(point) for point in found]) if found else SHOP
    except ActionsRefused as refused:
        mend = "put the package right, or uninstall it"
        issue = Issue(refused.package, 1, 1, f"its actions can't be used: {refused}", mend)
        raise FlowInvalid((issue,)) from refused


def _package(point: EntryPoint) -> Package:
    name = point.dist.name if point.dist else point.value
    try:
        actions = dict(point.load())
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
        raise ActionsRefused(name, f"{point.value} can't be loaded: {said}") from error
    timed = {one: _timed(f"{point.name}.{one}", own) for one, own in actions.items()}
    return Package(name, point.name, timed)


def _timed(name: str, own: Any) -> Any:
    """Return `own` with a line in the log whenever it takes too long. What is no action stays as it is."""
    if not isinstance(own, OwnAction):
        return own
    return replace(own, run=_timer(name, own.run))


def _timer(name: str, run: Callable[[Seen, Any], Done]) -> Callable[[Seen, Any], Done]:
    def timed(seen: Seen, args: Any) -> Done:
        begun = perf_counter()
        try:
            return run(seen, args)
        finally:
            if (taken := perf_counter() - begun) > SLOW:
                _log_slow(name, taken)

    return timed


def _log_slow(name: str, seconds: float) -> None:
    import structlog  # most commands never log, and begin sooner without it

    structlog.get_logger().warning("own action slow", action=name, milliseconds=round(seconds * 1000))
