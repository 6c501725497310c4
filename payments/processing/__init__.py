"""One event in, all that it changes out: joins flow, order and ledger. Pure. Imports `ledger`, `shop`."""
