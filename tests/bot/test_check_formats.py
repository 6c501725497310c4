"""`munshi check` for other programs, and on each save."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.cli.check import on_each_save
from bot.cli.issue_formats import FORMATS, Format
from flows.document.errors import Issue, Severity
from tests.bot.test_cli_commands import munshi

ISSUES = (
    Issue("a b.yaml", 3, 5, "100% of\n'x'", "write 'y'", source="  x: 1"),
    Issue("a b.yaml", 4, 1, "never said", "", Severity.WARNING),
)


def test_json_is_one_object_a_line() -> None:
    first, second = map(json.loads, FORMATS[Format.JSON](ISSUES))
    assert first == {
        "file": "a b.yaml", "line": 3, "column": 5, "severity": "error", "message": "100% of\n'x'",
        "mend": "write 'y'", "source": "  x: 1",
    }  # fmt: skip
    assert second["severity"] == "warning"


def test_a_forge_gets_a_command_for_each_issue_in_one_line() -> None:
    assert list(FORMATS[Format.GITHUB](ISSUES)) == [
        "::error file=a b.yaml,line=3,col=5,title=munshi check::100%25 of%0A'x'%0Awrite 'y'",
        "::warning file=a b.yaml,line=4,col=1,title=munshi check::never said",
    ]
    [command] = FORMATS[Format.GITHUB]([Issue("c:d,e.yaml", 1, 1, "m")])
    assert command.startswith("::error file=c%3Ad%2Ce.yaml,line=1,")


def test_sarif_is_one_log_with_a_result_for_each_issue() -> None:
    [log] = map(json.loads, FORMATS[Format.SARIF](ISSUES))
    assert log["version"] == "2.1.0"
    [run] = log["runs"]
    assert run["tool"]["driver"]["name"] == "munshi"
    first, second = run["results"]
    assert (first["level"], second["level"]) == ("error", "warning")
    assert first["message"]["text"] == "100% of\n'x'\nwrite 'y'"
    [place] = first["locations"]
    assert place["physicalLocation"] == {
        "artifactLocation": {"uri": "a%20b.yaml"},
        "region": {"startLine": 3, "startColumn": 5, "snippet": {"text": "  x: 1"}},
    }


@pytest.mark.parametrize(("form", "lines"), [("json", 0), ("github", 0), ("sarif", 1)])
def test_what_programs_read_has_no_other_word(form: str, lines: int) -> None:
    result = munshi("check", Path("docs/recipes/boutique.yaml"), "--format", form)
    assert result.exit_code == 0
    assert result.output.count("\n") == lines


def test_half_a_character_is_written_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "half.yaml"
    file.write_text('flow: "\\uD83D"\n', "utf-8")
    result = munshi("check", file, "--format", "json")
    assert result.exit_code == 1
    assert {json.loads(line)["line"] for line in result.output.splitlines()} == {1}


def test_each_save_is_checked_once_and_a_file_that_is_gone_for_a_moment_is_waited_for(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("a", "utf-8")
    checked: list[str] = []
    events: Iterator[Callable[[], object]] = iter([
        lambda: None, lambda: file.write_text("bb", "utf-8"), lambda: None, file.unlink,
        lambda: None, lambda: file.write_text("ccc", "utf-8"),
    ])  # fmt: skip

    def wait(seconds: float) -> None:
        assert 0 < seconds < 1
        if (event := next(events, None)) is None:
            raise KeyboardInterrupt
        event()

    with pytest.raises(KeyboardInterrupt):
        on_each_save(file, lambda: checked.append(file.read_text("utf-8") if file.exists() else "gone"), wait)
    assert checked == ["a", "bb", "gone", "ccc"]
