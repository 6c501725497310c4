"""`munshi prove`: search all that a customer, Razorpay and time may do with a flow, on the real step."""
