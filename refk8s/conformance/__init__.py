"""Replays recorded answers of the real Kubernetes and counts where the model agrees."""
