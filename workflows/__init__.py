"""Deterministic stories; they import the domain and activity classes only."""
