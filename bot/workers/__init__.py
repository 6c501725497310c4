"""The workers: they step events from the inbox and perform entries of the outbox."""
