"""`munshi check`, `diagram` and `test` from the command line."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from bot.cli import app, overview

SCENARIO = "scenario: Hello\nchat:\n  - customer: hi\n  - shop: {}\n"


def munshi(*words: str | Path, env: dict[str, str | None] | None = None) -> Result:
    return CliRunner().invoke(app(), [str(word) for word in words], env={"MUNSHI_FLOW": None, **(env or {})})


def written(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def shop(path: Path, old: str = "", new: str = "") -> Path:
    text = Path("flows.yaml").read_text("utf-8")
    assert old in text
    return written(path, text.replace(old, new, 1) if old else text)


def test_without_a_command_there_is_help() -> None:
    result = munshi()
    assert all(name in result.output for name in ("check", "diagram", "test", "chat"))


def test_the_shipped_flow_is_sound() -> None:
    result = munshi("check")
    assert result.exit_code == 0
    assert re.fullmatch(r"flows\.yaml is sound: \d+ states, \d+ messages, 2 languages\n", result.output)


def test_every_error_is_said_with_its_place_and_mend(tmp_path: Path) -> None:
    file = shop(tmp_path / "bad.yaml", "do: cart.settle", "do: cart.setle")
    line = file.read_text("utf-8").split("do: cart.setle")[0].count("\n") + 1
    result = munshi("check", file)
    assert result.exit_code == 1
    assert f"{file}:{line}:" in result.output
    assert ": error: there is no action 'cart.setle'\n  " in result.output
    assert f"\n  {line} | " in result.output
    assert result.output.endswith(f"^\n    did you mean 'cart.settle'?\n{file} has 1 error\n")
    assert "sound" not in result.output


def test_a_warning_does_not_fail(tmp_path: Path) -> None:
    file = shop(tmp_path / "warned.yaml", "messages:\n", "messages:\n  unused: {en: a, hi: b}\n")
    result = munshi("check", file)
    assert result.exit_code == 0
    assert ": warning: nobody says 'unused'" in result.output
    assert f"{file} is sound, with 1 warning: " in result.output


def test_the_environment_may_name_the_flow(tmp_path: Path) -> None:
    file = written(tmp_path / "env.yaml", "states: 1")
    assert munshi("check", env={"MUNSHI_FLOW": str(file)}).exit_code == 1


@pytest.mark.parametrize("command", ["check", "diagram", "test", "chat"])
def test_a_file_that_cannot_be_read_is_said(command: str, tmp_path: Path) -> None:
    (tmp_path / "latin.yaml").write_bytes(b"flow: caf\xe9")
    for file, said in [
        (tmp_path / "none.yaml", "can't be read: No such file"),
        (tmp_path / "latin.yaml", "not UTF-8 text: byte 9"),
    ]:
        result = munshi(command, file)
        assert result.exit_code == 1
        assert f"{file}:" in result.output
        assert said in result.output


@pytest.mark.parametrize("command", ["diagram", "chat"])
def test_a_broken_flow_is_not_used(command: str, tmp_path: Path) -> None:
    result = munshi(command, written(tmp_path / "bad.yaml", "flow: x\n"))
    assert result.exit_code == 1
    assert f"{tmp_path / 'bad.yaml'}:1:1: error: 'start' is missing" in result.output


def test_the_diagram_is_all_that_is_printed() -> None:
    result = munshi("diagram")
    assert result.exit_code == 0
    assert result.stdout.startswith("stateDiagram-v2\n")
    assert result.stdout.endswith("end note\n")


def test_scenarios_pass_and_fail(tmp_path: Path) -> None:
    good = written(tmp_path / "a.yaml", SCENARIO.format("Namaste Asha!…"))
    bad = written(tmp_path / "b.yaml", SCENARIO.format("Good evening"))
    assert munshi("test", good).output == f"passed  {good}: Hello\n1 passed, 0 failed\n"
    result = munshi("test", tmp_path)
    assert result.exit_code == 1
    assert f"FAILED  {bad}:4: Hello\n" in result.output
    assert "    - Good evening\n" in result.output
    assert result.output.endswith("1 passed, 1 failed\n")


def test_a_scenario_may_bring_its_flow(tmp_path: Path) -> None:
    shop(tmp_path / "other.yaml", "Namaste{{", "Vanakkam{{")
    file = written(tmp_path / "x.yaml", "flow: other.yaml\n" + SCENARIO.format("Vanakkam Asha!…"))
    assert munshi("test", file).exit_code == 0


def test_a_scenario_that_cannot_be_read_fails_alone(tmp_path: Path) -> None:
    written(tmp_path / "a.yaml", "scenario: x\nchat:\n  - custmer: hi\n")
    written(tmp_path / "b.yaml", SCENARIO.format("Namaste Asha!…"))
    result = munshi("test", tmp_path)
    assert result.exit_code == 1
    assert (
        "a.yaml:3:5: error: unknown key 'custmer'\n"
        "  3 |   - custmer: hi\n    |     ^\n    did you mean 'customer'?"
    ) in result.output
    assert result.output.endswith("1 passed, 1 failed\n")


def test_a_scenario_whose_flow_is_not_there_fails_alone(tmp_path: Path) -> None:
    file = written(tmp_path / "a.yaml", SCENARIO.format("…") + "flow: none.yaml\n")
    written(tmp_path / "b.yaml", SCENARIO.format("Namaste Asha!…"))
    result = munshi("test", tmp_path)
    assert result.exit_code == 1
    assert f"FAILED  {file}:5: Hello\n  there is no flow file {tmp_path / 'none.yaml'}\n" in result.output
    assert result.output.endswith("1 passed, 1 failed\n")


def test_a_file_that_holds_no_scenario_is_said_once(tmp_path: Path) -> None:
    result = munshi("test", written(tmp_path / "a.yaml", "just words\n"))
    assert result.exit_code == 1
    assert result.output.count(": error: ") == 1
    assert "there are scenario, flow, language, staff, chat" in result.output


def test_outside_any_shop_its_scenarios_are_missed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    result = munshi("test")
    assert result.exit_code == 1
    assert result.output.startswith("scenarios: error: can't be read: ")
    assert "'munshi init' makes" in result.output


def test_a_folder_without_scenarios_is_an_error(tmp_path: Path) -> None:
    result = munshi("test", tmp_path)
    assert result.exit_code == 1
    assert "there are no scenarios" in result.output


@pytest.mark.parametrize(
    ("words", "needless"),
    [
        ("", {"bot.cli.check", "flows", "payments", "storage", "pydantic"}),
        ("--help", {"bot.cli.check", "flows", "payments", "storage", "pydantic"}),
        ("--version", {"bot.cli.check", "flows", "payments", "storage", "pydantic", "rich.console"}),
        ("chekc", {"bot.cli.check", "flows", "payments", "storage"}),
        ("check flows.yaml", {"storage", "asyncio", "aiohttp", "tortoise", "razorpay", "rich.console"}),
        ("orders", {"storage.store", "payments.processing.turn", "flows.language", "pydantic_settings"}),
        ("orders", {"jinja2", "transitions", "aiohttp", "razorpay", "requests"}),
    ],
)
def test_a_command_imports_only_what_it_needs(words: str, needless: set[str]) -> None:
    assert not needless & imported_by(words)


def imported_by(words: str) -> set[str]:
    """Return the modules that `munshi` has imported when it ends."""
    code = "import sys\nfrom bot.cli import main\ntry: main()\nfinally: print(*sys.modules)"
    command = [sys.executable, "-c", code, *words.split()]
    return {*subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False).stdout.split()}


def test_the_overview_says_what_each_command_says_of_itself() -> None:
    overall = CliRunner().invoke(overview(), ["--help"])
    assert overall.exit_code == 0
    assert overall.output == munshi("--help").output


def test_an_unknown_command_is_said() -> None:
    result = munshi("chekc")
    assert result.exit_code == 2
    assert "No such command 'chekc'" in result.output


HALF = """flow: x
shop: {name: X, products: [{sku: a, price: 1, name: A}]}
variables: {seen: {default: ""}}
messages:
  one: First.
  again: Again.
  other: Other.
  bye: Bye.
