"""Measurements: how fast (`speed`), how good (`results.py`), and what a round of each method takes (`rounds.py`)."""
