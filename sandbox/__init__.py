"""A Meta and a Razorpay on loopback that speak the real HTTP protocols, for the demo, tests and benchmarks.

The bot does not know they are there: only `WHATSAPP_API_URL` and `RAZORPAY_API_URL` differ. Nothing
here shares code with the bot's own channel or gateway, so that one mistake cannot hide another.
"""
