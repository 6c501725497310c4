"""The documents agree with the code: every setting, metric and command, and the smallest shop."""

import configparser
import re
import shlex
from pathlib import Path

import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from bot.cli import COMMANDS, app
from bot.console.settings import ConsoleSettings
from bot.metrics import Metrics
from bot.settings import WHERE, Settings, SettingsInvalid, load_settings
from bot.whatsapp.limits import LIMITS
from flows.language.load import examine
from payments.processing.actions import SHOP
from payments.simulator.runner import play
from payments.simulator.scenario import parse

ROOT = Path(__file__).parents[2]
NEEDED = {name.upper() for name, field in Settings.model_fields.items() if field.is_required()}
DEFAULTS = {
    name.upper(): "" if field.default is None else str(field.default)
    for name, field in {**Settings.model_fields, **ConsoleSettings.model_fields}.items()
    if not field.is_required()
}
DEFAULTS = {name: value for name, value in DEFAULTS.items() if name not in NEEDED}


def test_the_example_names_every_setting_and_its_default() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    lines = re.findall(r"^(#?)([A-Z_]+)=(.*)$", text, re.MULTILINE)
    chosen = {"MUNSHI_OPERATOR_TOKEN"}  # not needed, but a new shop has one from the start
    assert {name: value for off, name, value in lines if not off} == dict.fromkeys(NEEDED | chosen, "")
    rest = {name: value for name, value in DEFAULTS.items() if name not in chosen}
    assert {name: value for off, name, value in lines if off} == rest


def test_the_example_as_it_is_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NEEDED | DEFAULTS.keys():
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(_env_file=ROOT / ".env.example")
    assert {line.split()[0] for line in str(refused.value).splitlines()[::2]} == NEEDED == WHERE.keys()


def test_the_manual_lists_every_setting_with_its_default() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (`[^`]+`|\S+) \|", text, re.MULTILINE))
    shown = {name: f"`{value}`" if value else "–" for name, value in DEFAULTS.items()}
    assert rows == {**dict.fromkeys(NEEDED, "**needed**"), **shown}


def test_the_manual_names_every_metric() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    names = {metric.name for metric in Metrics().registry.collect()}
    assert names <= {name.removesuffix("_total") for name in re.findall(r"`(munshi_[a-z_]+)", text)}


def test_the_smallest_shop_sells() -> None:
    text = (ROOT / "docs" / "flow-format.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    (small,) = (block for block in blocks if block.startswith("flow: lemonade"))
    (chat,) = (block for block in blocks if block.startswith("scenario:"))
    examined = examine(small, "small.yaml", SHOP, limits=LIMITS)
    assert examined.issues == ()
    assert examined.flow is not None
    played = play(examined.flow, parse(chat, "chat.yaml"))
    assert played.mismatch is None, str(played)


def test_the_sessions_with_chats_are_what_is_printed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (ROOT / "docs" / "flow-format.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^```yaml\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    files = {"small.yaml": "flow: lemonade", "glass.test.yaml": "scenario: A glass"}
    for name, start in files.items():
        [content] = (block for block in blocks if block.startswith(start))
        (tmp_path / name).write_text(content.replace("Lemonade, ₹30", "Lemonade, ₹25"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    scenarios = text.partition("\n## Scenarios")[2].partition("\n## ")[0]
    sessions = re.findall(r"^\$ munshi (.*?)\n(.*?)(?=^\$|^```$)", scenarios, re.MULTILINE | re.DOTALL)
    assert sessions
    for words, printed in sessions:
        assert CliRunner().invoke(app(), shlex.split(words)).output == printed


PAPERS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def code(paper: Path) -> list[str]:
    """Every line of a fenced block and every inline code."""
    text = paper.read_text(encoding="utf-8")
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    return [line for block in blocks for line in block.splitlines()] + inline


def calls(paper: Path) -> list[list[str]]:
    """The arguments of each call of `munshi` in `paper`; placeholders become 1."""
    found = [
        re.search(r"(?:^|/bin/|sudo -u munshi )munshi( [a-z][^#|]*)?(?:  |#|$)", line) for line in code(paper)
    ]
    called = (re.sub(r"<[^>]*>", "1", match[1].partition(" > ")[0]) for match in found if match and match[1])
    return [shlex.split(words) for words in called]


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_command_that_is_shown_can_be_called_so(paper: Path) -> None:
    group = typer.main.get_command(app())
    assert isinstance(group, TyperGroup)
    for name, *words in calls(paper):
        assert name in COMMANDS, f"{paper.name}: munshi {name}"
        if words:  # a name alone may only speak of the command
            group.commands[name].make_context(name, words)


def test_every_command_is_shown_somewhere() -> None:
    assert {name for paper in PAPERS for name, *_ in calls(paper)} >= set(COMMANDS) - {"demo"}


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_every_make_target_that_is_shown_is_there(paper: Path) -> None:
    there = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    shown = {target for line in code(paper) for target in re.findall(r"\bmake (?:-C \S+ )?([a-z]+)", line)}
    assert shown <= there
    assert not any("-m bot" in line for line in code(paper))


def test_the_unit_runs_what_the_manual_installs_in_the_shop_it_makes() -> None:
    manual = ROOT / "docs" / "operations.md"
    parsed = configparser.ConfigParser(interpolation=None, strict=False)
    parsed.optionxform = str  # type: ignore[assignment, method-assign]
    parsed.read_string((ROOT / "deploy" / "munshi.service").read_text(encoding="utf-8"))
    service = parsed["Service"]
    lines = code(manual)
    folder = service["ExecStart"].removesuffix("/.venv/bin/munshi serve")
    assert f"sudo make -C {folder} install" in lines
    assert f"sudo -u {service['User']} {folder}/.venv/bin/munshi init {service['WorkingDirectory']}" in lines
    assert f"sudo git -C {folder} pull" in lines
    assert f"sudo cp {folder}/deploy/munshi.service /etc/systemd/system/" in lines
    assert not service["WorkingDirectory"].startswith(folder), "an upgrade touches nothing of the shop"
