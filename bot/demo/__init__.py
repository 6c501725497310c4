"""The demo: the sandbox, the real bot in a process beside it, and people with phones. Imports `app`."""
