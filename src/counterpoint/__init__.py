"""Counterpoint: multimodal federated learning."""
