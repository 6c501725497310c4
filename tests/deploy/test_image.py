"""The recipe of the image and the compose file: what they hold, what they leave out, what they forbid."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.settings import Settings
from tests.deploy.recipe import Instruction, context_of, is_sent, named, stages

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
IGNORING = (ROOT / ".dockerignore").read_text(encoding="utf-8")
BUILD, LAST = stages(DOCKERFILE.read_text(encoding="utf-8"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))


def test_the_base_is_one_release_of_debian_in_every_stage() -> None:
    [base] = re.findall(r"^ARG DEBIAN=(.*)$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE)
    assert re.fullmatch(r"debian:[a-z]+-slim", base)
    assert base != "debian:stable-slim"
    assert {stage[0].words[0] for stage in (BUILD, LAST)} == {"${DEBIAN}"}


def test_nothing_comes_from_an_address_and_every_package_from_the_lock_with_its_hash() -> None:
    assert not named(BUILD, "ADD") + named(LAST, "ADD")
    installs = [run.said for run in named(BUILD, "RUN") + named(LAST, "RUN")]
    assert not [said for said in installs if re.search(r"://|curl|wget|git clone", said)]
    [locked, own] = (said for said in installs if " install --no-cache-dir" in said)
    assert {"--require-hashes", "--no-deps", "--only-binary"} <= set(locked.split())
    assert locked.endswith("-r requirements.lock")
    assert {"--no-index", "--no-deps", "--no-build-isolation"} <= set(own.split())


def test_what_runs_has_no_tool_to_build_with_and_is_not_root() -> None:
    [run] = named(LAST, "RUN")
    packages = run.said.partition("--no-install-recommends ")[2].partition(" &&")[0].split()
    assert packages == ["ca-certificates", "python3"]
    [copied] = named(LAST, "COPY")
    assert copied.words == ["--from=build", "/opt/munshi", "/opt/munshi"]
    [user] = named(LAST, "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user.said)
    assert LAST.index(user) > max(LAST.index(run), LAST.index(copied))
    assert [volume.said for volume in named(LAST, "VOLUME")] == ["/shop"] == [
        place.said for place in named(LAST, "WORKDIR")
    ]  # fmt: skip


def test_the_health_check_asks_whether_it_is_ready_by_python_alone() -> None:
    [check] = named(LAST, "HEALTHCHECK")
    assert 'CMD ["python", "-c",' in check.said
    assert "/readyz" in check.said


def copied() -> set[str]:
    """What the recipe copies of the repository: files and folders."""
    return {source.removeprefix("./") for copy in named(BUILD, "COPY") for source in copy.words[:-1]}


def test_what_is_copied_is_there_and_no_more_is_sent_to_the_builder(tmp_path: Path) -> None:
    assert "." not in copied()
    assert {source for source in copied() if not (ROOT / source).exists()} == set()
    context_of(ROOT, tmp_path)
    sent = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert {
        file for file in sent if not any(f"{file}/".startswith(f"{source}/") for source in copied())
    } == set()
    assert {source for source in copied() if not (tmp_path / source).exists()} == set()


@pytest.mark.parametrize(
    "secret",
    [
        ".env",
        "bot/.env",
        "deploy/.env",
        "deploy/shop/.env",
        "munshi.db",
        "munshi.db-wal",
        "storage/munshi.db",
    ],
)
def test_no_secret_and_no_history_is_sent(secret: str) -> None:
    assert not is_sent(secret, IGNORING)
    for file in (".git/config", ".venv/bin/python", "tests/conftest.py", "bot/__pycache__/app.pyc"):
        assert not is_sent(file, IGNORING)


def test_the_reader_of_recipes_reads() -> None:
    read = stages("# a\nARG A=b\nFROM a AS b\nRUN one \\\n && two\nCOPY c ./\n")
    assert read == [
        [Instruction("FROM", "a AS b"), Instruction("RUN", "one && two"), Instruction("COPY", "c ./")]
    ]


HARDENED = ("munshi", "work", "caddy")


@pytest.mark.parametrize("service", HARDENED)
def test_a_container_changes_nothing_but_its_volume_and_has_limits(service: str) -> None:
    one = COMPOSE["services"][service]
    assert one["read_only"] is True
    assert one["cap_drop"] == ["ALL"]
    assert one.get("cap_add", []) == (["NET_BIND_SERVICE"] if service == "caddy" else [])
    assert one["security_opt"] == ["no-new-privileges:true"]
    assert one["ulimits"]["core"] == 0
    assert "mem_limit" in one


def test_only_the_proxy_is_reached_from_outside_and_munshi_only_by_it() -> None:
    services = COMPOSE["services"]
    assert [name for name, one in services.items() if "ports" in one] == ["caddy"]
    munshi = services["munshi"]
    assert munshi["network_mode"] == "service:caddy"
    assert (munshi["environment"]["HOST"], munshi["environment"]["PORT"]) == ("127.0.0.1", "8080")
    assert munshi["volumes"] == ["./shop:/shop"]


def test_each_setting_that_is_passed_is_one() -> None:
    for service in ("munshi", "work"):
        assert {name.lower() for name in COMPOSE["services"][service]["environment"]} <= {
            *Settings.model_fields
        }


def test_each_volume_and_each_service_that_is_named_is_there() -> None:
    services, volumes = COMPOSE["services"], COMPOSE["volumes"]
    for one in services.values():
        assert {*one.get("depends_on", ())} <= {*services}
        named_volumes = {volume.partition(":")[0] for volume in one.get("volumes", ())}
        assert {name for name in named_volumes if not name.startswith(".")} <= {*volumes}
        assert one.get("network_mode", "service:caddy").removeprefix("service:") in services


def test_no_image_is_the_latest_and_no_password_is_in_the_file() -> None:
    services = COMPOSE["services"]
    for name, one in services.items():
        assert one["restart"] == "always"
        assert "build" in one or re.search(r":\d+(\.\d+)?-\w+$", one["image"]), name
    text = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    assert set(re.findall(r"PASSWORD(?:: |})(.*)", text)) | set(re.findall(r"munshi:([^@\n]*)@", text)) <= {
        "${POSTGRES_PASSWORD:?put it into .env}"
    }
