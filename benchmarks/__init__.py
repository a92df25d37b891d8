"""Benchmarks: both sides in turn in one run, the last line `ratio X`."""
