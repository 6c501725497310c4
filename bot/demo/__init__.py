"""The demo: the real bot and the sandbox world in one process, and a customer at the keyboard."""
