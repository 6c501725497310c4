"""The demo: the real bot and the sandbox world in one process, with a customer at the keyboard."""
