"""Tells stored chats again, on what is served and on another flow: `munshi plan --replay`."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from bot.counted import counted
from bot.customer_names import named
from bot.sections import cut
from bot.stored_scenario import as_scenario, said_again, tells_all
from flows.document import durations
from flows.engine.conversation import Conversation
from flows.engine.model import Flow
from payments.shop.catalogue import Shop
from payments.simulator.comparing import Difference, differences
from payments.simulator.scenario import parse
from payments.simulator.stored_chat import Retold
from storage.database.records import Records
from storage.inbox.arrivals import conversation_number
from storage.reports.standing import heard_since
from storage.reports.timeline import Story, Subject, story

_SHOWN: Final = 10
"""Messages of which differences are shown."""
_REASONS: Final = 5
_LONGEST: Final = 120
"""Characters that are shown of a text."""
_OTHERWISE: Final = "it went another way then: the version, the stock or the staff were others"


@dataclass(frozen=True, slots=True)
class _Seen:
    """One difference in one customer's chat."""

    owner: Conversation
    at: int
    """Milliseconds since 1970, UTC."""
    what: Difference


@dataclass(slots=True)
class Replayed:
    """What was found in the chats that were looked at."""

    seen: dict[str, list[_Seen]] = field(default_factory=dict)
    """By the message, oldest first."""
    whole: int = 0
    partly: Counter[str] = field(default_factory=Counter)
    """Chats of which only the beginning, or nothing, could be told again, by why."""
    unread: int = 0
    """Chats for which no time was left."""


async def replayed(
    records: Records, old: Flow, new: Flow, since: int, is_over: Callable[[], bool]
) -> Replayed:
    """Tell each chat that went on after `since` on both flows, who wrote last first, until `is_over`.

    `since` is in milliseconds since 1970, UTC.
    """
    found = Replayed()
    people = [one async for one in heard_since(records.reads, since)][::-1]
    for place, one in enumerate(people):
        if is_over():
            found.unread = len(people) - place
            break
        number = conversation_number(records.installation, one.id)
        assert number is not None
        _compare(found, one, await story(records, Subject(number)), old, new, since)
    return found


def _compare(found: Replayed, owner: Conversation, told: Story, old: Flow, new: Flow, since: int) -> None:
    made = as_scenario(old, told)
    if made is None:
        found.partly["nothing of it is stored any more"] += 1
        return
    because, same = _unlike(told, made), said_again(told, made)
    if because:
        found.partly[because] += 1
    else:
        found.whole += 1
    began = min(moment.at for moment in told.moments)
    for one in differences(old, new, parse(made.text, "chat")):
        if because and one.place >= same:
            break
        if began + one.at >= since:
            found.seen.setdefault(_message(one), []).append(_Seen(owner, began + one.at, one))


def _unlike(told: Story, made: Retold) -> str:
    """Return why the chat can't be told as it was; empty if it can."""
    if told.cut or told.erased:
        return "its beginning is not stored any more, or it is too long"
    if made.notes:
        # Without what was typed or tapped, so that equal reasons are counted together.
        return ": ".join(made.notes[0].split(": ")[:2]).partition(" '")[0]
    return "" if tells_all(told, made) else _OTHERWISE


def _message(one: Difference) -> str:
    """Return which message differs, and how."""
    if one.impossible:
        return "what customers did, they could not do any more"
    if one.before and one.after:
        if one.before.name == one.after.name:
            return f"'{one.before.name}' in other words"
        return f"'{one.after.name}' in the place of '{one.before.name}'"
    return (
        f"no '{one.before.name}' any more" if one.before else f"'{one.after.name}' too" if one.after else ""
    )


async def lines(records: Records, found: Replayed, span: int, shop: Shop) -> list[str]:
    """Return what was found in words. `span`: milliseconds that were looked back."""
    groups = sorted(found.seen.items(), key=lambda group: -len(group[1]))
    last = [seen[-1] for _, seen in groups[:_SHOWN]]
    people = await named(records, [one.owner for one in last])
    told = ["", f"What would have been said otherwise, in the last {durations.written(span)}"]
    for (message, seen), one, who in zip(groups, last, people, strict=False):
        people_in = len({each.owner.id for each in seen})
        when = datetime.fromtimestamp(one.at / 1000, shop.timezone)
        told.append(f"  {message}: {counted(len(seen), 'time')}, to {counted(people_in, 'customer')}")
        told.append(f"    {when:%Y-%m-%d %H:%M}, {who}, {cut(' '.join(one.what.action.split()), _LONGEST)}")
        told += _both(one.what)
    if len(groups) > _SHOWN:
        told.append(f"  … and {counted(len(groups) - _SHOWN, 'other message')}")
    if not groups:
        told.append("  nothing")
    return [*told, *_coverage(found)]


def _both(one: Difference) -> Iterator[str]:
    if one.impossible:
        yield f"      would be {cut(one.impossible, _LONGEST)}"
        return
    before, after = (" ".join(said.words.split()) if said else "nothing" for said in (one.before, one.after))
    start = _first_difference(before, after)
    yield f"      said     {_from(before, start)}"
    yield f"      would be {_from(after, start)}"


def _first_difference(one: str, another: str) -> int:
    """Return where two texts are shown from, so that the first difference is seen."""
    same = next((n for n, (a, b) in enumerate(zip(one, another, strict=False)) if a != b), 0)
    return max(0, same - _LONGEST // 3) if max(len(one), len(another)) > _LONGEST else 0


def _from(text: str, start: int) -> str:
    return cut(("…" if start else "") + text[start:], _LONGEST)


def _coverage(found: Replayed) -> Iterator[str]:
    parts = sum(found.partly.values())
    yield f"  {counted(found.whole + parts, 'chat')} told again, {found.whole} of them as they were"
    for because, count in found.partly.most_common(_REASONS):
        yield f"    {count} only in part: {because}"
    if len(found.partly) > _REASONS:
        rest = sum(count for _, count in found.partly.most_common()[_REASONS:])
        yield f"    {rest} only in part, for other reasons"
    if found.unread:
        yield f"  no time was left for {found.unread} more, who wrote longer ago: give --seconds more"
