"""The tables of docs/results.md: `python -m benchmarks.results`."""
