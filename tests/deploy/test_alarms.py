"""The alarms and the dashboard watch metrics that there are, and the manual explains each alarm."""

import json
import re
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.http.health import WAITING
from bot.intake_health import PATHS
from bot.metrics import Metrics
from tests.test_docs import anchors

ROOT = Path(__file__).parents[2]
MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
[GROUP] = yaml.safe_load((ROOT / "deploy" / "prometheus-rules.yaml").read_text(encoding="utf-8"))["groups"]
RULES: list[dict[str, Any]] = GROUP["rules"]
DASHBOARD: dict[str, Any] = json.loads(
    (ROOT / "deploy" / "grafana-dashboard.json").read_text(encoding="utf-8")
)
SHOWN = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
SUFFIXES = {"counter": ["_total"], "gauge": [""], "histogram": ["_bucket", "_sum", "_count"]}
SERIES = {family.name + suffix for family in Metrics().registry.collect() for suffix in SUFFIXES[family.type]}
PATTERN = re.compile(r'\bpath[=!]~"([^"]*)"')


@pytest.mark.parametrize("expression", [*(rule["expr"] for rule in RULES), *SHOWN])
def test_what_is_watched_is_there(expression: str) -> None:
    named = set(re.findall(r"\bmunshi_\w+", expression))
    assert named <= SERIES
    assert named or "up{" in expression
    assert expression.count("(") == expression.count(")")
    assert set(re.findall(r'what="(\w*)"', expression)) <= set(WAITING)
    for paths in PATTERN.findall(expression):
        assert all(re.fullmatch(paths, path) for path in PATHS)
    assert set(re.findall(r"\{?(\w+)[=!]~?\"", expression)) <= {"job", "path", "status", "what"}


def test_every_metric_is_on_the_dashboard() -> None:
    shown = "\n".join(SHOWN)
    for family in Metrics().registry.collect():
        assert family.name in shown
    for what in WAITING:
        assert f'what="{what}"' in shown


def test_every_alarm_is_explained_and_no_other() -> None:
    section = MANUAL.partition("\n## Alarms\n")[2].partition("\n## ")[0]
    explained = re.findall(r"^### (\w+)\n\n\*\*It means\*\*: .+\n\n\*\*Do\*\*: ", section, re.MULTILINE)
    assert explained == [rule["alert"] for rule in RULES]
    for rule in RULES:
        path, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (path, anchor) == ("docs/operations.md", rule["alert"].lower())
        assert anchor in anchors(MANUAL)


def test_every_alarm_waits_a_little_and_says_how_urgent_it_is() -> None:
    for rule in RULES:
        assert re.fullmatch(r"[1-9]\d*[mhd]", rule["for"])
        assert rule["labels"]["severity"] in ("page", "ticket")
        assert not rule["annotations"]["summary"].endswith(".")


def test_no_panel_lies_on_another() -> None:
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    assert all(place["x"] + place["w"] <= 24 for place in places)
    for one, other in combinations(places, 2):
        apart = (
            one["x"] + one["w"] <= other["x"]
            or other["x"] + other["w"] <= one["x"]
            or one["y"] + one["h"] <= other["y"]
            or other["y"] + other["h"] <= one["y"]
        )
        assert apart, (one, other)
