"""refk8s."""
