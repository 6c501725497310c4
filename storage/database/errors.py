"""What can be wrong with a database before it is used."""


class StorageError(Exception):
    """The database cannot be used as it is; the message says what to do about it."""


class UnsupportedDatabase(StorageError):
    """The URL names a database that Munshi does not speak, or one that keeps nothing."""


class NotMigrated(StorageError):
    """The tables are missing or older than this program."""


class WeakDurability(StorageError):
    """The database would acknowledge writes that a power cut can take back."""


class Unavailable(StorageError):
    """Not now: another process holds the SQLite file, or PostgreSQL does not answer."""


class Gone(StorageError):
    """The database was removed or replaced while it was served: nothing may be acknowledged."""


class Closed(StorageError):
    """The store was closed."""
