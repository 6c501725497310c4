"""The demo: the real bot and the sandbox in one process, with a customer at the keyboard. Imports `app`."""
