"""A pretended Meta and Razorpay on loopback, with the real HTTP protocols, for demo, tests and benchmarks.

The bot cannot tell the difference: only `WHATSAPP_API_URL` and `RAZORPAY_API_URL` differ. Nothing here shares
code with the bot's own channel or gateway, so that one mistake cannot hide another.
"""
