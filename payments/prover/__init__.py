"""`munshi prove`: search all that may happen to a flow, on the real step."""
