"""API objects as attrs views, and what all share: quantities, selectors, names, tolerations, resources."""