anywhere:
  hello:
    words: [hello]
    say: {}
  order.requested: {say: bye}
  payment.captured: {say: bye}
otherwise: {say: other}
start: here
states:
  here:
    on:
      text: [{if: "seen == ''", do: {set: {seen: x}}, say: one}, {if: "seen == 'no'", say: bye}, {say: again}]
"""
"""A flow of which `TWICE` uses 2 of 7 rules and 2 of 4 messages. Three alternatives are on one line."""
TWICE = """scenario: Twice
flow: half.yaml
chat:
  - customer: a
  - shop: First.
  - customer: b
  - shop: Again.
"""


def test_what_no_chat_uses_is_listed_by_its_line(tmp_path: Path) -> None:
    flow = written(tmp_path / "half.yaml", HALF.replace("{}", "bye"))
    chat = written(tmp_path / "twice.test.yaml", TWICE)
    result = munshi("test", chat, "--coverage")
    assert result.exit_code == 0
    assert result.output.splitlines()[1:] == [
        f"{flow}:7: never said: other",
        f"{flow}:8: never said: bye",
        f"{flow}:10: never taken: anywhere: hello",
        f"{flow}:13: never taken: anywhere: order.requested",
        f"{flow}:14: never taken: anywhere: payment.captured",
        f"{flow}:15: never taken: anywhere: otherwise",
        f"{flow}:20: never taken: here: text [seen == 'no']",
        f"coverage of {flow}: 36 % (2 of 7 rules taken, 2 of 4 messages said)",
        "1 passed, 0 failed",
    ]
    assert "coverage" not in munshi("test", chat).output


def test_coverage_under_the_least_that_was_asked_for_fails(tmp_path: Path) -> None:
    written(tmp_path / "half.yaml", HALF.replace("{}", "bye"))
    chat = written(tmp_path / "twice.test.yaml", TWICE)
    assert munshi("test", chat, "--min", "36").exit_code == 0
    result = munshi("test", chat, "--min", "37")
    assert result.exit_code == 1
    assert "under the 37 % that --min asks for" in result.output
    assert result.output.endswith("1 passed, 0 failed\n")


def test_update_writes_the_answers_and_shows_the_difference(tmp_path: Path) -> None:
    written(tmp_path / "half.yaml", HALF.replace("{}", "bye"))
    chat = written(tmp_path / "twice.test.yaml", TWICE.replace("First.", "Hello.  # greets"))
    result = munshi("test", chat, "--update")
    assert result.exit_code == 0, result.output
    assert result.output == (
        f"updated {chat}: Twice\n"
        "  @@ -4,3 +4,3 @@\n     - customer: a\n"
        "  -  - shop: Hello.  # greets\n  +  - shop: First.  # greets\n"
        "     - customer: b\n1 passed, 0 failed\n"
    )
    assert chat.read_text("utf-8") == TWICE.replace("First.", "First.  # greets")


def test_update_leaves_a_chat_that_answers_alone_do_not_mend(tmp_path: Path) -> None:
    written(tmp_path / "half.yaml", HALF.replace("{}", "bye"))
    text = TWICE.replace("First.", "Hello.") + "  - tap: Nothing\n"
    chat = written(tmp_path / "twice.test.yaml", text)
    result = munshi("test", chat, "--update")
    assert result.exit_code == 1
    assert "  --update writes answers only, and other answers do not make this chat pass\n" in result.output
    assert chat.read_text("utf-8") == text


def test_the_diagram_of_one_state_and_as_svg() -> None:
    result = munshi("diagram", "--format", "svg", "--state", "failed")
    assert result.exit_code == 0
    assert result.output.startswith("<svg ")
    assert ">after 25 min<" in result.output
    assert ">checkout<" in result.output
    assert ">cart<" not in result.output
    wrong = munshi("diagram", "--state", "faild")
    assert wrong.exit_code == 1
    assert "there is no state 'faild': did you mean 'failed'?" in wrong.output
