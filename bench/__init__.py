"""Benchmarks: ratios measured in one run, on the same work, with the answer checked."""
