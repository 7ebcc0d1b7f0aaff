"""Speaks to GitHub: finds the pull request that a run is about, and keeps one comment on it."""
