"""The shop's money: catalogue, orders, the ledger, the processing of events, Razorpay and Shopify."""
