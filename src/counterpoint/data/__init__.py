"""Multimodal data: what a dataset is, who holds which rows of it, and which modalities they lack.

A source (`counterpoint.data.sources`) gives a `Dataset`; `populate` deals it to clients and draws what is missing; the
result is a `Population`, which is all that the rest of the framework sees.
"""

from counterpoint.data.card import Card
from counterpoint.data.modality import Modality, Task
from counterpoint.data.populate import populate
from counterpoint.data.population import ClientData, Dataset, Population, Side
from counterpoint.data.prepare import prepared
from counterpoint.data.samples import Batch, Samples, concatenate, pattern_name, side_by_side

__all__ = [
    "Batch",
    "Card",
    "ClientData",
    "Dataset",
    "Modality",
    "Population",
    "Samples",
    "Side",
    "Task",
    "concatenate",
    "pattern_name",
    "populate",
    "prepared",
    "side_by_side",
]
