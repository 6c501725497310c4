"""systemd is told when the process is ready, at whichever address it waits."""

import socket
from pathlib import Path

import pytest

from bot.cli.ready_signal import tell_ready


@pytest.mark.parametrize("named", ["path", "abstract"])
def test_systemd_is_told(named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as waits:
        waits.bind(address if named == "path" else f"\0{address}")
        monkeypatch.setenv("NOTIFY_SOCKET", address if named == "path" else f"@{address}")
        tell_ready()
        assert waits.recv(64) == b"READY=1"


def test_without_systemd_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    tell_ready()
