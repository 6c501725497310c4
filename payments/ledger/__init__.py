"""Facts about an order, its balance, and what becomes of the order. Pure. Imports `shop`."""
