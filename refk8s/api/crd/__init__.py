"""Custom resources: definitions, the schemas they carry, and the resources they serve."""
