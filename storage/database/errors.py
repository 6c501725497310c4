"""Errors of a database that cannot be used."""


class StorageError(Exception):
    """The database cannot be used as it is; the message says what to do about it."""


class UnsupportedDatabase(StorageError):
    """The URL names a kind of database that Munshi does not support, or one that is not durable."""


class NotMigrated(StorageError):
    """The tables are missing, older, or newer than this program."""


class WeakDurability(StorageError):
    """The database would acknowledge writes that a power cut can lose."""


class Unavailable(StorageError):
    """Temporary: another process has locked the SQLite file, or PostgreSQL does not answer."""


class Gone(StorageError):
    """The database was removed or replaced while in use: nothing may be acknowledged any more."""


class Closed(StorageError):
    """The store was closed."""
