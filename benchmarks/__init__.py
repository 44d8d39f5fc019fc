"""Measurements: how fast (`speed`), and how good (`results`)."""
