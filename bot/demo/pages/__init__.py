"""The pocket world: the demo's phones, Razorpay's page, troubles and a look inside, in a browser."""
