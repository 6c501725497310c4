"""Writes the issues of a flow file for people and for other programs."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from importlib.metadata import version
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import quote

if TYPE_CHECKING:
    from flows.document.errors import Issue

Issues: TypeAlias = "Sequence[Issue]"


class Format(StrEnum):
    """How issues are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def _text(issues: Issues) -> Iterator[str]:
    return map(str, issues)


def _json(issues: Issues) -> Iterator[str]:
    """Yield one JSON object for each issue; line and column from 1."""
    for one in issues:
        yield _compact(
            {
                "file": one.file,
                "line": one.line,
                "column": one.column,
                "severity": str(one.severity),
                "message": one.message,
                "mend": one.mend,
                "source": one.source,
            }
        )


def _github(issues: Issues) -> Iterator[str]:
    """Yield one workflow command of GitHub for each issue, which notes it at the line of a pull request.

    Source: GitHub, Workflow commands for GitHub Actions.
    """
    for one in issues:
        place = f"file={_property(one.file)},line={one.line},col={one.column},title=munshi check"
        yield f"::{one.severity} {place}::{_data(_whole(one))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(issues: Issues) -> Iterator[str]:
    """Yield one log of the Static Analysis Results Interchange Format 2.1.0 (OASIS)."""
    driver = {"name": "munshi", "version": version("munshi"), "rules": []}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": [*map(_result, issues)]}
    yield _compact({"version": "2.1.0", "runs": [run]})


def _result(issue: "Issue") -> dict[str, Any]:
    region = {"startLine": issue.line, "startColumn": issue.column}
    snippet = {"snippet": {"text": issue.source}} if issue.source else {}
    place = {
        "artifactLocation": {"uri": quote(PurePath(issue.file).as_posix())},
        "region": {**region, **snippet},
    }
    return {
        "level": str(issue.severity),
        "message": {"text": _whole(issue)},
        "locations": [{"physicalLocation": place}],
    }


def _whole(issue: "Issue") -> str:
    return f"{issue.message}\n{issue.mend}" if issue.mend else issue.message


def _compact(value: Any) -> str:
    # Escaped: half of a surrogate pair that was copied from the file is no UTF-8.
    return json.dumps(value, separators=(",", ":"))


FORMATS: Final[Mapping[Format, Callable[[Issues], Iterator[str]]]] = {
    Format.TEXT: _text,
    Format.JSON: _json,
    Format.GITHUB: _github,
    Format.SARIF: _sarif,
}
