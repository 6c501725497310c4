"""Find the sums that a text shows as they are, in paise: customers read 18000 for ₹180."""

from collections.abc import Callable, Iterator
from typing import Final

from jinja2 import nodes

from flows.document.errors import Severity
from flows.templates.as_written import as_written, in_brackets
from flows.templates.comparisons import Problem
from flows.templates.types import Money, Text, Type

RUPEE: Final = 100
"""Paise. What is divided by it, or by a multiple, is in rupees, or is a percentage."""
_SAME: Final = ("int", "abs", "round")
"""Filters that leave a sum a sum."""
_ALONE: Final = "{{{{ {} }}}}"


def shown_as_paise(
    node: nodes.Node, kind: Type, kind_of: Callable[[nodes.Node], Type], show: str, frame: str = _ALONE
) -> Iterator[Problem]:
    """Yield a problem for each sum that is shown where a text shows `node`, which is of the type `kind`.

    `show` is the filter for sums, `frame` what stands around `node` in the text.
    """
    is_whole = _is_sum(kind) and not isinstance(node, (nodes.CondExpr, nodes.Filter))
    parts = () if is_whole else tuple(_parts(node))
    for part in parts:
        yield from shown_as_paise(part, kind_of(part), kind_of, show, "{}")
    if parts:
        return
    if not _is_sum(kind):
        if isinstance(node, nodes.Filter) and node.name == "default" and node.node:
            yield from _with_default(node, node.node, kind_of, show, frame)
    elif not _is_in_rupees(node):
        shown = in_brackets(node)
        filters = f" | int | {show}" if isinstance(kind, Text) else f" | {show}"
        yield _problem(as_written(node), frame.format(f"{shown}{filters}") if shown else "", show)


def _is_sum(kind: Type) -> bool:
    return isinstance(kind, Money) or (isinstance(kind, Text) and kind.of_sum)


def _parts(node: nodes.Node) -> Iterator[nodes.Node]:
    """Yield those parts of `node` that are shown where it is."""
    match node:
        case nodes.Concat(nodes=parts):
            yield from parts
        case nodes.CondExpr(expr1=first, expr2=second):
            yield from (first, second) if second else (first,)
        case nodes.And(right=right):
            yield right
        case nodes.Or(left=left, right=right):
            yield from (left, right)
        case nodes.Filter(name=name, node=given) if name in _SAME and given:
            yield given
        case _:
            return


def _with_default(
    node: nodes.Filter, given: nodes.Node, kind_of: Callable[[nodes.Node], Type], show: str, frame: str
) -> Iterator[Problem]:
    """Yield that a sum is shown which may be missing: a filter takes none that is."""
    if isinstance(kind_of(given), Money):
        shown, other = in_brackets(given), as_written(node.args[0]) if node.args else "''"
        mend = f"{shown} | {show} if {shown} is defined else {other}" if shown and other else ""
        yield _problem(as_written(given), frame.format(mend) if mend else "", show)


def _is_in_rupees(node: nodes.Node) -> bool:
    """Whether something in `node` is divided by 100: what comes of it may be rupees."""
    return any(
        isinstance(division, nodes.FloorDiv) and is_whole_rupees(division.right)
        for division in (node, *node.find_all(nodes.FloorDiv))
    )


def is_whole_rupees(node: nodes.Node) -> bool:
    """Whether `node` is a written number of paise that is a number of whole rupees."""
    return isinstance(node, nodes.Const) and isinstance(node.value, int) and node.value % RUPEE == 0


def _problem(written: str, mend: str, show: str) -> Problem:
    named = f"'{written}'" if written else "a sum"
    message = f"{named} shows paise: customers read 18000 for ₹180"
    return Problem(message, f"write {mend}" if mend else f"write '| {show}' behind the sum", Severity.WARNING)
