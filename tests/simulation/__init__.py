"""The whole system in one thread, on virtual time; a seed decides the order in which things happen."""
