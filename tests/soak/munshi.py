"""`python -m tests.soak.munshi serve` runs munshi on a machine whose clock is set while it runs.

Nothing else of the process is changed, unless a bug is planted to see it noticed.
"""

import os
from pathlib import Path

from tests.soak.clock import BUG, HANDS, PACE, FastClock, Hands

if __name__ == "__main__":
    from bot.cli import main
    from bot.clock import SystemClock

    machine, hands = FastClock(int(os.environ[PACE])), Hands(Path(os.environ[HANDS]))
    SystemClock.now = lambda self: machine.now() + hands.ahead  # type: ignore[method-assign]
    SystemClock.steady = lambda self: machine.now()  # type: ignore[method-assign]
    if bug := os.environ[BUG]:
        import pytest

        from tests.simulation import bugs

        getattr(bugs, bug)(pytest.MonkeyPatch())
    main()
