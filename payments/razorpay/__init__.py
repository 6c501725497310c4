"""Razorpay: webhooks read into facts, and its API behind one gateway."""
