"""`python -m tests.soak [--minutes 30] [--database sqlite] [--rate R] [--seed S]`: see `tests.soak.run`."""

import argparse
import gc
import random
import signal
import sys
import tempfile
from pathlib import Path

import uvloop

from tests.soak.plan import long
from tests.soak.report import lines
from tests.soak.run import soak


def main() -> None:
    """Soak and print the report. Exit status 1 if anything is wrong."""
    parser = argparse.ArgumentParser(prog="make soak")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--rate", type=float, help="purchases begun in a second; else half of the limit")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 20))
    given = parser.parse_args()
    plan = long(given.database, given.minutes, given.rate, given.seed)
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that what was started is ended
    gc.set_threshold(10_000, 20, 50)
    with tempfile.TemporaryDirectory(prefix="munshi-soak-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # PostgreSQL refuses to be root, and its own user must get in
        soaked = uvloop.run(soak(plan, Path(folder)))
        for line in lines(soaked):
            print(line)
    sys.exit(1 if soaked.violations else 0)


if __name__ == "__main__":
    main()
