"""The units of systemd: each limit is there, systemd finds little exposed, and both are alike."""

import os
import re
import shlex
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
SERVER, WORKER = DEPLOY / "munshi.service", DEPLOY / "munshi-work@.service"
NIGHTLY = DEPLOY / "munshi-nightly.service"
OF_A_SERVER = {
    "Type", "TimeoutStartSec", "ExecStart", "ExecReload", "Restart", "RestartSec", "OOMScoreAdjust",
}  # fmt: skip
"""What only a process that goes on needs."""
OF_A_BACKUP = {"Type", "ExecStart", "StateDirectory", "StateDirectoryMode"}
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


def test_the_nightly_run_is_limited_as_the_server_is() -> None:
    server, nightly = directives(SERVER), directives(NIGHTLY)
    assert nightly["StateDirectoryMode"] == ["0700"]
    assert {name: nightly[name] for name in nightly.keys() - OF_A_BACKUP} == {
        name: server[name] for name in server.keys() - OF_A_SERVER
    }


def test_the_nightly_run_makes_a_backup_and_looks_at_the_shop(tmp_path: Path) -> None:
    """Its commands are carried out with a program that notes its words in the place of Munshi."""
    program = tmp_path / "munshi"
    program.write_text(
        '#!/bin/sh\necho "$@" >> "$NOTES"\ntest "$1" != backup || echo books > "$2"\n', "utf-8"
    )
    program.chmod(0o700)
    backups, notes = tmp_path / "backups", tmp_path / "notes"
    backups.mkdir()
    old, kept = backups / "munshi-2026-01-01.db", backups / "munshi-of-today.db"
    old.touch()
    kept.touch()
    os.utime(old, (1, 1))
    env = {"PATH": os.environ["PATH"], "STATE_DIRECTORY": str(backups), "NOTES": str(notes)}
    for command in directives(NIGHTLY)["ExecStart"]:
        said = command.replace("/opt/munshi/.venv/bin/munshi", str(program))
        words = shlex.split(said.replace("$$", "$").replace("%%", "%"))
        words = [word.replace("${STATE_DIRECTORY}", str(backups)) for word in words]
        subprocess.run(words, env=env, check=True)
    assert not old.exists()
    [made] = set(backups.iterdir()) - {kept}
    assert made.read_text("utf-8") == "books\n"
    assert notes.read_text("utf-8").splitlines() == [f"backup {made}", "doctor"]


def test_the_nightly_run_is_not_missed_when_the_machine_was_off() -> None:
    timer = (DEPLOY / "munshi-nightly.timer").read_text("utf-8")
    assert "OnCalendar=*-*-* 03:30\n" in timer
    assert "Persistent=true\n" in timer


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd on this machine")
@pytest.mark.parametrize("unit", [SERVER, WORKER, NIGHTLY], ids=lambda unit: unit.name)
def test_systemd_finds_little_exposed(unit: Path) -> None:
    looked = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", unit], capture_output=True, text=True, check=True
    )
    [exposed] = re.findall(r"Overall exposure level for \S+: ([0-9.]+)", looked.stdout)
    assert float(exposed) <= MOST_EXPOSED, looked.stdout
