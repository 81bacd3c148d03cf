"""Users: scripted clients that speak kubectl's verbs, each a process of its own."""
