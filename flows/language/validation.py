"""Check the shape of a document with the pydantic models."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from flows.document.errors import Issue
from flows.document.places import Document, Place
from flows.language.mending import Mender
from flows.language.schema import FlowSpec, flow_spec
from flows.language.shape_words import described

_ROUNDS: Final = 12
"""How often the data is mended. What a mend brings to light is mended in the next round."""
_MOST_ERRORS: Final = 200
"""A file with more errors of shape is not mended."""


class Validated(NamedTuple):
    """The shape of a flow file: what can be used of it, and what is wrong with it."""

    spec: FlowSpec | None
    """With stand-ins for the parts of a wrong shape; None if there are too many of those."""
    issues: list[Issue]
    """Every error of shape."""
    is_whole: bool
    """Whether `spec` has every name, rule and reply of the file."""


def validate(document: Document, sections: Mapping[str, type[BaseModel]]) -> Validated:
    """Check the shape of a document. Its data is changed where something else stands for what is wrong."""
    if not isinstance(document.data, dict):
        mend = "start with 'flow: my-shop', 'start: …' and 'states: …'"
        return Validated(None, [document.issue((), "the file holds no flow", mend)], False)
    model = flow_spec(sections)
    mender = Mender(document, model)
    issues: dict[Place, Issue] = {}
    for _ in range(_ROUNDS):
        try:
            spec = model.model_validate(document.data)
        except ValidationError as invalid:
            errors = invalid.errors(include_url=False)
            issues |= _issues(document, model, mender, errors[:_MOST_ERRORS], issues)
            if len(errors) > _MOST_ERRORS:
                break
            mender.mend(errors)
        else:
            return Validated(spec, list(issues.values()), mender.is_whole)
    return Validated(None, list(issues.values()), False)


def _issues(
    document: Document,
    model: type[BaseModel],
    mender: Mender,
    errors: Sequence[ErrorDetails],
    known: Mapping[Place, Issue],
) -> dict[Place, Issue]:
    """Return an issue for each further place. A union reports each shape that it tried; one is enough."""
    found: dict[Place, Issue] = {}
    for details in errors:
        if _is_of_another_shape(details, errors):
            continue
        said, written = described(details, model), details["input"]
        # A text may begin on a line below its key.
        text = written if isinstance(written, str) and written.strip() else "."
        issue = document.issue_within(details["loc"], text.lstrip(), 0, *said)
        place = Place(issue.file, issue.line, issue.column)
        if place not in known and not issue.follows and not document.has_unread(mender.path(details)):
            found.setdefault(place, issue)
    return found


def _is_of_another_shape(details: ErrorDetails, errors: Sequence[ErrorDetails]) -> bool:
    """Whether a mapping is only refused as a text because of an error in it: it may be either."""
    around = details["loc"][:-1]
    return (
        details["type"] == "string_type"
        and isinstance(details["input"], dict)
        and any(one["loc"][: len(around)] == around and len(one["loc"]) > len(around) + 1 for one in errors)
    )
