"""The report of a soak, in some 25 lines."""

from collections import Counter
from collections.abc import Iterator, Mapping

from tests.soak.measures import MEASURED_SECONDS, MIB, Growth
from tests.soak.run import Soaked

_HOUR = 3600
_MILLION = 1_000_000


def lines(soaked: Soaked) -> Iterator[str]:
    """Yield the lines of the report."""
    plan, stage, crowd, verdict = soaked.plan, soaked.stage, soaked.crowd, soaked.verdict
    limit = "was given" if soaked.limit is None else f"is half of the {soaked.limit:.1f} that were possible"
    yield f"Soak on {plan.database}, seed {plan.seed}, {soaked.seconds / 60:.1f} min in all"
    yield f"  load          {soaked.rate:.1f} purchases begun in a second, which {limit}"
    yield f"  customers     {crowd.begun}: {_counted(crowd.outcomes)}"
    if crowd.turned_away:
        yield f"                {crowd.turned_away} more did not come in, because too many were waiting"
    yield f"  longest wait  {crowd.longest_wait:.1f} s for an answer"
    yield f"  troubles      {_counted(stage.played)}"
    if not stage.disk.can_be_full:
        yield "  SKIPPED       A FULL DISK WAS NOT PLAYED: this user may not mount a file system in memory"
    if stage.stalls:
        times, longest = len(stage.stalls), max(stage.stalls)
        yield f"                the machine had no time for the providers: {times} times, {longest:.1f} s"
    for note, count in stage.notes.items():
        yield f"                {note}: {count}"
    late = max(stage.rises, default=0.0)
    yield f"  /readyz       ready {late:.1f} s after a trouble at most; {_told(stage.untruths)}"
    yield f"  webhooks      {_counted(stage.outside.answers)}"
    yield f"  acknowledged  {len(stage.outside.acknowledged)} events; {verdict.stored} rows in the inbox"
    yield f"  orders        {_counted(verdict.orders)}"
    yield f"  confirmed     {verdict.confirmed} orders, {verdict.confirmed_again} of them by one more copy"
    copies = verdict.copies.total()
    yield f"  copies        {copies} of {verdict.messages} messages: {_counted(verdict.copies)}"
    yield f"  notices       {_counted(verdict.notices)}"
    yield f"  refused calls {_counted(verdict.given_up)}"
    yield f"  processes     {_counted(Counter(life.role for life in stage.shop.lives))} started"
    for one in soaked.growths:
        yield from _growth(one)
    yield from _end(soaked.violations)


def _growth(one: Growth) -> Iterator[str]:
    yield (
        f"  munshi {one.role:<6} {one.most_memory / MIB:.0f} MiB and {one.most_files} files at most;"
        f" measured {one.seconds / 60:.1f} min, {one.events} events"
    )
    yield f"    memory      {_rates(one, one.memory / MIB)} (MiB)"
    yield f"    files       {_rates(one, one.files)}"
    if one.seconds < MEASURED_SECONDS:
        yield "    too short to say whether it grows"


def _rates(one: Growth, grown: float) -> str:
    hours, millions = max(one.seconds, 1) / _HOUR, max(one.events, 1) / _MILLION
    return f"{grown:+.1f}: {grown / hours:+.1f} an hour, {grown / millions:+.1f} a million events"


def _end(violations: list[str]) -> Iterator[str]:
    if not violations:
        yield "Nothing acknowledged is lost, each paid order is confirmed, and the books balance."
    for violation in violations:
        yield f"WRONG: {violation}"


def _told(untruths: list[str]) -> str:
    return "told the truth" if not untruths else f"{len(untruths)} untruths"


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {name}" for name, count in sorted(counts.items())) or "none"
