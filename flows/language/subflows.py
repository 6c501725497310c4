"""Put subflows where rules call them, before the shape of a flow is checked.

A subflow is a state, or a group, that leads back to where it was called from. Each place that it returns
to gets a copy of it, a state like any other: `address` that returns to `checkout` is
`address_for_checkout`. So a customer's state says where they come back to, and nothing else is remembered.
"""

import re
from collections import deque
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Any, Final, NamedTuple

from flows.document.errors import Issue, Severity, close, nearest
from flows.document.places import Document, Path
from flows.document.shape import NAME
from flows.language.copying import Copier
from flows.language.walk import chain, state_place

SUBFLOWS: Final = "subflows"
RETURN: Final = "return"
"""What `to` says in a subflow to lead back."""
_CALL: Final = "call"
_MOST_COMPARED: Final = 200
"""Names among which the nearest is looked for: it takes long among thousands."""
_UNUSABLE: Final = {"ignore": "what it calls is not there"}
"""Stands in for a rule that calls what can't be called."""


def expand(document: Document) -> list[Issue]:
    """Put copies of the subflows under `states`. Return warnings of those that nothing calls.

    What is wrong is added to the document's issues. Raises FlowInvalid, with every issue so far, if the
    flow grows too large.
    """
    data = document.data
    if not isinstance(data, dict) or not isinstance(data.get("states"), dict):
        return []
    return list(_Calls(document).run())


class _State(NamedTuple):
    """A state whose rules are looked at."""

    path: str
    """Dotted; empty for `anywhere`."""
    value: dict[str, Any]
    place: Path
    returns: str | None
    """Where a subflow's `return` leads; None outside of one."""


