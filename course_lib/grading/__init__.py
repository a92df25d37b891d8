"""Grading: sanitise, execute in a sandbox, score, store, report."""
