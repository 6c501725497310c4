"""Pictures of a flow for people. Pure: the same flow gives the same text."""
