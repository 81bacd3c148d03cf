"""Drivers and the run loop: who chooses the next action, and how a World is taken to quiet."""
