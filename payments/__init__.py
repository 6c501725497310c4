"""The shop's money: catalogue, cart, orders, the ledger, the words that flows may use, and Razorpay."""
