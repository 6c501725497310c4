"""The units of systemd: each limit is there, systemd finds little exposed, and both are alike."""

import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVER, WORKER = DEPLOY / "munshi.service", DEPLOY / "munshi-work@.service"
MOST_EXPOSED = 2.0

WANTED = {
    "Type": "notify",
    "TimeoutStartSec": "infinity",
    "User": "munshi",
    "UMask": "0077",
    "LimitCORE": "0",
    "ProtectSystem": "strict",
    "ReadWritePaths": "/srv/munshi",
    "ProtectHome": "yes",
    "PrivateTmp": "yes",
    "PrivateDevices": "yes",
    "NoNewPrivileges": "yes",
    "CapabilityBoundingSet": "",
    "MemoryDenyWriteExecute": "yes",
    "RestrictNamespaces": "yes",
    "Restart": "always",
    "ExecReload": "/bin/kill -HUP $MAINPID",
}


def directives(unit: Path) -> dict[str, list[str]]:
    """What each directive of the `[Service]` section is set to, in order."""
    section = unit.read_text(encoding="utf-8").partition("[Service]\n")[2].partition("\n[")[0]
    found = defaultdict(list)
    for name, value in re.findall(r"^(\w+)=(.*)$", section, re.MULTILINE):
        found[name].append(value)
    return found


def test_the_server_has_every_limit() -> None:
    service = directives(SERVER)
    assert {name: service[name] for name in WANTED} == {name: [value] for name, value in WANTED.items()}
    assert service["SystemCallFilter"] == ["@system-service", "~@privileged @resources"]
    assert {"MemoryMax", "TasksMax", "LimitNOFILE"} <= service.keys()


def test_the_open_files_are_as_many_as_the_server_asks_for() -> None:
    # The filter forbids raising the limit, so it must be high enough from the start.
    from bot.http.connections import _FILES

    assert int(directives(SERVER)["LimitNOFILE"][0]) >= _FILES


def test_a_worker_is_limited_as_the_server_is() -> None:
    server, worker = directives(SERVER), directives(WORKER)
    assert (server.pop("ExecStart"), worker.pop("ExecStart")) == (
        ["/opt/munshi/.venv/bin/munshi serve"],
        ["/opt/munshi/.venv/bin/munshi work"],
    )
    assert server == worker


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd on this machine")
@pytest.mark.parametrize("unit", [SERVER, WORKER], ids=lambda unit: unit.name)
def test_systemd_finds_little_exposed(unit: Path) -> None:
    looked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True, check=True
    )
    [exposed] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", looked.stdout)
    assert float(exposed) <= MOST_EXPOSED, looked.stdout
