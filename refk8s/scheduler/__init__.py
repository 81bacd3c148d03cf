"""The scheduler: a pure scheduling cycle (framework, plugins, cycle) under a queue, a cache and bindings."""
