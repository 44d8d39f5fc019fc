"""Supervised objectives against modality imbalance that any method can take."""

from counterpoint.methods.terms.registry import TERMS, find_term
from counterpoint.methods.terms.term import Term

__all__ = ["TERMS", "Term", "find_term"]
