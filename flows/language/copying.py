"""Copies a part of a flow's data to another place in it."""

from typing import Any

from flows.document.errors import FlowInvalid
from flows.document.places import Document, Path
from flows.document.reader import MAX_VALUES
from flows.document.syntax import MAX_DEPTH


class Copier:
    """Copies parts of one document, within the limits of the whole flow."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._values = len(document.places)

    def copy(self, value: Any, source: Path, at: Path) -> Any:
        """Return a copy of what stands at `source`, to stand at `at`: with the same places in the files.

        Raises FlowInvalid, with every issue so far, if the flow grows too large or too deep.
        """
        document = self._document
        self._values += 1
        if self._values > MAX_VALUES:
            raise self._over(source, f"has over {MAX_VALUES} values")
        if len(at) > MAX_DEPTH:
            raise self._over(source, f"is nested over {MAX_DEPTH} levels deep")
        if source in document.places:
            document.places[at] = document.places[source]
        if source in document.unread:
            document.unread.add(at)
        if isinstance(value, dict):
            return {key: self.copy(one, (*source, key), (*at, key)) for key, one in value.items()}
        if isinstance(value, list):
            return [self.copy(one, (*source, n), (*at, n)) for n, one in enumerate(value)]
        return value

    def _over(self, source: Path, limit: str) -> FlowInvalid:
        message = f"the flow {limit}, with all fragments and subflows in their places"
        mend = "use fewer of them, or smaller ones"
        issue = self._document.issue(source, message, mend)
        return FlowInvalid(tuple(sorted([*self._document.issues, issue])))
