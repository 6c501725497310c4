"""What is wrong with a flow for those who stand on an earlier version of it. Pure."""

from collections.abc import Collection, Iterator

from flows.document.errors import Issue
from flows.engine.going_over import UNKNOWN, leads_to, misfit, ways
from flows.engine.model import Flow, Migration
from flows.engine.outline import Outline, awaits, leaves_of


def stranded(flow: Flow, earlier: Outline, standing: Collection[str]) -> Iterator[str]:
    """Yield those states of `standing`, in which people stand, from which they could never go over to `flow`.

    They are gone, nothing takes those who stand there, and nothing leads back to the first state.
    """
    for leaf in standing:
        if not list(ways(flow, earlier, leaf)) and not earlier.leaves.get(leaf, UNKNOWN).returns:
            yield leaf


def faults(flow: Flow, earlier: Outline, standing: Collection[str]) -> Iterator[Issue]:
    """Yield what is wrong with `migrate:` for those who stand in the states `standing` of `earlier`."""
    file, line = _place(flow, flow.migrations[0]) if flow.migrations else (flow.file, 1)
    gone = [leaf for leaf in standing if leaf in gone_from(flow, earlier)]
    for leaf in gone:
        entries = [migration for _, migration in ways(flow, earlier, leaf)]
        named = f"'{leaf}' of version {earlier.version}"
        mend = f"add {{from: {leaf}, to: …}} under 'migrate', or {{else: first}} as its last entry"
        if not entries and flow.migrations:
            yield Issue(file, line, 1, f"'migrate' says nothing of {named}, where customers stand", mend)
        elif not entries and leaf in set(stranded(flow, earlier, standing)):
            message = f"customers stand in {named}, which is gone, and nothing leads them out of it"
            yield Issue(file, line, 1, message, mend)
        elif entries and all(one is not None and one.rule.guard for one in entries):
            message = f"'migrate' takes not all who stand in {named}: each of its entries has an 'if'"
            yield Issue(file, line, 1, message, mend)
    for migration in flow.migrations:
        for leaf in (one for one in gone if migration.sources and migration.takes(one)):
            yield from _misled(flow, earlier, leaf, migration)


def gone_from(flow: Flow, earlier: Outline) -> list[str]:
    """Return the states of `earlier` in which nobody can rest in `flow`."""
    leaves = set(leaves_of(flow))
    return [leaf for leaf in earlier.leaves if leaf not in leaves]


def _misled(flow: Flow, earlier: Outline, leaf: str, migration: Migration) -> Iterator[Issue]:
    """Yield an issue if nobody, or nobody with an open order, could go where an entry of `migrate:` leads."""
    to = leads_to(flow, migration, leaf)
    if because := misfit(flow, earlier, leaf, to, bound=False):
        mend = "lead them to a state that asks for the same type, or for nothing"
        yield Issue(*_place(flow, migration), 1, f"nobody can go there: {because}", mend)
    elif earlier.leaves[leaf].awaits and not awaits(flow, to):
        message = f"who waits for a payment in '{leaf}' would lose the way to their link in '{to}'"
        mend = "lead them to a state that answers what happens to the payment"
        yield Issue(*_place(flow, migration), 1, message, mend)


def _place(flow: Flow, migration: Migration) -> tuple[str, int]:
    return migration.rule.file or flow.file, migration.rule.line
