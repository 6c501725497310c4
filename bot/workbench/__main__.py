"""Reads jobs from standard input, one JSON object a line, and answers each in lines, the last of them `end`.

The process ends when its input does. A line that comes while a job is done ends that job early.
"""

import json
import os
import queue
import sys
import threading
from collections.abc import Mapping
from typing import Any, Final

from bot.workbench.jobs import Jobs

_NICE: Final = 10
"""Whoever edits waits rather than the customers do."""


def main() -> None:
    """Do jobs until the input ends."""
    os.nice(_NICE)
    lines: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()
    jobs = Jobs(stopped=lambda: not lines.empty())
    while True:
        asked = json.loads(lines.get())
        if asked["job"] != "stop":
            for answer in jobs.do(asked["job"], asked):
                _say(answer)
            _say({"end": True})


def _read(lines: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)  # whoever asked is gone: nobody waits for what is being done


def _say(answer: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
