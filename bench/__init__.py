"""Benchmarks: each a ratio against a named peer or floor, both sides measured in one run (docs/performance.md)."""
