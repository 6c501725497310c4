"""`munshi prove`: search everything that a customer, Razorpay and time may do with a flow, on the real step."""
