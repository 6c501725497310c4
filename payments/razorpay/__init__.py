"""All code for Razorpay: webhooks as facts, and its API behind a gateway. Imports `ledger`, `shop`."""
