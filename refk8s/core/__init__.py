"""The engine: one immutable World, actions that change it, and nothing that knows Kubernetes."""
