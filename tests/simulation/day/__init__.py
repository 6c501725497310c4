"""A shop's whole day, played by customers, staff, programs and strangers, with books of its own."""
