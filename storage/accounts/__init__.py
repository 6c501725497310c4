"""The web console's own SQLite file: the people who log in, their sessions, and the log of what they did."""
