"""The checks of what a flow means, a module a topic. Each is a generator of issues over a `Subject`."""
