"""Process events into change sets: joins flow, order and ledger. Pure. Imports `ledger`, `shop`."""
