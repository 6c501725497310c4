"""`python -m bench.syscalls [runs] [KILL|EIO|ENOSPC]`: a process that stores events fails at the disk.

In run number n, strace kills the process at its n-th write or sync of the database, or lets that one fail.
What the process had acknowledged must be in the file, and the file must be whole. Needs `strace`.
"""

import os
import shutil
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import uvloop

from bench.shop import phone
from bot.whatsapp.channel import WHATSAPP
from flows.engine import events
from payments.processing.step_input import EventKind
from storage import Store
from storage.inbox.arrival import Arrival

_CALLS: Final = "pwrite64,write,fdatasync,fsync,ftruncate"
_BATCHES: Final = 40
_OF_EACH: Final = 3
_PATIENCE: Final = 120.0


async def _storing(database: Path) -> None:
    """Store events, and write the key of each to standard error once it is durable."""
    store = await Store.open(f"sqlite://{database}", WHATSAPP)
    body = {"event": events.to_json(events.TextReceived("hi")), "name": "Asha"}
    for batch in range(_BATCHES):
        keys = [f"wamid.{batch}.{n}" for n in range(_OF_EACH)]
        arrivals = [
            Arrival(key, EventKind.CHAT, body, aliases=(("phone", phone(batch)),), name="Asha")
            for key in keys
        ]
        with suppress(Exception):  # it is not acknowledged
            await store.arrive(arrivals, 1_790_000_000_000 + batch)
            os.writev(2, [" ".join(keys).encode(), b"\n"])
    await store.close()


def _play(template: Path, directory: Path, nth: int, fault: str) -> str:
    """Play one run. Return what came of it; `lost` and `damaged` must not."""
    database = directory / "bench.db"
    for old in directory.glob("bench.db*"):
        old.unlink()
    shutil.copyfile(template, database)
    what = "signal=KILL" if fault == "KILL" else f"error={fault}"
    strace = ["strace", "-f", "-qq", "-o", "/dev/null", "-P", str(database), "-P", f"{database}-wal"]
    inject = ["-e", f"trace={_CALLS}", "-e", f"inject={_CALLS}:{what}:when={nth}"]
    command = [*strace, *inject, sys.executable, "-m", "bench.syscalls", "store", str(database)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    acknowledged = set(done.stderr.split()) & {key for batch in range(_BATCHES) for key in _keys(batch)}
    with closing(sqlite3.connect(database)) as books:
        if books.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            return "damaged"
        stored = {key for (key,) in books.execute("SELECT key FROM inbox")}
    if acknowledged - stored:
        return "lost"
    if len(acknowledged) == _BATCHES * _OF_EACH:
        return "nothing failed"
    return "kept"


def _keys(batch: int) -> list[str]:
    return [f"wamid.{batch}.{n}" for n in range(_OF_EACH)]


def main() -> None:
    """Play and print. Exit status 1 if anything acknowledged is lost, or the file is damaged."""
    if sys.argv[1:2] == ["store"]:
        uvloop.run(_storing(Path(sys.argv[2])))
        return
    runs, fault = [*sys.argv[1:], *("500", "KILL")[len(sys.argv) - 1 :]]
    if shutil.which("strace") is None:
        sys.exit("there is no strace on this machine")
    with TemporaryDirectory(prefix="munshi-bench-") as directory:
        template = Path(directory) / "template.db"
        uvloop.run(Store.migrate(f"sqlite://{template}"))
        came = Counter(_play(template, Path(directory), nth, fault) for nth in range(1, int(runs) + 1))
    print(f"{runs} runs, {fault} at the nth write or sync: {dict(came)}")
    if came["lost"] or came["damaged"]:
        sys.exit("what was acknowledged is lost, or the file is damaged")


if __name__ == "__main__":
    main()
