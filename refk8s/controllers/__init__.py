"""Controllers: pure decisions over views, and the generators that act on them."""
