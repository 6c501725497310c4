"""All that is Razorpay's: webhooks read into facts, its API behind one gateway. Imports `ledger`, `shop`."""
