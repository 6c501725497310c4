"""What the facts say of an order, and what becomes of it and its money. Pure. Imports `shop`."""
