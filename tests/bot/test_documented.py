"""What the papers say is so: every setting and metric, and the smallest shop with its chat."""

import re
from pathlib import Path

import pytest

from bot.metrics import Metrics
from bot.settings import WHERE, Settings, SettingsInvalid, load_settings
from flows.load import examine
from payments.rehearsal import play
from payments.scenario import parse
from payments.shop import SHOP

ROOT = Path(__file__).parents[2]
NEEDED = {name.upper() for name, field in Settings.model_fields.items() if field.is_required()}
DEFAULTS = {
    name.upper(): "" if field.default is None else str(field.default)
    for name, field in Settings.model_fields.items()
    if not field.is_required()
}


def test_the_example_names_every_setting_and_its_default() -> None:
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    lines = re.findall(r"^(#?)([A-Z_]+)=(.*)$", text, re.MULTILINE)
    assert {name: value for off, name, value in lines if not off} == dict.fromkeys(NEEDED, "")
    assert {name: value for off, name, value in lines if off} == DEFAULTS


def test_the_example_as_it_is_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in NEEDED | DEFAULTS.keys():
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsInvalid) as refused:
        load_settings(_env_file=ROOT / ".env.example")
    assert {line.split()[0] for line in str(refused.value).splitlines()[::2]} == NEEDED == WHERE.keys()


def test_the_manual_lists_every_setting_with_its_default() -> None:
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (\S+) \|", text, re.MULTILINE))
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
    examined = examine(small, "small.yaml", SHOP)
    assert examined.issues == ()
    assert examined.flow is not None
    played = play(examined.flow, parse(chat, "chat.yaml"))
    assert played.unmet is None, str(played)