class _Calls:
    """Puts the subflows of one document in their places."""

    def __init__(self, document: Document) -> None:
        self._document, self._data = document, document.data
        self._states: dict[str, Any] = self._data["states"]
        subflows = self._data.get(SUBFLOWS)
        self._subflows: dict[str, Any] = subflows if isinstance(subflows, dict) else {}
        self._copier = Copier(document)
        self._made: dict[tuple[str, str], str] = {}
        """(subflow, where it returns to) -> its copy."""
        self._queue: deque[_State] = deque()
        self._returning: set[str] = set()
        """Copies that lead back somewhere."""
        self._waited_for: dict[str, tuple[str, str, Path]] = {}
        """Copy -> its subflow, where a rule says that it comes back, and the place of that rule."""

    def run(self) -> Iterator[Issue]:
        if circle := self._circle():
            message = f"subflows call each other in a circle: {' → '.join(circle)}"
            self._report((SUBFLOWS, circle[0]), message, "let one of them lead on with 'to' instead")
            self._document.unread.add(())
            return
        top = {"on": self._data.get("anywhere"), "otherwise": self._data.get("otherwise")}
        self._look_at(_State("", top, (), None))
        self._queue += (
            _State(name, value, ("states", name), None)
            for name, value in self._states.items()
            if isinstance(value, dict)
        )
        while self._queue:
            self._look_at(self._queue.popleft())
        yield from self._lost()
        called = {name for name, _ in self._made}
        for name in self._subflows:
            if name in called or self._document.may_hold(name, SUBFLOWS):
                continue
            message, mend = (
                f"nothing calls the subflow '{name}'",
                f"write 'call: {name}' in a rule, or remove it",
            )
            yield self._document.issue((SUBFLOWS, name), message, mend, Severity.WARNING)

    def _lost(self) -> Iterator[Issue]:
        """Yield the calls that say where to come back, of subflows that never lead back."""
        for made, (name, to, place) in self._waited_for.items():
            if made in self._returning or self._document.has_unread((SUBFLOWS, name)):
                continue
            message = f"this never gets to '{to}': no rule of '{name}' says 'to: return'"
            mend = f"write 'to: return' where '{name}' is done"
            yield self._document.issue((*place, "to"), message, mend, Severity.WARNING)

    def _circle(self) -> list[str]:
        """Return subflows of which each calls the next, and the last the first; empty if there are none."""
        calls = {
            name: {
                rule[_CALL]
                for state in _within(_State("", one, (), None))
                for rule, _ in _rules(state)
                if isinstance(rule.get(_CALL), str)
            }
            for name, one in self._subflows.items()
            if isinstance(one, dict)
        }
        try:
            TopologicalSorter(calls).prepare()
        except CycleError as found:
            return list(reversed(found.args[1]))
        return []

    def _look_at(self, outer: _State) -> None:
        for state in _within(outer):
            for rule, place in _rules(state):
                if _CALL in rule:
                    self._call(rule, place, state)
                elif state.returns is not None and self._is_return(rule.get("to"), state, place):
                    self._lead(rule, place, state, state.returns)

    def _is_return(self, to: Any, state: _State, place: Path) -> bool:
        """Whether `to` in a subflow leads back. Reports it if it is misspelt."""
        found = self._resolve(to, state.path) if to else None
        is_misspelt = isinstance(to, str) and found is None and to != RETURN and nearest(to, (RETURN,)) != ""
        if is_misspelt:
            self._report((*place, "to"), f"there is no state '{to}'", f"did you mean '{RETURN}'?")
        leads_back = is_misspelt or to == RETURN
        if leads_back or found == state.returns:
            self._returning.add(chain(state.path)[0])
        return leads_back

    def _call(self, rule: dict[str, Any], place: Path, state: _State) -> None:
        """Let a rule that calls a subflow lead to the copy that returns to where it says."""
        name, to = self._meant(rule.pop(_CALL), place), rule.get("to") or state.path
        back = self._back(to, state, place)
        if fault := self._fault(name, to):
            self._report((*place, _CALL), *fault)
            self._document.unread.add(place)
            rule.clear()
            rule |= _UNUSABLE
        elif back is not None:
            if "to" in rule:
                self._waited_for.setdefault(f"{name}_for_{back.replace('.', '_')}", (name, to, place))
            self._lead(rule, place, state, self._copy(name, back, place))

    def _meant(self, name: Any, place: Path) -> Any:
        """Return the subflow that a name means. Reports one that is misspelt."""
        if not isinstance(name, str) or name in self._subflows or len(self._subflows) > _MOST_COMPARED:
            return name
        near = nearest(name, self._subflows)
        if near and not self._document.may_hold(name, SUBFLOWS):
            self._report((*place, _CALL), f"there is no subflow '{name}'", close(name, self._subflows))
        return near or name

    def _back(self, to: Any, state: _State, place: Path) -> str | None:
        """Return the state to which a call leads back; of one that is misspelt, what it may mean."""
        if to == RETURN and state.returns is not None:
            self._returning.add(chain(state.path)[0])
            return state.returns
        found = self._resolve(to, state.path)
        if found is None and isinstance(to, str) and len(self._states) <= _MOST_COMPARED:
            found = nearest(to, self._states) or None
            if found and not self._document.may_hold(to, "states"):
                self._report((*place, "to"), f"there is no state '{to}'", close(to, self._states))
        return found

    def _fault(self, name: Any, to: Any) -> tuple[str, str] | None:
        """Return why a rule can't call `name` and come back to `to`, and how to mend that; None if it can."""
        if not isinstance(name, str) or not isinstance(self._subflows.get(name), dict):
            near = close(str(name), self._subflows) if len(self._subflows) <= _MOST_COMPARED else ""
            return f"there is no subflow '{name}'", near or f"add '{name}:' under 'subflows'"
        if not to:
            return "a call from no state returns nowhere", "add 'to': where it leads when the subflow returns"
        return None

    def _copy(self, name: str, back: str, place: Path) -> str:
        """Return the name of the copy of the subflow `name` that returns to the state `back`."""
        made = f"{name}_for_{back.replace('.', '_')}"
        if (name, back) in self._made:
            return made
        self._made[name, back] = made
        said = f"the subflow '{name}' that returns to '{back}' is called '{made}' as a state"
        if not re.fullmatch(NAME, made):
            self._report((*place, _CALL), f"{said}, which is over 64 letters", "give them shorter names")
        if made in self._states:
            self._report((*place, _CALL), f"{said}, and there is such a state", "rename one of them")
        else:
            source, at = (SUBFLOWS, name), ("states", made)
            self._states[made] = self._copier.copy(self._subflows[name], source, at)
            self._queue.append(_State(made, self._states[made], at, back))
        return made

    def _lead(self, rule: dict[str, Any], place: Path, state: _State, path: str) -> None:
        """Let a rule lead to the state at a full path."""
        rule["to"] = path
        if (found := self._resolve(path, state.path)) != path:
            message = f"this leads to '{path}', and there is also '{found}', which is nearer"
            self._report(place, message, "rename one of them")

    def _resolve(self, name: Any, owner: str) -> str | None:
        """Return the path that `name` means in the state `owner`; None if it means no state."""
        for scope in (*reversed(chain(owner)), "") if owner else ("",):
            path = f"{scope}.{name}" if scope else str(name)
            value: Any = self._data
            for step in state_place(path):
                value = value.get(step) if isinstance(value, dict) else None
            if value is not None:
                return path
        return None

    def _report(self, where: Path, message: str, mend: str) -> None:
        self._document.issues.append(self._document.issue(where, message, mend))


def _within(state: _State) -> Iterator[_State]:
    """Yield a state and those inside it."""
    yield state
    inner = state.value.get("states")
    for name, value in inner.items() if isinstance(inner, dict) else ():
        if isinstance(value, dict):
            path = f"{state.path}.{name}" if state.path else name
            yield from _within(_State(path, value, (*state.place, "states", name), state.returns))


def _rules(state: _State) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield each rule of a state itself, and its place."""
    for key in ("on", "after"):
        rules, place = state.value.get(key), (*state.place, key) if state.place else ("anywhere",)
        for trigger, one in rules.items() if isinstance(rules, dict) else ():
            yield from _alternatives(one, (*place, trigger))
    yield from _alternatives(state.value.get("otherwise"), (*state.place, "otherwise"))


def _alternatives(value: Any, place: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    for index, one in enumerate(value) if isinstance(value, list) else [(None, value)]:
        if isinstance(one, dict):
            yield one, place if index is None else (*place, index)
